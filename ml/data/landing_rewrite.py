"""Taking rows out of landing files: what stays keeps its bytes, and a file changes in one step."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml.data.landing import LandedFile

# Per record (from 1, header not counted) the columns to empty; none: the whole record goes.
Changes = dict[int, list[str]]


def rewrite_file(file: LandedFile, changes: Changes, scratch: Path | None = None) -> None:
    """Write a landing file again without some records, and with some fields of others empty.

    A CSV's other lines stay byte for byte; a Parquet file keeps its types and compression.

    Args:
        file: the file.
        changes: what goes.
        scratch: folder of this machine for an object's bytes; the system's own when absent.

    Raises:
        csv.Error: the records of the CSV cannot be told apart.
    """
    rewrite = _rewrite_parquet if file.is_parquet else _rewrite_csv
    with (
        file.on_disk(scratch or Path(tempfile.gettempdir())) as path,
        file.store.writing(file.name, scratch) as part,
    ):
        rewrite(file, path, changes, part)


def _rewrite_parquet(file: LandedFile, path: Path, changes: Changes, part: Path) -> None:
    whole = pq.ParquetFile(path)
    kept = 0
    with pq.ParquetWriter(part, whole.schema_arrow, compression=_compression(whole)) as writer:
        for group in range(whole.num_row_groups):
            rows = whole.read_row_group(group)
            numbers = np.arange(kept + 1, kept + 1 + len(rows))
            kept += len(rows)
            for column in sorted({name for names in changes.values() for name in names}):
                emptied = [number for number, names in changes.items() if column in names]
                rows = _emptied(rows, file.columns[column], np.isin(numbers, emptied))
            gone = [number for number, names in changes.items() if not names]
            writer.write_table(rows.filter(pa.array(~np.isin(numbers, gone))))


def _emptied(rows: pa.Table, column: str, empty: np.ndarray) -> pa.Table:
    values = rows[column]
    place = rows.schema.get_field_index(column)
    nothing = pa.scalar(None, values.type)
    chosen = pa.compute.if_else(pa.array(empty), nothing, values)
    return rows.set_column(place, rows.schema.field(column), chosen)


def _compression(whole: pq.ParquetFile) -> str:
    if not whole.num_row_groups or not whole.metadata.num_columns:
        return "snappy"
    name = str(whole.metadata.row_group(0).column(0).compression).lower()
    return "none" if name == "uncompressed" else name


def _rewrite_csv(file: LandedFile, path: Path, changes: Changes, part: Path) -> None:
    with (
        path.open(encoding="utf-8", newline="") as lines,
        part.open("w", encoding="utf-8", newline="") as sink,
    ):
        records = _records(lines, file.delimiter)
        header, text = next(records)
        sink.write(text)
        names = [name.removeprefix("\ufeff") for name in header]
        number = 0
        for record, text in records:
            number += bool(record)
            if not record or number not in changes:
                sink.write(text)
            elif changes[number]:
                places = {names.index(file.columns[column]) for column in changes[number]}
                sink.write(_without_fields(record, places, text, file.delimiter))


def _records(lines: Iterator[str], delimiter: str) -> Iterator[tuple[list[str], str]]:
    """Each record with the text it was read from; a blank line is an empty record."""
    taken: list[str] = []

    def tee() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    for record in csv.reader(tee(), delimiter=delimiter, strict=True, skipinitialspace=True):
        yield record, "".join(taken)
        taken.clear()


def _without_fields(record: list[str], places: set[int], text: str, delimiter: str) -> str:
    ending = text[len(text.rstrip("\r\n")) :]
    sink = io.StringIO(newline="")
    fields = ["" if place in places else field for place, field in enumerate(record)]
    csv.writer(sink, delimiter=delimiter, lineterminator=ending).writerow(fields)
    return sink.getvalue()
