"""Lines for a screen of 100 columns."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime

WIDTH = 100
INDENT = "  "


def one_line(text: str) -> str:
    """A text of the data as it can be shown: control characters and line breaks become blanks."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def width_of(text: str) -> int:
    """How many columns a text takes: Chinese, Japanese and Korean characters take two, accents of their own none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows whose cells begin together."""
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True)
        )
        yield (INDENT + "  ".join(cells)).rstrip()


def wrapped(text: str, indent: str = INDENT, hang: int = 0) -> Iterator[str]:
    """A paragraph; a value that is longer than a line is not cut."""
    yield from textwrap.wrap(
        one_line(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + " " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def section(title: str, lines: Sequence[str]) -> Iterator[str]:
    """A heading and its lines; nothing where there are none."""
    if lines:
        yield ""
        yield title
        yield from lines


def the_first(items: Sequence[str], most: int, what: str) -> Iterator[str]:
    """So many of some paragraphs, and how many more there are."""
    for item in items[:most]:
        yield from wrapped(item, hang=2)
    if len(items) > most:
        yield f"{INDENT}and {len(items) - most:,} more {what}"


def minute(moment: datetime) -> str:
    """An instant to the minute."""
    return moment.strftime("%Y-%m-%d %H:%M")
