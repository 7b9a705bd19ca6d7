"""Which snapshots of features are there and still true.

A snapshot at a cut-off C depends on the rows visible at C and on the definition of the run, and on
nothing else. Its key is a digest of both; it is built again only when the key has changed: late rows
with an early clock, another setting, changed code.
"""

from __future__ import annotations

from datetime import date

import duckdb

from ml.data.warehouse import table_exists
from ml.run import Run, digest_of

STATE = "control.snapshot_state"


def plan_snapshots(connection: duckdb.DuckDBPyConnection, run: Run, wanted: list[date]) -> list[date]:
    """Of the wanted dates, those that are missing or no longer true, ascending."""
    connection.execute(f"create table if not exists {STATE} (as_of_date date, key varchar, definition varchar)")
    definition = run.definition()
    stale = connection.execute(f"select count(*) from {STATE} where definition <> ?", [definition]).fetchone()
    if stale and stale[0]:
        # Other code may give other columns: the tables are made anew.
        connection.execute("drop schema if exists features cascade")
        connection.execute(f"delete from {STATE}")
    known = dict(connection.execute(f"select as_of_date, key from {STATE}").fetchall())
    if not table_exists(connection, "features.customer_features"):
        known = {}
    keys = _keys(connection, definition, wanted)
    return [day for day in sorted(wanted) if known.get(day) != keys[day]]


def record_snapshots(connection: duckdb.DuckDBPyConnection, run: Run, built: list[date]) -> None:
    """Remember the keys of the snapshots that were just built."""
    definition = run.definition()
    for day, key in _keys(connection, definition, built).items():
        connection.execute(f"delete from {STATE} where as_of_date = ?", [day])
        connection.execute(f"insert into {STATE} values (?, ?, ?)", [day, key, definition])


def _keys(connection: duckdb.DuckDBPyConnection, definition: str, dates: list[date]) -> dict[date, str]:
    rows = connection.execute(
        "select visible_on, entity, rows_landed, digest from staging.landing_days order by all"
    ).fetchall()
    return {day: digest_of([definition, *(str(row) for row in rows if row[0] <= day)]) for day in dates}
