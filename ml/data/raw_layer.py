"""The raw layer: the rows of the landing zone as text, with file and record number.

Every file becomes one Parquet file of the raw layer: the contract's columns as text (absent ones
null), `file`, `file_row` (data record from 1) and `row_fault` (a record with more fields than the
header). A file is read again only when it changed, or when somebody was erased; rows of erased people
are left out, and the others keep their numbers. Typing and judging is the SQL of staging.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from ml.data.contract import entities
from ml.data.erasure_filter import ErasureFilter
from ml.data.landing import LandedFile, Landing
from ml.data.raw_files import convert_file, engine, raw_schema

RAW_LAYOUT = "1"  # part of a raw file's name: raise it when the raw layer's columns change

FETCHED = ".fetched"  # folder for one file of an object store at a time
LEFT_OUT = "left_out.json"  # of each raw file that lacks rows: how many


def ingest(
    landing: Landing,
    raw: Path,
    on_progress: Callable[[str], None] = lambda line: None,
    erased: ErasureFilter | None = None,
) -> list[str]:
    """Bring the raw layer in line with the landing zone, reading only files that changed.

    What lies on an object store is fetched one file at a time, read, and removed again.

    Args:
        landing: the files to read.
        raw: folder of the raw layer.
        on_progress: receives a line for each file that is read.
        erased: whose rows are left out.

    Returns:
        What the raw layer holds, by entity and digest, in a fixed order.

    Raises:
        KithError: a file cannot be read as what its name says; the message names it.
    """
    wanted: set[Path] = set()
    for entity in entities().values():
        folder = raw / entity.name
        folder.mkdir(parents=True, exist_ok=True)
        empty = folder / f"none-{RAW_LAYOUT}.parquet"
        if not empty.exists():
            pq.write_table(raw_schema(entity).empty_table(), empty)
        wanted.add(empty)
    left_out = rows_left_out(raw)
    for file in landing.files:
        target = raw / file.entity.name / f"{_identity_of(file, erased)}.parquet"
        wanted.add(target)
        if not target.exists():
            on_progress(f"reading {file.name}")
            part = target.with_suffix(".part")
            with file.on_disk(raw / FETCHED) as path:
                left_out[target.name] = _read(file, path, part, erased)
            _note_left_out(raw, left_out)
            part.replace(target)
    shutil.rmtree(raw / FETCHED, ignore_errors=True)
    for stale in set(raw.glob("*/*")) - wanted:
        stale.unlink()
    present = {path.name for path in wanted}
    _note_left_out(raw, {name: rows for name, rows in left_out.items() if name in present})
    return sorted(path.relative_to(raw).as_posix() for path in wanted)


def rows_left_out(raw: Path) -> dict[str, int]:
    """How many rows of erased people each raw file lacks."""
    try:
        found: dict[str, int] = json.loads((raw / LEFT_OUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def records_to_erase(
    file: LandedFile, erased: ErasureFilter, folder: Path
) -> list[tuple[int, list[str]]]:
    """The records of a landed file that hold something erased: number, and the columns to empty (none: all)."""
    everything = folder / "whole.parquet"
    with file.on_disk(folder) as path:
        convert_file(file, path, everything)
    try:
        with engine() as connection:
            return erased.marked(connection, file.entity, everything)
    finally:
        everything.unlink()


def _read(file: LandedFile, path: Path, target: Path, erased: ErasureFilter | None) -> int:
    """Write one landed file as raw Parquet; gives the number of rows of erased people that it left out."""
    if erased is None:
        convert_file(file, path, target)
        return 0
    everything = target.with_suffix(".whole")
    try:
        convert_file(file, path, everything)
        with engine() as connection:
            return erased.copy(connection, file.entity, everything, target)
    finally:
        everything.unlink(missing_ok=True)


def _note_left_out(raw: Path, left_out: dict[str, int]) -> None:
    counted = {name: rows for name, rows in sorted(left_out.items()) if rows}
    part = raw / f"{LEFT_OUT}.part"
    part.write_text(json.dumps(counted, indent=1), encoding="utf-8")
    part.replace(raw / LEFT_OUT)


def _identity_of(file: LandedFile, erased: ErasureFilter | None) -> str:
    filtered = erased.digest if erased else ""
    told = f"{RAW_LAYOUT}\0{filtered}\0{file.name}\0{file.identity()}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]
