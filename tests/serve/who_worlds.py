"""Warehouses of a few hand-written rows, as far as `kith who` reads them, without a build."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from ml.data.warehouse import connect
from ml.home import Home

DAY = date(2024, 6, 1)
# What each table that is read holds; a row names only what matters to a test.
TABLES = {
    "identity.int_identity__records": (
        "record_no bigint, source varchar, source_key varchar, known_at timestamp, entered_on date, customer_id varchar"
    ),
    "identity.int_identity__holders": (
        "record_no bigint, id_type varchar, id_value varchar, known_at timestamp, holder_rank bigint, "
        "crossed_at timestamp"
    ),
    "identity.int_identity__stated_values": "record_no bigint, id_type varchar, id_value varchar",
    "identity.int_identity__traits": "record_no bigint, trait varchar, stated varchar",
    "identity.int_identity__blocked_values": (
        "id_type varchar, id_value varchar, meaning varchar, blocked_from date, holders_count bigint"
    ),
    "identity.int_identity__decisions": (
        "left_record_no bigint, right_record_no bigint, is_different boolean, known_at timestamp, valid_from date, "
        "valid_to date"
    ),
    "identity.int_identity__doubts": (
        "left_record_no bigint, right_record_no bigint, weight double, valid_from date, valid_to date"
    ),
    "identity.int_identity__edges": (
        "left_record_no bigint, right_record_no bigint, reason varchar, priority integer, probability double, "
        "known_at timestamp, valid_from date, valid_to date"
    ),
    "identity.int_identity__profile_states": (
        "state_no bigint, record_no bigint, ended_at timestamp, given varchar, family varchar, birth_date date, "
        "gender varchar, email varchar, phone varchar, street varchar, city varchar, postcode varchar"
    ),
    "matched.pairs": (
        "left_record_no bigint, right_record_no bigint, left_state_no bigint, right_state_no bigint, "
        "known_at timestamp, valid_from date, match_weight double, probability double, stranger_weight double, "
        "name_level tinyint, email_level tinyint, phone_level tinyint, name_weight double, "
        "email_weight double, phone_weight double"
    ),
    "matched.parameters": "epoch integer, comparison varchar, level tinyint, label varchar",
    "relationship.int_customer__golden_choices": (
        "customer_no bigint, unit varchar, value varchar, source varchar, source_key varchar, known_at timestamp, "
        "rule varchar"
    ),
    "resolved.merges": (
        "retired_record_no bigint, surviving_record_no bigint, merged_on date, reason varchar"
    ),
    "resolved.record_customers": (
        "record_no bigint, head_record_no bigint, valid_from date, valid_to date"
    ),
    "resolved.refused_edges": (
        "left_record_no bigint, right_record_no bigint, reason varchar, probability double, why varchar"
    ),
    "staging.base_links": (
        "file varchar, left_source varchar, left_key varchar, right_source varchar, right_key varchar, "
        "decision varchar, known_at timestamp, decided_by varchar, refusals varchar"
    ),
    "staging.stg_links": (
        "left_source varchar, left_key varchar, right_source varchar, right_key varchar, decision varchar, "
        "known_at timestamp, decided_by varchar"
    ),
    "staging.stg_profiles": (
        "source varchar, source_key varchar, known_at timestamp, name varchar, given_name varchar, family_name varchar"
    ),
}

Row = Mapping[str, Any]


@dataclass
class Warehouse:
    """Rows by table; records are added by `people`."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, *rows: Row) -> Warehouse:
        """More rows of a table, named without its schema."""
        (name,) = (name for name in TABLES if name.split(".")[1].split("__")[-1] == table)
        self.rows.setdefault(name, []).extend(rows)
        return self

    def people(self, *people: Sequence[str]) -> Warehouse:
        """Customers, each a list of records `source:key`, numbered in the order in which they are written here."""
        for person in people:
            head = len(self.rows.get("identity.int_identity__records", []))
            for number, label in enumerate(person, head):
                source, key = label.split(":", 1)
                self.add(
                    "records",
                    {
                        "record_no": number,
                        "source": source,
                        "source_key": key,
                        "known_at": f"2024-01-{number % 28 + 1:02} 09:00",
                        "entered_on": f"2024-01-{number % 28 + 2:02}",
                        "customer_id": f"c{number:020}",
                    },
                )
                self.add(
                    "record_customers",
                    {"record_no": number, "head_record_no": head, "valid_from": "2024-02-01"},
                )
        return self

    def shared(self, id_type: str, value: str, *holders: int, **other: Any) -> Warehouse:
        """A value that records hold, in this order, known a day after each other; with the edges of its star."""
        for rank, record_no in enumerate(holders, 1):
            self.add(
                "holders",
                {
                    "record_no": record_no,
                    "id_type": id_type,
                    "id_value": value,
                    "known_at": f"2024-03-{rank:02} 09:00",
                    "holder_rank": rank,
                    **other,
                },
            )
        for other_record in holders[1:]:
            self.edge(holders[0], other_record, id_type)
        return self

    def edge(self, left: int, right: int, reason: str, probability: float = 1.0) -> Warehouse:
        """A piece of evidence that holds."""
        priority = {"decision": 0, "match": 2}.get(reason, 1)
        pair = {"left_record_no": min(left, right), "right_record_no": max(left, right)}
        return self.add(
            "edges", {**pair, "reason": reason, "priority": priority, "probability": probability}
        )

    def match(self, left: int, right: int, weight: float = 7.5, **other: Any) -> Warehouse:
        """An accepted pair whose name and e-mail were compared: -12 + 11.25 + 9.25 bits, less a household."""
        for record_no in (left, right):
            state = {
                "state_no": record_no,
                "record_no": record_no,
                "given": "ann",
                "family": "lee",
                "email": f"ann{record_no}@lee.example",
            }
            if state not in self.rows.get("identity.int_identity__profile_states", []):
                self.add("profile_states", state)
        self.add(
            "pairs",
            {
                "left_record_no": left,
                "right_record_no": right,
                "left_state_no": left,
                "right_state_no": right,
                "known_at": "2024-03-05 10:00",
                "valid_from": "2024-03-06",
                "match_weight": weight,
                "probability": 1 / (1 + 2**-weight),
                "stranger_weight": 8.5,
                "name_level": 2,
                "email_level": 1,
                "phone_level": -1,
                "name_weight": 11.25,
                "email_weight": 9.25,
                "phone_weight": 0.0,
                **other,
            },
        )
        labels = {("name", 2): "same full name", ("email", 1): "one slip", ("name", 0): "differ"}
        for (comparison, level), label in labels.items():
            row = {"epoch": 0, "comparison": comparison, "level": level, "label": label}
            self.add("parameters", row)
        return self.edge(left, right, "match", 1 / (1 + 2**-weight))

    def build(self, root: Path, done: Sequence[str] = ("landing", "identity")) -> Home:
        """A home with this warehouse, in which some steps count as done for DAY."""
        home = Home(root)
        with connect(home) as connection:
            for schema in sorted({name.split(".")[0] for name in TABLES}):
                connection.execute(f"create schema {schema}")
            for name, columns in TABLES.items():
                connection.execute(f"create table {name} ({columns})")
                if rows := self.rows.get(name):
                    given = dict.fromkeys(column for row in rows for column in row)
                    frame = pa.table(
                        {column: [row.get(column) for row in rows] for column in given}
                    )
                    connection.register("frame", frame)
                    connection.execute(f"insert into {name} by name select * from frame")
                    connection.unregister("frame")
        home.run_state.write_text(json.dumps({"as_of_date": str(DAY), "done": list(done)}))
        return home
