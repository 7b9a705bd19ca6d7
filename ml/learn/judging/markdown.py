"""Markdown for cards and reports."""

import math
from collections.abc import Iterable, Sequence

import pandas as pd


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; cells are texts."""
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def frame_table(frame: pd.DataFrame, columns: Sequence[str], how: str) -> str:
    """Give some columns of a frame as a table, numbers that are no counts formatted by ``how``."""
    rows = ([cell(value, how) for value in row] for row in frame[list(columns)].itertuples(False))
    return table([column.replace("_", " ") for column in columns], rows)


def cell(value: object, how: str) -> str:
    """Give a value as text: a dash where it is not known."""
    if not isinstance(value, float):
        return str(value)
    return "–" if math.isnan(value) else format(value, how)


def percent(share: float | None, digits: int = 1) -> str:
    """Give a share as per cent; "unknown" where there is none."""
    if share is None or math.isnan(share):
        return "unknown"
    return f"{share:.{digits}%}".replace("%", " %")


def page(*parts: str) -> str:
    """Join what is not empty, with a line between."""
    return "\n\n".join(filter(None, parts)) + "\n"
