"""Erased people leave what was decided and exported, and are named for removal wherever they were delivered.

The order makes an interruption harmless: first the identifiers are written down for the destinations, then
the logs forget the person. Given again, the erasure finds what is left.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ml.activate.export.destinations import DESTINATIONS
from ml.activate.export.files import (
    OWNER_FILE,
    OWNER_FOLDER,
    csv_bytes,
    parquet_bytes,
    read_csv,
    write_private,
)
from ml.activate.export.ledger import LIST, LOG, REMOVALS, VALUES, Ledger, all_ledgers, read_log
from ml.activate.export.moves import ADD, KEEP, REMOVE, Keys
from ml.data.erasures import Erasures, token_sql
from ml.data.sql_text import literal
from ml.data.warehouse import connect_in_memory
from ml.home import Home
from ml.serve.forget_versions import (
    MAP,
    find_erased_ids,
    finish_swaps_in,
    swap,
    write_without,
)
from ml.serve.versions import Versions


def forget_in_activation(home: Home, erasures: Erasures) -> list[str]:
    """Take erased people out of the activation folder; gives what was done, in words.

    To be called while the published versions still say under which ids the people stood there.
    """
    told: list[str] = []
    with connect_in_memory(home) as connection:
        erasures.prepare(connection)
        for path in _tables(home):
            if _forget_in_table(connection, home, path):
                told.append(f"rewritten: {path}")
        for ledger in all_ledgers(home, DESTINATIONS):
            told += _forget_in_ledger(connection, home, ledger)
    return told


def _tables(home: Home) -> Iterator[Path]:
    """Every Parquet table of decisions; the exports have their own way."""
    for path in sorted(home.activation.rglob("*.parquet")):
        if not path.is_relative_to(home.exports):
            yield path


def _forget_in_table(connection: duckdb.DuckDBPyConnection, home: Home, path: Path) -> bool:
    _find_ids(connection, home, path.parent.name, path)
    target = path.with_name(f".{path.name}.part")
    try:
        if write_without(connection, path, target) is None:
            return False
        target.chmod(OWNER_FILE)
        target.replace(path)
    finally:
        target.unlink(missing_ok=True)
    return True


def _find_ids(connection: duckdb.DuckDBPyConnection, home: Home, version: str, path: Path) -> None:
    """Make `erased_ids` for a file made on a version: by the version's own map, or where that is gone by the list."""
    folder = Versions(home).folder / version
    if (folder / MAP).exists():
        find_erased_ids(connection, folder)
        return
    for table in ("erased_records", "erased_households", "left_behind", "erased_ids"):
        connection.execute(f"create or replace temp table {table} (customer_id varchar)")
    if "customer_id" in pq.read_schema(path).names:
        connection.execute(
            f"insert into erased_ids select distinct customer_id from read_parquet({literal(path)}) "
            f"where {token_sql('customer', 'customer_id')} in (select token from erased_customer)"
        )


def _forget_in_ledger(
    connection: duckdb.DuckDBPyConnection, home: Home, ledger: Ledger
) -> list[str]:
    finish_swaps_in(ledger.folder)
    logs: dict[Path, tuple[pa.Table, pa.ChunkedArray]] = {}
    for folder in ledger.done().values():
        log = read_log(folder)
        _find_ids(connection, home, folder.name, folder / LOG)
        ids = [one for (one,) in connection.execute("from erased_ids").fetchall()]
        gone = pc.fill_null(pc.is_in(log["customer_id"], pa.array(ids, pa.string())), False)
        if pc.any(gone).as_py():
            logs[folder] = (log, gone)
    if not logs:
        return []
    told = []
    if path := ledger.add_pending(_ever_delivered(ledger, logs)):
        told.append(f"to be removed at {ledger.destination.title}: named in {path}")
    for folder, (log, gone) in logs.items():
        _rewrite(ledger, folder, log, gone)
        told.append(f"rewritten: {folder}")
    return told


def _ever_delivered(
    ledger: Ledger, logs: dict[Path, tuple[pa.Table, pa.ChunkedArray]]
) -> list[Keys]:
    """Identifiers by which erased people were ever delivered, without those that others stand there by today."""
    theirs = {
        ledger.keys(row)
        for log, gone in logs.values()
        for row in log.filter(gone).to_pylist()
        if row["action"] in (ADD, KEEP)
    }
    done = ledger.done()
    last = done[max(done)]
    # An id may stand for the erased person in one version, and for somebody else in the next.
    log = logs[last][0].filter(pc.invert(logs[last][1])) if last in logs else read_log(last)
    others = [ledger.keys(row) for row in log.to_pylist() if row["action"] in (ADD, KEEP)]
    held = [set(column) for column in zip(*others, strict=True)] or [
        set() for _ in ledger.destination.removed_by
    ]
    return [
        tuple("" if key in other else key for key, other in zip(keys, held, strict=True))
        for keys in sorted(theirs)
    ]


def _rewrite(ledger: Ledger, folder: Path, log: pa.Table, gone: pa.ChunkedArray) -> None:
    """Write an export anew without rows of its log, and put it in the place of the old."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=OWNER_FOLDER)
    for path in folder.iterdir():
        write_private(part / path.name, path.read_bytes())
    theirs = log.filter(gone)
    listed = [row["file_row"] for row in theirs.to_pylist() if row["is_delivered"]]
    removed = [
        row["file_row"]
        for row in theirs.to_pylist()
        if row["action"] == REMOVE and row["file_row"] is not None
    ]
    suffix = ledger.destination.suffix
    _without_rows(part / f"{LIST}.{suffix}", listed)
    _without_rows(part / f"{REMOVALS}.{suffix}", removed)
    _without_rows(part / f"{VALUES}.csv", _rows_of_values(log, set(listed)))
    write_private(part / LOG, parquet_bytes(_renumbered(log.filter(pc.invert(gone)))))
    swap(part, folder)


def _rows_of_values(log: pa.Table, listed: set[int]) -> list[int]:
    """Rows of the file of values that belong to rows of the list: that file leaves out who is worth nothing."""
    rows = log.filter(log["is_delivered"]).to_pylist()
    valued = [row["file_row"] for row in rows if row["bid_value"] > 0]
    return [number for number, row in enumerate(sorted(valued), start=1) if row in listed]


def _without_rows(path: Path, numbers: list[int]) -> None:
    """Take rows, counted from 1, out of a CSV or Parquet file of texts."""
    if not numbers or not path.exists():
        return
    if path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        write_private(path, parquet_bytes(table.filter(_others(len(table), numbers))))
        return
    rows = read_csv(path)
    gone = set(numbers)
    kept = [tuple(row.values()) for number, row in enumerate(rows, start=1) if number not in gone]
    write_private(path, csv_bytes(list(rows[0]), kept))


def _others(rows: int, numbers: list[int]) -> pa.Array:
    gone = set(numbers)
    return pa.array([number not in gone for number in range(1, rows + 1)])


def _renumbered(log: pa.Table) -> pa.Table:
    """Count the rows of the rewritten files anew."""
    counts = {True: 0, False: 0}
    numbers: list[int | None] = []
    for row in log.select(["is_delivered", "file_row"]).to_pylist():
        if row["file_row"] is None:
            numbers.append(None)
            continue
        counts[row["is_delivered"]] += 1
        numbers.append(counts[row["is_delivered"]])
    place = log.schema.get_field_index("file_row")
    return log.set_column(place, log.schema.field(place), pa.array(numbers, pa.int32()))
