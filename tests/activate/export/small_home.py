"""A home folder with a published version and a warehouse of a few hand-written rows, without a build."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ml.activate.export.export import Order, export_audience
from ml.data.erasures import Erasures
from ml.data.warehouse import connect
from ml.home import Home
from ml.serve.version_files import sha256_of
from ml.serve.versions import Versions

DAY = date(2024, 6, 1)
PURPOSES = ("profiling", "email", "sms", "push", "ad_user_data", "ad_personalization")
TEXTS = ("email", "phone", "given_name", "family_name", "city", "postcode", "country")
WAREHOUSE = """
    create schema events; create schema identity; create schema resolved;
    create table events.fct_contacts (contact_id varchar, record_no bigint, channel varchar, campaign varchar,
        outcome varchar, occurred_at timestamp, visible_on date, superseded_on date);
    create table events.int_customer__consents (customer_no bigint, customer_id varchar, purpose varchar,
        granted boolean, occurred_at timestamp);
    create table identity.int_identity__records (record_no bigint, source varchar, source_key varchar,
        customer_id varchar);
    create table resolved.record_customers (record_no bigint, head_record_no bigint, valid_to date);
"""


@dataclass
class SmallBrand:
    """A brand that is published anew from its fields, day after day; everybody has one record `web:<id>`."""

    root: Path
    audience: str = "ready"
    channel: str = "email"
    size_cap: int | None = None
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    peaceful: set[str] = field(default_factory=set)
    mixed: set[str] = field(default_factory=set)
    merges: dict[str, str] = field(default_factory=dict)
    taken_for: dict[str, str] = field(default_factory=dict)
    """Records that are taken for another customer's."""
    agreed: list[tuple[str, str, datetime]] = field(default_factory=list)
    """Who said yes to which purpose, and when."""
    contacts: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def home(self) -> Home:
        """Its home folder; read anew, so that settings may change."""
        return Home(self.root)

    def add(self, who: str, group: str = "treatment", **facts: Any) -> None:
        """A person who agreed to everything, in the audience."""
        consents = {f"consent_{purpose}": True for purpose in PURPOSES}
        known = {"email": f"{who}@mail.example", "phone": f"+44207183{8000 + len(self.people)}"}
        self.people[who] = {**consents, **known, "next_order_expected_amount": 10.0, **facts}
        self.members[who] = group

    def forget(self, who: str) -> None:
        """Leave the audience."""
        del self.members[who]

    def publish(self, day: date = DAY, run: str = "aaa") -> str:
        """Publish a version and build the warehouse of its day; gives the version's name."""
        name = f"{day}-{run}"
        folder = self.home.published / "versions" / name
        folder.mkdir(parents=True)
        for table, rows in self._tables(day).items():
            pq.write_table(rows, folder / f"{table}.parquet")
        files = [
            {"name": path.name, "rows": pq.read_metadata(path).num_rows, "sha256": sha256_of(path)}
            for path in sorted(folder.iterdir())
        ]
        manifest = {"version": name, "as_of_date": str(day), "run_id": run, "files": files}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        Versions(self.home).make_current_if_not_older(name, day)
        self._build_warehouse(day)
        return name

    def export(self, destination: str, audience: str = "", **order: Any) -> Path:
        """Export the audience."""
        return export_audience(
            self.home, Order(audience or self.audience, destination, **order), self.said.append
        )

    def erase(self, who: str) -> Erasures:
        """The list of erased people with one person on it, who is in nothing from now on."""
        erasures = Erasures()
        erasures.add("record", "web", who)
        erasures.add("customer", who)
        self.people.pop(who)
        self.members.pop(who, None)
        return erasures

    def _tables(self, day: date) -> dict[str, pa.Table]:
        columns = {"customer_id": pa.string(), "next_purchase_probability": pa.float64(),
                   "next_order_expected_amount": pa.float64()}  # fmt: skip
        columns |= {name: pa.string() for name in TEXTS}
        columns |= {f"consent_{purpose}": pa.bool_() for purpose in PURPOSES}
        people = [{"customer_id": who, **facts} for who, facts in self.people.items()]
        member = [(self.audience, who, group) for who, group in self.members.items()]
        member += [("leave_in_peace", who, "treatment") for who in sorted(self.peaceful)]
        audiences = [(self.audience, self.channel, self.size_cap), ("leave_in_peace", "none", None)]
        return {
            "customers": _table(columns, people),
            "audiences": _rows(
                {"audience": pa.string(), "channel": pa.string(), "size_cap": pa.int64()}, audiences
            ),
            "audience_members": _rows(
                dict.fromkeys(("audience", "customer_id", "group"), pa.string()), member
            ),
            "holdouts": _rows(
                {
                    "purpose": pa.string(),
                    "customer_id": pa.string(),
                    "group": pa.string(),
                    "is_mixed": pa.bool_(),
                },
                [(self.audience, who, "treatment", True) for who in sorted(self.mixed)],
            ),
            "customer_merges": _rows(
                {"retired_id": pa.string(), "surviving_id": pa.string(), "merged_at": pa.date32()},
                [(old, new, day) for old, new in self.merges.items()],
            ),
            "identity_map": _rows(
                {
                    **dict.fromkeys(("source", "source_key", "customer_id"), pa.string()),
                    "valid_from": pa.date32(),
                    "valid_to": pa.date32(),
                },
                [
                    ("web", who, self.taken_for.get(who, who), day, None)
                    for who in [*self.people, *self.taken_for]
                ],
            ),
        }

    def _build_warehouse(self, day: date) -> None:
        self.home.database.unlink(missing_ok=True)
        numbers = {who: number for number, who in enumerate(self.people)}
        with connect(self.home) as connection:
            connection.execute(WAREHOUSE)
            for who, number in numbers.items():
                connection.execute(
                    "insert into identity.int_identity__records values (?, 'web', ?, ?)",
                    [number, who, who],
                )
                connection.execute(
                    "insert into resolved.record_customers values ($1, $1, null)", [number]
                )
            for place, (who, channel, outcome, at) in enumerate(self.contacts):
                if who in numbers:
                    connection.execute(
                        "insert into events.fct_contacts values (?, ?, ?, 'x', ?, ?, ?::timestamp::date + 1, null)",
                        [f"m{place}", numbers[who], channel, outcome, at, at],
                    )
            for who, purpose, at in self.agreed:
                connection.execute(
                    "insert into events.int_customer__consents values (?, ?, ?, true, ?)",
                    [numbers[who], who, purpose, at],
                )
        state = {"as_of_date": day.isoformat(), "done": ["landing", "identity", "events"]}
        self.home.run_state.write_text(json.dumps(state))


def _table(columns: dict[str, pa.DataType], rows: Iterable[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=pa.schema(list(columns.items())))


def _rows(columns: dict[str, pa.DataType], rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    return _table(columns, (dict(zip(columns, row, strict=True)) for row in rows))
