"""Reading lists of `dbt_project/seeds` that people edit: every value is judged, and a fault is named with its row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import time
from pathlib import Path
from typing import Any, TypeVar

from ml.errors import KithError

Row = TypeVar("Row")
Parse = Callable[[str], Any]


def read_list(
    path: Path, kind: type[Row], values: Mapping[str, Parse], key: tuple[str, ...]
) -> tuple[Row, ...]:
    """The rows of a CSV file, each as an instance of a dataclass.

    Args:
        path: the file; it may have more columns than are read.
        kind: the dataclass; its fields are the names of `values`.
        values: how each column is read from its text; a parser refuses by ValueError, in words.
        key: the columns that together name one row.

    Raises:
        KithError: the file cannot be read, lacks a column, or a row is wrong; the message names the file, the
            row (from 1, the header not counted) and the value.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, restval="")
            rows, header = list(reader), reader.fieldnames or ()
    except (OSError, ValueError, csv.Error) as error:
        raise KithError(f"{path} cannot be read as a list: {error}. Mend the file.") from error
    missing = [field.name for field in fields(kind) if field.name not in header]  # type: ignore[arg-type]
    if missing:
        raise KithError(
            f"{path} lacks the column {missing[0]}. Add it; docs/next_best_action.md says what it means."
        )
    _require_unique(path, rows, key)
    return tuple(
        kind(
            **{name: _value(path, number, name, parse, row[name]) for name, parse in values.items()}
        )
        for number, row in enumerate(rows, start=1)
    )


def _require_unique(path: Path, rows: Sequence[Mapping[str, str]], key: tuple[str, ...]) -> None:
    seen = set()
    for number, row in enumerate(rows, start=1):
        named = tuple(row[column] for column in key)
        if named in seen:
            raise KithError(
                f"{path}, row {number}: {', '.join(key)} must name one row; '{', '.join(named)}' stands twice. "
                "Take one away."
            )
        seen.add(named)


def _value(path: Path, row: int, name: str, parse: Parse, text: str) -> Any:
    try:
        return parse(text.strip())
    except ValueError as error:
        raise KithError(
            f"{path}, row {row}, column {name}: {error}; found '{text}'. Write another value."
        ) from error


def word(text: str) -> str:
    """Any text but none."""
    if not text:
        raise ValueError("a word is needed")
    return text


def one_of(*known: str) -> Parse:
    """One of the words named."""

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"one of {', '.join(known)} is needed")
        return text

    return parse


def number(most: float = float("inf")) -> Parse:
    """A number from 0 to `most`."""

    def parse(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = -1.0
        if not 0 <= found <= most:
            raise ValueError(f"a number from 0 to {most:g} is needed")
        return found

    return parse


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdecimal():
        raise ValueError("a whole number, 0 or more, is needed")
    return int(text)


def hour(text: str) -> time:
    """A time of day."""
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError("a time of day written HH:MM is needed") from None


def or_none(parse: Parse) -> Parse:
    """What `parse` reads, or None where nothing is written."""
    return lambda text: parse(text) if text else None
