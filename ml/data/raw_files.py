"""Reading one landed file as rows of text, whatever its format and however irregular its records.

The result is a Parquet file with the contract's columns as text (absent ones null), `file`, `file_row` (data
record from 1) and `row_fault` (a record with more fields than the header).
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ml.data.contract import Entity
from ml.data.landing import LandedFile, csv_header, unreadable, wrong_encoding
from ml.data.sql_text import literal

EXTRA_FIELDS = "*=more fields than the header names"

# A review may be long; the csv module stops at 128 KiB unless told otherwise.
csv.field_size_limit(sys.maxsize)


def raw_schema(entity: Entity) -> pa.Schema:
    """The columns of the raw layer for an entity: texts, and where a row comes from."""
    texts = [(column, pa.string()) for column in (*entity.columns, "file", "row_fault")]
    return pa.schema([*texts, ("file_row", pa.int64())])


def engine() -> duckdb.DuckDBPyConnection:
    """An engine in memory that keeps rows in their order and reads instants as they are written."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = true")
    return connection


def convert_file(file: LandedFile, path: Path, target: Path) -> None:
    """Write one landed file as raw Parquet; fast where the file is regular, row by row where it is not.

    Args:
        file: how its columns are mapped.
        path: its bytes on this machine.
        target: the Parquet file to write.

    Raises:
        KithError: the file cannot be read as what its name says; the message names it.
    """
    with engine() as connection:
        try:
            if file.is_parquet:
                _copy(connection, file, target, *_parquet_relation(connection, file, path))
            elif len(_csv_names(file, path)) == 1:
                # Of a single column DuckDB takes an empty line for a record; here it is none.
                _convert_irregular_csv(file, path, target)
            else:
                _copy(connection, file, target, *_csv_relation(file, path))
        except duckdb.Error as error:
            if file.is_parquet:
                raise unreadable(file.name, "Parquet", str(error)) from error
            _convert_irregular_csv(file, path, target)


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _path_literal(path: Path) -> str:
    """A path as SQL text that means this file alone, whatever pattern characters its name holds."""
    return literal(re.sub(r"([\[*?])", r"[\1]", str(path)))


def _parquet_relation(
    connection: duckdb.DuckDBPyConnection, file: LandedFile, path: Path
) -> tuple[str, str, dict[str, str]]:
    relation = f"read_parquet({_path_literal(path)}, file_row_number = true)"
    types = {
        row[0]: row[1]
        for row in connection.execute(f"describe select * from {relation}").fetchall()
    }
    texts = {column: _as_text(_quoted(own), types[own]) for column, own in file.columns.items()}
    return relation, "file_row_number + 1", texts


def _as_text(column: str, column_type: str) -> str:
    """A typed Parquet column as the text a CSV would hold: whole floats without '.0', NaN as missing."""
    if column_type not in ("DOUBLE", "FLOAT"):
        return f"cast({column} as varchar)"
    return (
        f"case when isnan({column}) then null "
        f"when {column} = trunc({column}) and abs({column}) < 1e15 then cast(cast({column} as bigint) as varchar) "
        f"else cast({column} as varchar) end"
    )


def _csv_names(file: LandedFile, path: Path) -> list[str]:
    with path.open("rb") as content:
        return csv_header(content, file.name)[0]


def _csv_relation(file: LandedFile, path: Path) -> tuple[str, str, dict[str, str]]:
    header = _csv_names(file, path)
    # Positions, not names: two columns of a header may differ in case only.
    names = [f"column_{number}" for number in range(len(header))]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    relation = (
        f"read_csv({_path_literal(path)}, auto_detect = false, header = true, "
        f"delim = {literal(file.delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}})"
    )
    texts = {column: names[header.index(own)] for column, own in file.columns.items()}
    return relation, "row_number() over ()", texts


def _copy(
    connection: duckdb.DuckDBPyConnection,
    file: LandedFile,
    target: Path,
    relation: str,
    row_number: str,
    texts: dict[str, str],
) -> None:
    columns = [
        f"{texts.get(column, 'cast(null as varchar)')} as {column}"
        for column in file.entity.columns
    ]
    connection.execute(
        f"copy (select {', '.join(columns)}, {literal(file.name)} as file, cast(null as varchar) as row_fault, "
        f"{row_number} as file_row from {relation}) to {literal(str(target))} (format parquet)"
    )


def _convert_irregular_csv(file: LandedFile, path: Path, target: Path) -> None:
    """Read a CSV whose records do not all fit its header, losing none of them.

    Raises:
        KithError: the file is not UTF-8 text, or a quoted field never ends.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, delimiter=file.delimiter, strict=True, skipinitialspace=True)
            records = (record for record in reader if record)
            header = next(records)
            with pq.ParquetWriter(target, raw_schema(file.entity)) as writer:
                for batch in _batches(file, header, records):
                    writer.write_batch(batch)
    except UnicodeDecodeError as error:
        raise wrong_encoding(file.name) from error
    except csv.Error as error:
        raise unreadable(file.name, "CSV", f"line {reader.line_num}: {error}") from error


def _batches(
    file: LandedFile, header: list[str], records: Iterable[list[str]]
) -> Iterable[pa.RecordBatch]:
    schema = raw_schema(file.entity)
    positions = {column: header.index(own) for column, own in file.columns.items()}
    rows: list[dict[str, str | int | None]] = []
    for number, record in enumerate(records, start=1):
        fits = not any(record[len(header) :])  # a delimiter at the end of a line adds nothing
        row: dict[str, str | int | None] = {
            column: record[position]
            for column, position in positions.items()
            if position < len(record)
        }
        rows.append(
            row
            | {"file": file.name, "file_row": number, "row_fault": None if fits else EXTRA_FIELDS}
        )
        if len(rows) == 100_000:
            yield pa.RecordBatch.from_pylist(rows, schema=schema)
            rows = []
    yield pa.RecordBatch.from_pylist(rows, schema=schema)
