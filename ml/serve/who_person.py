"""What the warehouse knows of one person: records, what joins them, what was kept out, and what came before.

All is as of the day the warehouse was built for. Who was erased is in none of its tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

import duckdb

from ml.data.warehouse import table_exists
from ml.serve import who_queries as queries
from ml.serve.who_found import Found
from ml.serve.who_match import Match, read_matches


@dataclass(frozen=True)
class Record:
    """A record of the person: since when it is known, and since which day it belongs to them."""

    record_no: int
    label: str
    name: str | None
    known_at: datetime
    belongs_since: date


@dataclass(frozen=True)
class SharedValue:
    """A value that several of the records hold and that is evidence."""

    id_type: str
    value: str
    held_elsewhere: int
    holders: list[tuple[str, datetime]]
    """Records in the order in which they were known to hold it."""


@dataclass(frozen=True)
class BlockedValue:
    """A value that records of the person state and that is no evidence: nobody owns it, or too many hold it."""

    id_type: str
    value: str
    meaning: str
    blocked_from: date
    holders_count: int
    stated_by: list[str]


@dataclass(frozen=True)
class Decision:
    """What somebody said of two records, and how long it holds."""

    left: str
    right: str
    left_id: str
    right_id: str
    is_different: bool
    known_at: datetime
    decided_by: str | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class Doubt:
    """Two records whose own traits differ: what each says, and the bits for one person, below zero."""

    left_id: str
    right_id: str
    left: str
    right: str
    left_says: str
    right_says: str
    weight: float


@dataclass(frozen=True)
class Refused:
    """A piece of evidence between a record of the person and one of somebody else that was not followed."""

    other_id: str
    why: str
    own: str
    other: str
    other_name: str | None
    reason: str
    shared: str | None
    match_weight: float | None
    other_records: int


@dataclass(frozen=True)
class Merge:
    """A customer that turned out to be an older one."""

    merged_on: date
    retired_id: str
    surviving_id: str
    reason: str


@dataclass(frozen=True)
class Move:
    """Days on which a record was with another customer than now; `came_here` tells which of the two this one is."""

    record: str
    came_here: bool
    other_id: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class Chosen:
    """A value of the golden record, the record it comes from, and the rule that chose it."""

    unit: str
    value: str
    record: str
    known_at: datetime | None
    rule: str


@dataclass(frozen=True)
class Person:
    """One customer of the day, as far as it concerns who they are."""

    asked: Found
    day: date
    records: list[Record]
    values: list[SharedValue]
    blocked: list[BlockedValue]
    matches: list[Match]
    decisions: list[Decision]
    refused: list[Refused]
    doubts: list[Doubt]
    merges: list[Merge]
    moves: list[Move]
    chosen: list[Chosen]

    @property
    def since(self) -> date:
        """The day from which the customer is known by this id."""
        return next(r.belongs_since for r in self.records if r.record_no == self.asked.head_no)


def read_person(
    connection: duckdb.DuckDBPyConnection, asked: Found, day: date, has_tables: bool
) -> Person:
    """Everything about the customer that a record belongs to.

    Args:
        connection: the warehouse, built up to identity for `day`.
        asked: the record.
        day: the as_of_date of the warehouse.
        has_tables: the golden record was built for this day, too.
    """
    connection.execute(queries.PERSON, [asked.head_no])
    connection.execute(queries.NAMED)

    def ask(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    chosen: list[tuple[Any, ...]] = []
    if has_tables and table_exists(connection, "relationship.int_customer__golden_choices"):
        chosen = connection.execute(queries.CHOSEN, [asked.head_no]).fetchall()
    return Person(
        asked=asked,
        day=day,
        records=[Record(*row) for row in ask(queries.RECORDS)],
        values=_values(ask(queries.VALUES)),
        blocked=[BlockedValue(*row) for row in ask(queries.BLOCKED)],
        matches=read_matches(connection),
        decisions=[Decision(*row) for row in ask(queries.DECISIONS)],
        refused=[Refused(*row) for row in ask(queries.REFUSALS)],
        doubts=[Doubt(*row) for row in ask(queries.DOUBTS)],
        merges=[Merge(*row) for row in ask(queries.MERGES)],
        moves=[Move(*row) for row in ask(queries.MOVES)],
        chosen=[Chosen(*row) for row in chosen],
    )


def _values(rows: Sequence[tuple[Any, ...]]) -> list[SharedValue]:
    """Values with their holders, in the order in which two held them."""
    values = []
    for (id_type, value, held_elsewhere), held in groupby(rows, lambda row: row[:3]):
        holders = [(label, known_at) for *_, label, known_at in held]
        values.append(SharedValue(id_type, value, held_elsewhere, holders))
    return sorted(values, key=lambda value: (value.holders[1][1], value.id_type, value.value))
