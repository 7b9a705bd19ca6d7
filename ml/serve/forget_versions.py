"""Taking erased people out of the versions that are published already.

A version is rewritten as a whole folder beside it, which then takes its place: two renames. A crash between
them leaves the old folder as `.<version>.old`; `finish_swaps` brings it back, and the work is done again.
Counts of many people (the funnel, data quality, sizes of audiences) stay as they were.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ml.data.erasures import Erasures, token_sql
from ml.data.sql_text import literal
from ml.data.warehouse import connect_in_memory
from ml.errors import KithError
from ml.home import Home
from ml.serve.tables import published_tables
from ml.serve.version_files import write_rows
from ml.serve.versions import MANIFEST, Version, Versions

MAP, MERGES = "identity_map.parquet", "customer_merges.parquet"
CUSTOMERS = "customers.parquet"
# A row with an erased id in one of these is about the person; an id anywhere else in a row is emptied.
ABOUT = {"customer_id", "other_customer_id", "retired_id", "surviving_id"}
# So is a row with an erased value: its type and itself.
VALUE = ("id_type", "id_value")
# The name of a fact that another person did goes with that person's id.
DONE_BY = {"share_id": "inviter_id", "order_id": "brought_id"}
# A household's name may come from the erased person, and its size counts it: of the others none is known any more.
WITHOUT_HOUSEHOLD = {"household_id": "null", "household_size": "1"}
# Tags that count the household bear names of this kind; those of the others go, for the same reason.
TAGS, HOUSEHOLD_TAGS = "customer_tags.parquet", "household%"


def finish_swaps(home: Home) -> None:
    """Bring back what a crash in the middle of a swap left aside among the versions."""
    finish_swaps_in(Versions(home).folder)


def finish_swaps_in(folder: Path) -> None:
    """Bring back what a crash in the middle of a swap left aside in any folder."""
    for aside in folder.glob(".*.old"):
        version = aside.with_name(aside.name.removeprefix(".").removesuffix(".old"))
        if version.exists():
            shutil.rmtree(aside)
        else:
            os.replace(aside, version)


def swap(part: Path, folder: Path) -> None:
    """Let a folder take the place of another by two renames; `finish_swaps_in` mends a crash between them."""
    aside = folder.with_name(f".{folder.name}.old")
    os.replace(folder, aside)
    os.replace(part, folder)
    shutil.rmtree(aside)


def records_in_versions(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    customer_id: str | None,
    record: tuple[str, str] | None,
) -> list[tuple[str, str]] | None:
    """The records of a customer, or of the customer with a record, in the newest version that knows it.

    Empty for an id that was retired by then: what it stood for may belong to several people since. None when
    no version knows it.
    """
    versions = Versions(home)
    for version in reversed(versions.all()):
        path = versions.folder / version.name / MAP
        if not path.exists():
            continue
        found = connection.execute(
            f"with known as (from read_parquet({literal(path)})), named as (select customer_id from known where "
            "customer_id = $1 or (source = $2 and source_key = $3 and valid_to is null)) "
            "select distinct source, source_key, valid_to is null from known semi join named using (customer_id) "
            "order by all",
            [customer_id, *(record or (None, None))],
        ).fetchall()
        if found:
            return [(source, key) for source, key, is_open in found if is_open]
    return None


def forget_in_versions(home: Home, erasures: Erasures) -> list[str]:
    """Rewrite every version that holds an erased person; gives the names of those that were rewritten."""
    finish_swaps(home)
    rewritten = []
    versions = Versions(home)
    with connect_in_memory(home) as connection:
        erasures.prepare(connection)
        for version in versions.all():
            if rewrite_version(connection, versions.folder, version):
                rewritten.append(version.name)
    return rewritten


def rewrite_version(
    connection: duckdb.DuckDBPyConnection, versions: Path, version: Version
) -> bool:
    """Rewrite a version in a folder of versions if it holds an erased person; tells whether it did.

    Raises:
        KithError: it lacks the tables that tell whom it speaks of.
    """
    folder = versions / version.name
    if missing := [name for name in (MAP, MERGES) if not (folder / name).exists()]:
        raise KithError(
            f"The version {version.name} lacks {' and '.join(missing)}, so nobody can tell whom it speaks of. Remove "
            f"{folder} and run again."
        )
    find_erased_ids(connection, folder)
    part = versions / f".{version.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        changed = {
            entry["name"]: entry
            for path in sorted(folder.glob("*.parquet"))
            if (entry := write_without(connection, path, part / path.name))
        }
        if not changed:
            return False
        for path in folder.iterdir():
            if path.name not in changed and path.name != MANIFEST:
                shutil.copy2(path, part / path.name)
        manifest = version.manifest | {
            "files": [changed.get(entry["name"], entry) for entry in version.manifest["files"]]
        }
        (part / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        swap(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def find_erased_ids(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make `erased_ids`: the ids under which erased people stand in a version.

    These are the ids on the list, and those that an erased record had on the version's day: at that time
    the customer may have been taken for one with somebody else.
    """
    record = token_sql("record", "source", "source_key")
    erased_record = f"{record} in (select token from erased_record)"
    connection.execute(
        f"create or replace temp table erased_records as select source, source_key, customer_id, valid_to "
        f"from read_parquet({literal(folder / MAP)}) where {erased_record}"
    )
    connection.execute(
        "create or replace temp table erased_ids as "
        "select customer_id from erased_records where valid_to is null union "
        f"select customer_id from (select customer_id from read_parquet({literal(folder / MAP)}) "
        f"union select unnest([retired_id, surviving_id]) from read_parquet({literal(folder / MERGES)})) "
        f"where {token_sql('customer', 'customer_id')} in (select token from erased_customer)"
    )
    _find_households(connection, folder / CUSTOMERS)


