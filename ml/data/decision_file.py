"""Decisions made by hand, in a file of their own in the landing zone: `links/decisions-by-hand.csv`.

The landing zone takes the file beside any other that holds `links`. It appears whole or not at all, and no
writer overwrites what another wrote meanwhile. Its instants carry their offset, so that no zone of a source
applies to them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from ml.data.contract import entities
from ml.data.landing import discover, unreadable
from ml.data.landing_writer import as_csv
from ml.errors import KithError
from ml.settings import Settings
from ml.stores.place import Place
from ml.stores.store import Content, Store, store_at

ENTITY, NAME = "links", "decisions-by-hand.csv"
FILE = f"{ENTITY}/{NAME}"
PATIENCE_SECONDS = 10.0
# Where a store knows no locks: so often another writer may be quicker.
ATTEMPTS = 20

Record = tuple[str, str]


@dataclass(frozen=True)
class HandDecision:
    """What somebody decided about two records (source, source_key), as of an instant with its zone."""

    left: Record
    right: Record
    decision: str
    known_at: datetime
    decided_by: str

    @property
    def pair(self) -> frozenset[Record]:
        """The two records, whichever was named first."""
        return frozenset((self.left, self.right))


@dataclass(frozen=True)
class Written:
    """Where a decision stands, the words it took the place of, and decisions of the file that come after it."""

    place: Place
    replaced: list[str]
    later: list[tuple[datetime, str]]


def write_decision(landing: Place, made: HandDecision, settings: Settings) -> Written:
    """Add a decision to the file, or put it in the place of an earlier one of the same pair and instant.

    Args:
        landing: the landing zone.
        made: the decision.
        settings: tell the zone of instants in the file that carry no offset; those of Kith all do.

    Raises:
        KithError: the landing zone is none, cannot be written to, or holds such a file that cannot be read.
    """
    # What keeps a run from reading the landing zone keeps a decision out of it as well.
    discover(landing)
    store = store_at(landing)
    with _alone(store):
        for _ in range(ATTEMPTS):
            seen = store.read(FILE)
            rows = _read(landing, seen) if seen else []
            kept, replaced, later = _beside(rows, made, settings)
            if store.replace(FILE, _as_csv([*kept, _row(made)]), seen):
                return Written(landing / FILE, replaced, later)
    raise _in_use(landing)


def _beside(
    rows: list[dict[str, str]], made: HandDecision, settings: Settings
) -> tuple[list[dict[str, str]], list[str], list[tuple[datetime, str]]]:
    """Of the rows that are there: those that stay, the words that go, and later words of the same pair."""
    kept, replaced, later = [], [], []
    for row in rows:
        instant = _instant(row, settings) if _pair_of(row) == made.pair else None
        if instant == made.known_at:
            replaced.append(row["decision"])
            continue
        if instant is not None and instant > made.known_at:
            later.append((instant, row["decision"]))
        kept.append(row)
    return kept, replaced, later


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Hold the file against other writers."""
    try:
        with store.alone(FILE, PATIENCE_SECONDS):
            yield
    except TimeoutError as error:
        raise _in_use(store.place) from error
    except OSError as error:
        raise KithError(
            f"{store.place / FILE} cannot be written: {error.strerror or error}. A decision needs a landing zone that "
            "can be written to; nothing was decided."
        ) from error


def _in_use(landing: Place) -> KithError:
    return KithError(
        f"{landing / FILE} is being written by somebody else for more than {PATIENCE_SECONDS:.0f} seconds. Nothing was "
        "decided; try again."
    )


def _read(landing: Place, seen: Content) -> list[dict[str, str]]:
    """The rows of the file, with the contract's names for its columns."""
    (file,) = (file for file in discover(landing).files if file.name == FILE)
    own_names = {own: name for name, own in file.columns.items()}
    try:
        lines = io.TextIOWrapper(io.BytesIO(seen.data), encoding="utf-8-sig", newline="")
        reader = csv.DictReader(lines, delimiter=file.delimiter, restval="", strict=True)
        rows = list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise unreadable(file.name, "CSV", str(error)) from error
    if any(None in row for row in rows):
        raise unreadable(file.name, "CSV", "a record has more fields than the header names")
    return [{own_names.get(own, own): value for own, value in row.items()} for row in rows]


def _as_csv(rows: list[dict[str, str]]) -> bytes:
    columns = dict.fromkeys([*entities()[ENTITY].columns, *(name for row in rows for name in row)])
    table = {name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in columns}
    return as_csv(pa.table(table))


def _pair_of(row: dict[str, str]) -> frozenset[Record]:
    return frozenset(
        (row[f"{side}_source"].strip(), row[f"{side}_key"].strip()) for side in ("left", "right")
    )


def _instant(row: dict[str, str], settings: Settings) -> datetime | None:
    """When a row of the file was known, read as staging reads it; None where that cannot be read."""
    try:
        instant = datetime.fromisoformat(row["known_at"].strip())
    except ValueError:
        return None
    source = settings.source.get(row["left_source"].strip())
    zone = (source and source.timezone) or settings.timezone
    return instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))


def _row(made: HandDecision) -> dict[str, str]:
    values = (*made.left, *made.right, made.decision, made.known_at.isoformat(" "), made.decided_by)
    return dict(zip(entities()[ENTITY].columns, values, strict=True))
