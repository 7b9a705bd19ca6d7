"""Files that leave the house: equal content is equal bytes, and only the owner may read them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OWNER_FOLDER, OWNER_FILE = 0o700, 0o600


def table_bytes(header: Sequence[str], rows: Iterable[Sequence[str]], suffix: str) -> bytes:
    """A table of texts as CSV or, with the suffix parquet, as Parquet with nulls for what is empty."""
    if suffix == "csv":
        return csv_bytes(header, rows)
    columns = list(zip(*rows, strict=True)) or [() for _ in header]
    texts = {
        name: pa.array([cell or None for cell in column], pa.string())
        for name, column in zip(header, columns, strict=True)
    }
    return parquet_bytes(pa.table(texts))


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file in UTF-8."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return sink.getvalue().encode("utf-8")


def parquet_bytes(table: pa.Table) -> bytes:
    """A Parquet file; equal tables are equal bytes."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file that Kith wrote."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, in one step."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_FILE)
    with os.fdopen(descriptor, "wb") as sink:
        sink.write(content)
        sink.flush()
        os.fsync(sink.fileno())
    os.replace(part, path)