def _find_households(connection: duckdb.DuckDBPyConnection, customers: Path) -> None:
    """Make `erased_households`: where erased people live in a version; and `left_behind`: who lived with them."""
    connection.execute("create or replace temp table erased_households (household_id varchar)")
    connection.execute("create or replace temp table left_behind (customer_id varchar)")
    if not customers.exists():
        return
    rows = f"read_parquet({literal(customers)})"
    if "household_id" in [
        name for name, *_ in connection.execute(f"describe from {rows}").fetchall()
    ]:
        connection.execute(
            f"insert into erased_households select distinct household_id from {rows} "
            "where customer_id in (from erased_ids) and household_id is not null"
        )
        connection.execute(
            f"insert into left_behind select customer_id from {rows} where household_id in (from erased_households)"
        )


def write_without(
    connection: duckdb.DuckDBPyConnection, path: Path, target: Path
) -> dict[str, Any] | None:
    """Write a file without erased people; None when it holds none of them."""
    rows = f"read_parquet({literal(path)}, file_row_number = true)"
    columns = [
        (name, kind)
        for name, kind, *_ in connection.execute(f"describe select * from {rows}").fetchall()
        if name != "file_row_number"
    ]
    texts = [name for name, kind in columns if kind == "VARCHAR"]
    about = _about(path.stem) & set(texts)
    emptied = [name for name in texts if name not in about]
    gone = _any_erased(sorted(about))
    if set(VALUE) <= set(texts):
        gone += (
            f" or coalesce({token_sql('value', *VALUE)} in (select token from erased_value), false)"
        )
    if path.name == TAGS:
        gone += f" or (tag like '{HOUSEHOLD_TAGS}' and customer_id in (from left_behind))"
    if path.name == MAP:  # another person's record may have borne an erased id, and stays
        emptied = []
        gone = "(source, source_key) in (select (source, source_key) from erased_records)"
    where = f"{gone} or {_any_erased(emptied)}"
    found = connection.execute(f"select count(*) from {rows} where {where}").fetchone()
    if not found or not found[0]:
        return None
    kept = ", ".join(f'{_kept(name, emptied)} as "{name}"' for name, _ in columns)
    return write_rows(
        connection,
        f"select {kept} from {rows} where not ({gone}) order by file_row_number",
        target,
    )


def _kept(column: str, emptied: Sequence[str]) -> str:
    """What stays of a column in a row that stays."""
    if column in WITHOUT_HOUSEHOLD:
        return (
            "case when household_id in (from erased_households) "
            f'then {WITHOUT_HOUSEHOLD[column]} else "{column}" end'
        )
    whose = DONE_BY.get(column, column)
    if whose in emptied:
        return f'case when "{whose}" in (from erased_ids) then null else "{column}" end'
    return f'"{column}"'


def _any_erased(columns: Iterable[str]) -> str:
    """Does one of these columns hold an erased id?"""
    rules = [f'coalesce("{name}" in (from erased_ids), false)' for name in columns]
    return " or ".join(rules) or "false"


def _about(table: str) -> set[str]:
    keys = {known.name: set(known.key) for known in published_tables()}
    return ABOUT | keys.get(table, set())
