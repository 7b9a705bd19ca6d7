"""Reading a public data set: finding its file, its columns, its values, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ml.errors import KithError

READABLE = (".parquet", ".csv")


def find_source_file(source: Path) -> Path:
    """The data file itself: ``source``, or the only Parquet or CSV file in that folder."""
    if source.is_file():
        return source
    if not source.is_dir():
        raise KithError(
            f"{source}: the source must be a file or a folder; found nothing there. Check the path."
        )
    found = sorted(p for p in source.iterdir() if p.is_file() and p.suffix.lower() in READABLE)
    if len(found) != 1:
        names = ", ".join(p.name for p in found) or "none"
        raise KithError(
            f"{source}: a folder must hold exactly one .parquet or .csv file; found "
            f"{names}. Name the file itself."
        )
    return found[0]


def read_columns(path: Path, wanted: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Read a file and return the wanted columns under their own names.

    ``wanted`` maps each column to the other spellings it goes by. CSV is read as text (UTF-8, else
    Windows-1252, in which the shop exports of 2010 were written), with empty values as missing.
    Raises KithError for an unknown format, an unreadable or empty file and for missing columns.
    """
    try:
        frame = _read(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise KithError(
            f"{path}: the file must be readable as {path.suffix.lower()[1:]}; found: "
            f"{reason}. Fetch it again, or save it as CSV in UTF-8."
        ) from error
    by_name = {str(name).strip().lower(): name for name in frame.columns}
    chosen = {}
    for column, spellings in wanted.items():
        hits = [by_name[s.lower()] for s in (column, *spellings) if s.lower() in by_name]
        if hits:
            chosen[hits[0]] = column
    missing = [column for column in wanted if column not in chosen.values()]
    if missing:
        raise KithError(
            f"{path}: needs the columns {', '.join(wanted)}; missing: "
            f"{', '.join(missing)}; found: {', '.join(map(str, frame.columns))}. "
            "Rename the columns, or check that this is the right file."
        )
    if frame.empty:
        raise KithError(
            f"{path}: must hold at least one row; found only the header. Fetch the file again."
        )
    return frame[list(chosen)].rename(columns=chosen).reset_index(drop=True)


def _read(path: Path) -> pd.DataFrame:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return pd.read_parquet(path)
    if suffix != ".csv":
        raise KithError(
            f"{path}: must end in .parquet or .csv; found {suffix or 'no ending'}. "
            "Open the file in a spreadsheet and save it as CSV (UTF-8)."
        )
    try:
        return pd.read_csv(
            path, dtype=str, encoding="utf-8-sig", na_values=[""], keep_default_na=False
        )
    except UnicodeDecodeError:
        return pd.read_csv(
            path, dtype=str, encoding="cp1252", na_values=[""], keep_default_na=False
        )


def texts(path: Path, column: pd.Series, required: bool = True) -> pd.Series:
    """Trimmed text, None if empty; whole numbers that became floats lose their ``.0``."""
    if pd.api.types.is_float_dtype(column):
        column = column.map(lambda v: None if pd.isna(v) else f"{v:.10g}")
    present = column.notna()
    # Text reaches us as 17850.0 when a spreadsheet or pandas saw an empty cell in the column.
    trimmed = column.astype(str).str.strip().str.replace(r"^(\d+)\.0$", r"\1", regex=True)
    trimmed = trimmed.where(present & (trimmed != ""), None)
    if required:
        refuse_first(path, column, trimmed.isna().to_numpy(), "must not be empty")
    return trimmed


def scaled_numbers(path: Path, column: pd.Series, scale: int) -> npt.NDArray[np.int64]:
    """Numbers as exact integers counted in units of ``10**-scale``."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    shifted = numbers * 10**scale
    with np.errstate(invalid="ignore"):
        off = np.abs(shifted - np.rint(shifted)) > 1e-3
        bad = ~np.isfinite(numbers) | off | (np.abs(shifted) > 2**53)
    digits = f"at most {scale} decimal places" if scale else "no decimal places"
    refuse_first(path, column, bad, f"must be a number with {digits}")
    exact: npt.NDArray[np.int64] = np.rint(shifted).astype(np.int64)
    return exact


def instants(path: Path, column: pd.Series, *formats: str) -> pd.Series:
    """Instants without an offset: ISO 8601, or the first of ``formats`` that all values follow."""
    if pd.api.types.is_datetime64_any_dtype(column):
        parsed = column
    else:
        attempts = [
            pd.to_datetime(column, format=f, errors="coerce") for f in ("ISO8601", *formats)
        ]
        parsed = min(attempts, key=lambda attempt: int(attempt.isna().sum()))
    refuse_first(path, column, parsed.isna().to_numpy(), "must be a date or an instant")
    return parsed.astype("datetime64[us]")


def refuse_first(path: Path, column: pd.Series, bad: npt.NDArray[np.bool_], rule: str) -> None:
    """Raise a KithError that names the first bad row, and how many there are."""
    if bad.any():
        row = int(np.argmax(bad))
        found = "nothing" if pd.isna(column.iloc[row]) else repr(column.iloc[row])
        raise KithError(
            f"{path}: {column.name} {rule}; found {found} in row {row + 1} (first of "
            f"{int(bad.sum())}; the header is not counted). Correct or remove "
            "these rows."
        )
