"""Which snapshots of a schema are there and still true.

A snapshot at a date C depends on the rows visible at C and on the definition of the run, and on
nothing else. Its key is a digest of both; it is built again only when the key has changed: late rows
with an early clock, another setting, changed code.
"""

from __future__ import annotations

import hashlib
from datetime import date

import duckdb

from ml.data.warehouse import drop_schema, table_exists
from ml.run import Run

STATE = "control.snapshot_state"


class Snapshots:
    """The snapshot tables of one schema, known by the last one that is built (`table`).

    Snapshots that go on from the one before depend on where they begin, too (`begins`); those whose
    columns depend on the run's own day, on what they hold (`holds`).
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        run: Run,
        schema: str,
        table: str,
        begins: date | None = None,
        holds: str = "",
    ) -> None:
        self._connection = connection
        self._home = run.home
        self._schema = schema
        self._table = f"{schema}.{table}"
        self._definition = run.definition() + (f" from {begins}" if begins else "")
        self._definition += f" holds {holds}" if holds else ""
        connection.execute(
            f"create table if not exists {STATE} "
            "(schema_name varchar, as_of_date date, key varchar, definition varchar)"
        )

    def missing(self, wanted: list[date]) -> list[date]:
        """Of the wanted dates, those that are absent or no longer true, ascending.

        When the definition has changed, other code may give other columns: the schema is emptied.
        """
        stale = self._connection.execute(
            f"select count(*) from {STATE} where schema_name = ? and definition <> ?",
            [self._schema, self._definition],
        ).fetchone()
        if (stale and stale[0]) or not table_exists(self._connection, self._table):
            drop_schema(self._connection, self._home, self._schema)
            self._connection.execute(f"delete from {STATE} where schema_name = ?", [self._schema])
        known = dict(
            self._connection.execute(
                f"select as_of_date, key from {STATE} where schema_name = ?", [self._schema]
            ).fetchall()
        )
        keys = self._keys(wanted)
        return [day for day in sorted(wanted) if known.get(day) != keys[day]]

    def record(self, built: list[date]) -> None:
        """Remember the keys of the snapshots that were just built."""
        for day, key in self._keys(built).items():
            self._connection.execute(
                f"delete from {STATE} where schema_name = ? and as_of_date = ?", [self._schema, day]
            )
            self._connection.execute(
                f"insert into {STATE} values (?, ?, ?, ?)",
                [self._schema, day, key, self._definition],
            )

    def _keys(self, dates: list[date]) -> dict[date, str]:
        """Digest, per date, of the definition and of all rows visible by then."""
        rows = self._connection.execute(
            "select visible_on, entity, rows_landed, digest from staging.landing_days "
            "where visible_on <= ? order by all",
            [max(dates, default=date.min)],
        ).fetchall()
        running = hashlib.sha256(self._definition.encode())
        keys: dict[date, str] = {}
        position = 0
        for day in sorted(dates):
            while position < len(rows) and rows[position][0] <= day:
                running.update(f"{rows[position]}\0".encode())
                position += 1
            keys[day] = running.hexdigest()
        return keys
