"""Telling what went wrong without telling anybody's data.

Databases and libraries quote the value they stumbled over, and such a value may be a person's. What they say
reaches logs and the screen only through here.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable

LEFT_OUT = "(its words are left out: they may quote a value of the data)"
# Messages of these name code and columns, never a value of a row.
NAMES_CODE = {
    "AttributeError", "ImportError", "ModuleNotFoundError", "NameError", "NotImplementedError", "RecursionError",
    "UnboundLocalError", "BinderException", "CatalogException", "ParserException", "FileNotFoundError",
    "PermissionError",
}  # fmt: skip
# Errors of the database, as it writes them: the kind, and words that may hold a value.
_KIND = re.compile(r"\b(?P<kind>(?:[A-Z]\w+|of|to) (?:\w+ )*?Error|[A-Z]\w+ Error): ")
_ABOUT_CODE = ("Binder Error", "Catalog Error", "Parser Error", "Compilation Error")
_VALUE_BEGINS = re.compile(r"[\"'\d(]")
_COLUMN = re.compile(r"when casting from source column (\w+)")


def without_values(message: str) -> str:
    """An error of the database without what it quotes: kind, words up to the first value, the column."""
    for found in _KIND.finditer(message):
        if found["kind"].endswith(_ABOUT_CODE):
            continue
        said = message[found.end() :]
        value = _VALUE_BEGINS.search(said)
        if value is None:
            return message
        column = _COLUMN.findall(said)
        where = f" when casting from source column {column[-1]}" if column else ""
        return f"{message[: found.end()]}{said[: value.start()].rstrip()} …{where} (values are left out)"
    return message


class EntriesWithoutValues:
    """The log of dbt, line by line in and entry by entry out, without values.

    An entry begins with a time and may have many lines, so it is told when the next one begins.
    """

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._entry = ""

    def add(self, line: str) -> None:
        """Take the next line."""
        if re.match(r"\d\d:\d\d:\d\d  ", line):
            self.end()
        self._entry += line

    def end(self) -> None:
        """Tell the entry that is under way."""
        if self._entry:
            self._tell(_safe_entry(self._entry))
        self._entry = ""


def describe_fault(error: BaseException) -> str:
    """A traceback for a report: where in the code, and which kinds of error, without values of the data."""
    told: list[str] = []
    link: BaseException | None = error
    while link is not None:
        name = type(link).__name__
        words = str(link) if name in NAMES_CODE else LEFT_OUT
        told.append(
            "".join(
                [
                    "Traceback (most recent call last):\n",
                    *traceback.format_tb(link.__traceback__),
                    f"{name}: {words}\n",
                ]
            )
        )
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\nwhich led to:\n\n".join(reversed(told))


def place_of_fault(error: BaseException) -> str:
    """The kind of an error and the line of code it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def _safe_entry(entry: str) -> str:
    return without_values(entry.rstrip("\n")) + "\n"
