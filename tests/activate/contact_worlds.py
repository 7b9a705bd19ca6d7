"""Small warehouses with randomised contacts, made of plain rows that a second implementation can read too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml.home import Home
from ml.run import Run

DAY = date(2026, 7, 1)
LAG_DAYS = 2
VERSION = "2026-07-01-abc"

TABLES = {
    "identity.customer_map": "record_no bigint, customer_no bigint, customer_id varchar, valid_from date, "
    "valid_to date",
    "identity.int_identity__customers_now": "record_no bigint, customer_no bigint, customer_id varchar",
    "events.fct_contacts": "contact_id varchar, record_no bigint, channel varchar, campaign varchar, outcome varchar, "
    "occurred_at timestamp, known_at timestamp, visible_on date, superseded_on date",
    "events.fct_consents": "record_no bigint, purpose varchar, granted boolean, occurred_at timestamp, "
    "known_at timestamp, visible_on date",
    "events.fct_orders": "record_no bigint, status varchar, amount decimal(18,4), occurred_at timestamp, "
    "visible_on date, superseded_on date",
    "events.int_customer__refusals": "customer_no bigint, customer_id varchar",
    "features.customer_features": "customer_id varchar, as_of_date date, habit float, noise float",
    "seeds.randomised_campaigns": "campaign_pattern varchar, channel varchar, purpose varchar, "
    "written_within_days integer, treated_share double, read_days integer, stay_days integer",
}
DECLARED = [
    ("%-pilot", "email", "email", 90, 0.5, 14, 60),
    ("%-pilot", "push", "push", 90, 0.5, 14, 60),
]


@dataclass
class ContactWorld:
    """Rows by table; ``build`` writes them as a home of the run's day."""

    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {name: [] for name in TABLES}
    )

    def add(self, table: str, *values: Any) -> None:
        """Add a row."""
        self.rows[table].append(values)

    def customer(self, number: int, since: date = date(2024, 1, 1)) -> str:
        """Add a record that is a customer of its own."""
        name = f"c{number:05d}"
        self.add("identity.customer_map", number, number, name, since, None)
        self.add("identity.int_identity__customers_now", number, number, name)
        return name

    def message(
        self,
        number: int,
        campaign: str,
        at: datetime,
        channel: str = "email",
        outcome: str = "delivered",
    ) -> None:
        """Add a message."""
        self.add(
            "events.fct_contacts", f"{campaign}-{number}-{at:%m%d%H}", number, channel, campaign, outcome, at, at,
            next_day(at), None,
        )  # fmt: skip

    def consent(self, number: int, granted: bool, at: datetime, purpose: str = "email") -> None:
        """Add a word on a purpose."""
        self.add("events.fct_consents", number, purpose, granted, at, at, next_day(at))

    def order(
        self, number: int, at: datetime, amount: float = 10.0, status: str = "completed"
    ) -> None:
        """Add an order."""
        self.add("events.fct_orders", number, status, amount, at, next_day(at), None)

    def build(self, root: Path, declared: Sequence[tuple[Any, ...]] = tuple(DECLARED)) -> Run:
        """Write the warehouse, its state and a published version, and give the run of its day."""
        home = Home(root)
        home.warehouse.mkdir(parents=True)
        self.rows["seeds.randomised_campaigns"] = list(declared)
        with duckdb.connect(str(home.database)) as connection:
            for name, columns in TABLES.items():
                connection.execute(f"create schema if not exists {name.split('.')[0]}")
                connection.execute(f"create table {name} ({columns})")
                if rows := self.rows[name]:
                    names = [
                        column.split()[0] for column in columns.replace("(18,4)", "").split(", ")
                    ]
                    frame = pa.table(  # noqa: F841 - DuckDB finds it by this name
                        {
                            n: list(column)
                            for n, column in zip(names, zip(*rows, strict=True), strict=True)
                        }
                    )
                    connection.execute(f"insert into {name} select * from frame")
        state = {
            "as_of_date": DAY.isoformat(),
            "done": ["landing", "identity", "events", "features"],
            "label_lag_days": LAG_DAYS,
        }
        home.run_state.write_text(json.dumps(state))
        publish(home)
        return Run(home, root / "landing", DAY, [], lambda line: None)


def publish(home: Home) -> None:
    """Make a current version with two audiences and one person known to have been in both groups."""
    folder = home.published / "versions" / VERSION
    folder.mkdir(parents=True)
    manifest = {"version": VERSION, "as_of_date": DAY.isoformat()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (home.published / "current.json").write_text(json.dumps(manifest))
    audiences = {
        "audience": ["ready", "early"],
        "purpose": ["sell", "early"],
        "holdout_share": [0.5, 0.5],
    }
    pq.write_table(pa.table(audiences), folder / "audiences.parquet")
    mixed = {
        "purpose": ["sell"],
        "customer_id": ["c00003"],
        "group": ["holdout"],
        "is_mixed": [True],
    }
    pq.write_table(pa.table(mixed), folder / "holdouts.parquet")


def log_export(home: Home, audience: str, day: date, groups: dict[str, str], **other: Any) -> None:
    """Write one export's log: group by customer_id; ``eligible`` names who passed every check (default: all)."""
    folder = home.exports / "email_tool" / audience / f"{day}-v"
    folder.mkdir(parents=True)
    eligible = other.get("eligible", set(groups))
    table = pa.table(
        {
            "version": [f"{day}-v"] * len(groups),
            "as_of_date": pa.array([day] * len(groups), pa.date32()),
            "audience": [audience] * len(groups),
            "channel": ["email"] * len(groups),
            "destination": ["email_tool"] * len(groups),
            "customer_id": list(groups),
            "group": list(groups.values()),
            "is_eligible": [one in eligible for one in groups],
        }
    )
    pq.write_table(table, folder / "log.parquet")


def planted_world(customers: int, seed: int, effect: float = 0.25) -> ContactWorld:
    """Three pilots among customers of whom those with much habit are moved by messages, and the others not at all."""
    random = np.random.default_rng(seed)
    world = ContactWorld()
    pilots = [date(2026, 1, 6), date(2026, 3, 3), date(2026, 5, 5)]
    for number in range(customers):
        name = world.customer(number)
        habit = float(random.random())
        world.consent(number, True, datetime(2025, 12, 1, 9))
        world.message(number, "2025-12-16-weekly", datetime(2025, 12, 16, 10))
        for known in (date(2026, 1, 1), date(2026, 3, 1), date(2026, 5, 1), DAY):
            world.add("features.customer_features", name, known, habit, float(random.random()))
        for day in pilots:
            is_treated = random.random() < 0.5
            if is_treated:
                world.message(number, f"{day}-pilot", datetime.combine(day, time(10)))
            if random.random() < 0.1 + effect * is_treated * (habit > 0.6):
                world.order(number, datetime.combine(day, time(12)) + timedelta(days=3))
    return world


def next_day(at: datetime) -> date:
    """The first midnight after an instant."""
    return at.date() + timedelta(days=1)
