"""A small world on two days for the audiences' SQL: people, their records, and what the former day published."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa

from ml.activate.audiences.declarations import Audience
from ml.activate.audiences.rules import customer_columns
from ml.data.warehouse import connect, write_table
from ml.home import Home
from ml.run import Run
from ml.serve.versions import Versions

BEFORE, NOW = date(2024, 5, 31), date(2024, 6, 1)
CHANNELS = {"email": ("email",), "push": ("push",), "ads": ("ad_user_data", "ad_personalization")}
CONSENTS = ("profiling", "email", "sms", "push", "ad_user_data", "ad_personalization")


@dataclass(frozen=True)
class Person:
    """One row of the customer table, as far as the rules of these tests read it."""

    first_seen_at: datetime
    orders_count: int
    level: str
    next_purchase_band: str | None
    churn_band: str | None
    consents: dict[str, bool | None] = field(default_factory=dict)

    def row(self, customer_id: str, day: date) -> dict[str, Any]:
        """The values of the published row."""
        told = {name: value for name, value in vars(self).items() if name != "consents"}
        words = {f"consent_{purpose}": granted for purpose, granted in self.consents.items()}
        return {"customer_id": customer_id, "as_of_date": day, **told, **words}


@dataclass
class World:
    """People by id on both days, and of which customer each record was part on either (None: not yet known)."""

    before: dict[str, Person]
    now: dict[str, Person]
    records_before: list[str | None]
    records_now: list[str]
    members: dict[str, dict[str, date]] = field(default_factory=dict)


def random_world(seed: int, people: int = 400) -> World:
    """Most stay as they were; some order, some are scored otherwise, some say no, some merge, split or come."""
    draw = Random(seed)
    records_before: list[str | None] = []
    records_now: list[str] = []
    for number in range(people):
        own = f"c{number:04}"
        earlier = f"c{draw.randrange(number):04}" if number else own
        known = draw.random() < 0.9
        one = records_now[int(earlier[1:])] if draw.random() < 0.1 else own
        other = records_now[int(earlier[1:])] if draw.random() < 0.05 else one
        records_before.append(one if known else None)
        records_now.append(other)
    # A customer is named after a record that is its own: whoever's head went elsewhere has gone with it.
    records_now = [records_now[int(name[1:])] for name in records_now]
    records_before = [
        name if name is None or records_before[int(name[1:])] == name else own
        for own, name in zip((f"c{n:04}" for n in range(people)), records_before, strict=True)
    ]
    before = {
        name: _person(draw, known_then=True)
        for name in sorted({name for name in records_before if name})
    }
    now = {}
    for name in sorted(set(records_now)):
        known_then = records_before[int(name[1:])] is not None
        former = before.get(name) or _person(draw, known_then)
        now[name] = _moved(draw, former)
    return World(before, now, records_before, records_now)


def _person(draw: Random, known_then: bool) -> Person:
    seen = BEFORE - timedelta(days=draw.randrange(1, 300)) if known_then else BEFORE
    return Person(
        first_seen_at=datetime.combine(seen, datetime.min.time()) + timedelta(hours=9),
        orders_count=draw.randrange(6),
        level=draw.choice(["none", "weak", "super"]),
        next_purchase_band=draw.choice(["high", "low", None]),
        churn_band=draw.choice(["high", "low", None]),
        consents={purpose: draw.choice([True, True, False, None]) for purpose in CONSENTS},
    )


def _moved(draw: Random, person: Person) -> Person:
    if draw.random() < 0.2:
        person = replace(person, orders_count=person.orders_count + 1)
    for band in ("next_purchase_band", "churn_band"):
        if draw.random() < 0.2:
            person = replace(person, **{band: draw.choice(["high", "low", None])})
    if draw.random() < 0.2:
        purpose = draw.choice(CONSENTS)
        person = replace(person, consents={**person.consents, purpose: draw.choice([True, False])})
    return person


def _table(
    connection: duckdb.DuckDBPyConnection, name: str, people: dict[str, Person], day: date
) -> None:
    columns = customer_columns()
    rows = [person.row(customer_id, day) for customer_id, person in people.items()]
    write_table(
        connection, name, columns, [[row.get(column) for column in columns] for row in rows]
    )


def write_warehouse(home: Home, world: World, models: dict[str, str]) -> None:
    """What stands in the warehouse when the lists are made: the customers, the records, the models."""
    home.warehouse.mkdir(parents=True, exist_ok=True)
    with connect(home) as connection:
        for schema in ("published", "identity", "scores", "control", "events"):
            connection.execute(f"create schema {schema}")
        settings = {"holdout_key": "varchar", "profiling_default": "boolean"}
        write_table(connection, "control.settings", settings, [["a key's", True]])
        _table(connection, "published.customers", world.now, NOW)
        records = pa.table(
            {
                "record_no": range(len(world.records_now)),
                "customer_id": [f"c{number:04}" for number in range(len(world.records_now))],
            }
        )
        held = [
            {"record_no": number, "customer_id": name, "valid_from": start, "valid_to": end}
            for number, (then, name) in enumerate(
                zip(world.records_before, world.records_now, strict=True)
            )
            for name, start, end in (
                [(then, date(2024, 1, 1), NOW if then != name else None)] if then else []
            )
            + ([(name, NOW, None)] if then != name else [])
        ]
        connection.register("records", records)
        connection.register("held", pa.Table.from_pylist(held))
        connection.execute("create table identity.int_identity__records as from records")
        connection.execute("create table identity.customer_map as from held")
        connection.execute(
            "create table identity.int_identity__customers_now as select record_no, customer_id from held "
            "where valid_to is null"
        )
        _verdicts(connection, models)


def _verdicts(connection: duckdb.DuckDBPyConnection, models: dict[str, str]) -> None:
    columns = {"target": "varchar", "horizon_days": "integer", "model_version": "varchar"}
    rows = [[target, 30, version] for target, version in models.items()]
    write_table(connection, "scores.verdicts", columns, rows)


def write_former_version(
    home: Home, world: World, audiences: dict[str, Audience], models: dict[str, str]
) -> Path:
    """The version of the former day, with its members; gives its folder."""
    folder = Versions(home).folder / f"{BEFORE}-former"
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        _table(connection, "customers", world.before, BEFORE)
        columns = {"audience": "varchar", "rule": "varchar", "channel": "varchar"}
        rows = [[key, audience.rule, audience.channel] for key, audience in audiences.items()]
        write_table(connection, "audiences", columns, rows)
        columns = {"audience": "varchar", "customer_id": "varchar", "entered_at": "date"}
        rows = [
            [key, customer_id, entered]
            for key, members in world.members.items()
            for customer_id, entered in members.items()
        ]
        write_table(connection, "audience_members", columns, rows)
        for table in ("customers", "audiences", "audience_members"):
            connection.execute(f"copy {table} to '{folder / table}.parquet' (format parquet)")
    manifest = {
        "as_of_date": BEFORE.isoformat(),
        "models": [
            {"target": target, "horizon_days": 30, "model_version": version}
            for target, version in models.items()
        ],
        "files": [
            {"name": f"{table}.parquet", "rows": 1, "sha256": table}
            for table in ("customers", "audiences", "audience_members")
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def run_in(home: Path) -> Run:
    """A run for the later day; it has no landing zone."""
    return Run.of(home, home / "landing", NOW, None, lambda _: None)
