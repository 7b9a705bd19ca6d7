"""Whether a run adds to what the warehouse holds, or builds it again.

A landing zone that has only gained files since the warehouse was last built, under the same definition and for
the same day or an earlier one, needs no more than what is new and what that touches. Everything else is
built from the first row on: slower, and right whatever has happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from ml.data.sql_text import literal
from ml.data.warehouse import table_exists, write_table
from ml.run import Run, digest_of

APPEND, REBUILD = "append", "rebuild"

# Unless all of them hold the former state, there is nothing whole to add to.
GROWING_STEPS = ("landing", "identity", "events")

HELD = "control.raw_files"
RAW_FILES = {
    "entity": "varchar",
    "raw_file": "varchar",
    "is_empty": "boolean",
    "is_new": "boolean",
}
NEW_FILES = {"entity": "varchar", "file": "varchar"}
FORMER_RUN = {"as_of_date": "date"}


@dataclass(frozen=True)
class Growth:
    """How a run goes on from what the warehouse holds: `append` or `rebuild`, and why."""

    mode: str
    why: str


def inputs_digest(run: Run, day: date, raw_files: Sequence[str]) -> str:
    """Digest of all that decides what staging holds: day, definition, and the raw files with the erasures in them."""
    return digest_of([day.isoformat(), run.definition(), *raw_files])


def growth_of(
    connection: duckdb.DuckDBPyConnection, run: Run, former: dict[str, Any], raw_files: list[str]
) -> Growth:
    """Decide, from the former state of the run and what the warehouse says it was built from.

    The state is noted only when a step has succeeded: what an interrupted run left half done is never added to.
    """
    if not set(GROWING_STEPS) <= set(former.get("done", [])):
        return Growth(REBUILD, "the warehouse holds no day that was built to its end")
    if former.get("definition") != run.definition():
        return Growth(REBUILD, "code, settings or targets are not those it was built with")
    built_for = date.fromisoformat(former["as_of_date"])
    if run.as_of_date < built_for:
        return Growth(REBUILD, f"it was built for {built_for}, a later day")
    held = _held_files(connection)
    if former.get("inputs") != inputs_digest(run, built_for, held):
        return Growth(REBUILD, "its tables are not those of the state noted beside it")
    if gone := len(set(held) - set(raw_files)):
        return Growth(REBUILD, f"{gone} of its files are gone, have changed, or lost erased rows")
    added = len(set(raw_files) - set(held))
    return Growth(APPEND, f"{added} new files since {built_for}, and all former ones as they were")


def _held_files(connection: duckdb.DuckDBPyConnection) -> list[str]:
    if not table_exists(connection, HELD):
        return []
    found = connection.execute(
        f"select entity || '/' || raw_file from {HELD} order by 1"
    ).fetchall()
    return [name for (name,) in found]


def write_growth(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    growth: Growth,
    former: dict[str, Any],
    raw_files: list[str],
) -> None:
    """Tell the SQL which files are new and which day it was built for before."""
    held = set(_held_files(connection)) if growth.mode == APPEND else set()
    parts = [name.partition("/") for name in raw_files]
    columns: dict[str, list[Any]] = {
        "entity": [entity for entity, _, _ in parts],
        "raw_file": [raw_file for _, _, raw_file in parts],
        "is_empty": [raw_file.startswith("none-") for _, _, raw_file in parts],
        "is_new": [name not in held for name in raw_files],
    }
    write_table(connection, HELD, RAW_FILES, pa.table(columns))
    days = [[date.fromisoformat(former["as_of_date"])]] if growth.mode == APPEND else []
    write_table(connection, "control.former_run", FORMER_RUN, days)
    write_table(connection, "control.new_files", NEW_FILES, [])
    for name in sorted(set(raw_files) - held) if growth.mode == APPEND else []:
        connection.execute(
            "insert into control.new_files "
            f"select distinct ?, file from read_parquet({literal(str(run.home.raw / name))})",
            [name.partition("/")[0]],
        )


def numbering_of(connection: duckdb.DuckDBPyConnection) -> list[int | str]:
    """The numbers of the records in few words: how many there are, and a digest of who has which."""
    return _numbering(connection, None)


def keeps_numbers(connection: duckdb.DuckDBPyConnection, state: dict[str, Any]) -> bool:
    """Has every record of the former run the number it had? Facts hold numbers, which go by age.

    What becomes known after the former run is numbered behind it; rows that were known before and are delivered
    only now may name a record that is older than others.
    """
    former = state.get("numbering")
    return former is not None and _numbering(connection, int(former[0])) == list(former)


def _numbering(connection: duckdb.DuckDBPyConnection, first: int | None) -> list[int | str]:
    limit = "" if first is None else f"where record_no < {first}"
    row = connection.execute(
        "select count(*), cast(coalesce(sum(hash(record_no, source, source_key)), 0) as varchar) "
        f"from identity.int_identity__records {limit}"
    ).fetchone()
    return list(row or ())
