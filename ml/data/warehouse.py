"""The one module that talks to the warehouse.

The warehouse is rebuildable: a file that a crash left unreadable is moved aside and built anew.
Control tables (schema `control`) are how a run tells the SQL its settings, targets and dates.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ml.data.lake import Lake
from ml.errors import KithError
from ml.home import Home

if TYPE_CHECKING:  # every step opens the warehouse, and few look at frames
    import pandas as pd
    import pyarrow as pa

# What the engine keeps of the tables while Python works: more would not make a single pass any faster.
_READING_MEMORY = 10**9

BROKEN = (duckdb.InternalException, duckdb.SerializationException, duckdb.FatalException)
# What DuckDB says of a file that it can open but not read; other errors of the system are no damage.
DAMAGE = ("not a valid DuckDB", "Could not read enough bytes", "Corrupt database", "version number")


@contextmanager
def connect(home: Home, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse of a home folder for the length of a `with` block.

    Raises:
        KithError: another program has the file open.
    """
    home.warehouse.mkdir(parents=True, exist_ok=True)
    if not read_only:
        _move_aside_if_broken(home.database)
    if is_desk(home) and Lake(home.lake).has_moved():
        with _open(home.database, config=_limits(home)) as desk:
            Lake(home.lake).show(desk)
    connection = _open(home.database, read_only=read_only, config=_limits(home))
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def is_desk(home: Home) -> bool:
    """Is the DuckDB file of a home only the desk, because Spark builds the tables?"""
    return home.settings.engine == "spark"


@contextmanager
def handed_over(home: Home) -> Iterator[None]:
    """Let dbt work inside a `with` block: under Spark it finds the desk's tables in the lake, and we then what it made.

    Under DuckDB both are one file, and nothing is to do.
    """
    if not is_desk(home):
        yield
        return
    with connect(home) as connection:
        Lake(home.lake).hand_over(connection)
    try:
        yield
    finally:  # what a failed command left is looked at, too
        with connect(home) as connection:
            Lake(home.lake).show(connection)


def drop_schema(connection: duckdb.DuckDBPyConnection, home: Home, schema: str) -> None:
    """Remove a schema with every table in it, whoever made them."""
    connection.execute(f"drop schema if exists {schema} cascade")
    if is_desk(home):
        Lake(home.lake).drop_schema(schema)


def remove_tables(home: Home) -> None:
    """Remove every table of the warehouse; the raw layer, from which it is built anew, stays."""
    for file in (home.database, _wal(home.database)):
        file.unlink(missing_ok=True)
    shutil.rmtree(home.lake, ignore_errors=True)


@contextmanager
def connect_in_memory(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine without a file, within the limits of a home, for reading Parquet and writing it anew."""
    home.warehouse.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config=_limits(home))
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextmanager
def little_memory(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Give the engine no more than a single pass needs, and never more than before: the rest is Python's."""
    asked = "select current_setting('memory_limit'), parse_formatted_bytes(current_setting('memory_limit'))"
    limit, allowed = connection.execute(asked).fetchone() or ("", 0)
    connection.execute(f"set memory_limit = '{min(allowed, _READING_MEMORY)}B'")
    try:
        yield
    finally:
        connection.execute(f"set memory_limit = '{limit}'")


@contextmanager
def connect_to_learn(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for reading rows on which Python then works, with little memory for the engine."""
    with connect(home, read_only=True) as connection, little_memory(connection):
        yield connection


@contextmanager
def connect_apart() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine in memory that belongs to no home, for trying what people wrote."""
    connection = duckdb.connect(config={"threads": 2})
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on the engine reads no file, loads no extension, and nobody can change that."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _limits(home: Home) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "threads": home.settings.threads,
        "memory_limit": home.settings.memory_limit,
        "temp_directory": str(home.warehouse / "spill"),
    }


def _open(database: Path, **options: Any) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(database), **options)
    except duckdb.IOException as error:
        if "Could not set lock" not in str(error):
            raise
        raise KithError(
            f"The warehouse is in use by another program: {str(error).splitlines()[0]} Close that program, or wait "
            "until that has ended, and run again."
        ) from error


def _move_aside_if_broken(database: Path) -> None:
    if not database.exists():
        return
    try:
        _open(database).close()
    except duckdb.Error as error:
        if not isinstance(error, BROKEN) and not any(words in str(error) for words in DAMAGE):
            raise
        for leftover in (database, _wal(database)):
            if leftover.exists():
                leftover.rename(leftover.with_name(leftover.name + ".broken"))


def _wal(database: Path) -> Path:
    return database.with_suffix(database.suffix + ".wal")


def discard_warehouse(home: Home) -> None:
    """Forget all that was built, and that it was: the next step builds from the landing zone."""
    remove_tables(home)
    home.run_state.unlink(missing_ok=True)


def write_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    rows: Sequence[Sequence[object]] | pd.DataFrame | pa.Table,
) -> None:
    """Replace a table by rows in the order of `columns` (name to SQL type)."""
    _declare(connection, "create or replace table", name, columns)
    if not isinstance(rows, Sequence):
        frame = rows  # noqa: F841 - DuckDB finds the frame by this name
        connection.execute(f"insert into {name} select {', '.join(columns)} from frame")
    elif rows:
        placeholders = ", ".join("?" for _ in columns)
        connection.executemany(
            f"insert into {name} values ({placeholders})", [list(row) for row in rows]
        )


def keep_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str]
) -> None:
    """Make an empty table, unless it is there: its rows stay."""
    _declare(connection, "create table if not exists", name, columns)


def _declare(
    connection: duckdb.DuckDBPyConnection, create: str, name: str, columns: Mapping[str, str]
) -> None:
    if schema := name.rpartition(".")[0]:
        connection.execute(f"create schema if not exists {schema}")
    declared = ", ".join(f"{column} {sql_type}" for column, sql_type in columns.items())
    connection.execute(f"{create} {name} ({declared})")


def table_exists(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Tell whether `schema.table` is in the warehouse."""
    schema, table = name.split(".")
    found = connection.execute(
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?",
        [schema, table],
    ).fetchone()
    return bool(found and found[0])


def frame(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()
) -> pd.DataFrame:
    """Run a query and give its rows as a DataFrame; the query orders them where order matters."""
    return connection.execute(query, list(parameters)).df()
