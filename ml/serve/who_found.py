"""Finding a record in the warehouse, by its source and key or by the id of a customer that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb

from ml.data.sql_text import people_now
from ml.data.warehouse import BROKEN, DAMAGE, connect
from ml.errors import KithError
from ml.home import Home
from ml.run import RunState

_FIND = f"""
    select record_no, source, source_key, own_id, customer_no, customer_id
    from {people_now()} as records
    where {{condition}}
"""
_SOURCES = """
    select source from identity.int_identity__records group by source order by count(*) desc, source limit 12
"""
# How keys look, without saying one: a key may be a person's.
_SHAPES = """
    select regexp_replace(regexp_replace(source_key, '[0-9]', '9', 'g'), '\\p{L}', 'a', 'g') as shape
    from identity.int_identity__records
    where source = ?
    group by shape
    order by count(*) desc, shape
    limit 3
"""


@dataclass(frozen=True)
class Found:
    """A record, and the customer it belongs to now."""

    record_no: int
    source: str
    key: str
    own_id: str
    """The id of the customer whose earliest record this is, or would be."""
    head_no: int
    customer_id: str

    def __str__(self) -> str:
        return f"{self.source}:{self.key}"


@contextmanager
def open_identity(home: Home) -> Iterator[tuple[duckdb.DuckDBPyConnection, date]]:
    """The warehouse of a home for reading, and the day it speaks for.

    Raises:
        KithError: there is no warehouse, it cannot be read, a run is using it, or who is who has not been
            decided for its day.
    """
    if not home.database.exists():
        raise KithError(
            f"{home.root} holds no warehouse yet, so nobody can be shown. `kith run` builds it; --home names another "
            "home folder."
        )
    try:
        with connect(home, read_only=True) as connection:
            # No run changes the warehouse while it is open; one that began before has taken its word back.
            yield connection, _day_of(home)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise KithError(
            f"The warehouse in {home.root} was built by another version of Kith. `kith run` builds it anew."
        ) from error
    except duckdb.Error as error:
        if isinstance(error, BROKEN) or any(words in str(error) for words in DAMAGE):
            raise KithError(
                f"{home.database} cannot be read; a crash may have left it so. The next `kith run` builds it anew."
            ) from error
        raise


def _day_of(home: Home) -> date:
    day = RunState.built_for(home, "identity")
    if day is None:
        raise KithError(
            f"The warehouse in {home.root} does not know yet who is who: a run is at work on it, or stopped before "
            "that step. Wait for the run to end, or start `kith run`, and ask again."
        )
    return day


def find(connection: duckdb.DuckDBPyConnection, whom: Sequence[str], day: date) -> Found:
    """The record that is meant by SOURCE and KEY, by SOURCE:KEY, or by a customer id (its earliest record).

    Raises:
        KithError: the warehouse does not know it. The message says how keys look, and no key.
    """
    words = [word.strip() for word in whom]
    if len(words) == 1:
        found = _one(connection, "own_id = ?", words)
        if found:
            return found
        if ":" not in words[0]:
            raise KithError(
                f"No customer of {day} has, or had, this id, and it names no record. A customer id is a `c` and 20 "
                "letters and digits, as in `customers.parquet`; a record is written SOURCE:KEY, or SOURCE KEY."
            )
        words = words[0].split(":", 1)
    found = _one(connection, "source = ? and source_key = ?", words)
    if found:
        return found
    raise _unknown(connection, words[0], day)


def _one(
    connection: duckdb.DuckDBPyConnection, condition: str, values: Sequence[str]
) -> Found | None:
    row = connection.execute(_FIND.format(condition=condition), list(values)).fetchone()
    return Found(*row) if row else None


def _unknown(connection: duckdb.DuckDBPyConnection, source: str, day: date) -> KithError:
    sources = [name for (name,) in connection.execute(_SOURCES).fetchall()]
    shapes = [shape for (shape,) in connection.execute(_SHAPES, [source]).fetchall()]
    if not shapes:
        return KithError(
            f"No record known before {day} comes from the source named. There are records of: "
            f"{', '.join(sources) or 'no source'}."
        )
    return KithError(
        f"No record of the source {source} that was known before {day} has this key. Keys look like "
        f"{' or '.join(shapes)} there (9 stands for a digit, a for a letter)."
    )
