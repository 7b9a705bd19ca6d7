"""`kith who --same` and `--different`: a person's decision about two records, written into the landing zone.

The decision is about what the warehouse shows for its day D, so that is when it was known: 00:00 of D. A run
as of D does not see it, and what is published for D stays as it is; from D + 1 on it counts.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb

from ml.data.decision_file import ENTITY, NAME, HandDecision, Written, write_decision
from ml.errors import KithError
from ml.home import Home
from ml.serve.who_found import Found, find, open_identity
from ml.serve.who_text import minute, wrapped
from ml.stores.place import Place

# What other files of the landing zone say of the pair from that instant on, whether the day sees it or not.
_OTHER_WORDS = """
    select known_at, decision, file
    from staging.base_links
    where refusals = '' and file <> ? and known_at >= ? and (
        (left_source = ? and left_key = ? and right_source = ? and right_key = ?)
        or (right_source = ? and right_key = ? and left_source = ? and left_key = ?)
    )
    order by known_at, decision, file
"""
_WORDS = {"same": "the same person", "different": "different people"}


def decide(
    home: Home, landing: Place, pair: tuple[str, str], decision: str, decided_by: str
) -> list[str]:
    """Write a decision about two records, and say from when it counts.

    Args:
        home: the home folder whose warehouse knows the two records.
        landing: the landing zone that its runs read.
        pair: each a record, SOURCE:KEY, or a customer id, which stands for its earliest record.
        decision: `same` or `different`.
        decided_by: who decided.

    Raises:
        KithError: a record is not known, both are one, or the landing zone cannot be written to.
    """
    if not decided_by.strip():
        raise KithError("A decision needs the name of who made it: --by was empty.")
    with open_identity(home) as (connection, day):
        left, right = (find(connection, [one], day) for one in pair)
        if left.record_no == right.record_no:
            raise KithError(
                "Both sides are one and the same record, and a decision is about two. Name another record, as "
                "`kith who` lists them: SOURCE:KEY."
            )
        others = _other_words(connection, left, right, day)
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(home.settings.timezone))
    records = (left.source, left.key), (right.source, right.key)
    made = HandDecision(*records, decision, midnight, decided_by.strip())
    written = write_decision(landing, made, home.settings)
    lines = [
        *_told(left, right, decision, day),
        *_replaced(written, decision),
        *_contradicted(written, decision, others, day),
        _from_when(written, day),
    ]
    return [
        *(part for line in lines for part in wrapped(line, "", hang=2)),
        f"  {_next_run(home, landing, day)}",
    ]


def _other_words(
    connection: duckdb.DuckDBPyConnection, left: Found, right: Found, day: date
) -> list[tuple[datetime, str, str]]:
    records = [left.source, left.key, right.source, right.key]
    own_file = f"{ENTITY}/{NAME}"
    return connection.execute(_OTHER_WORDS, [own_file, day, *records, *records]).fetchall()


def _told(left: Found, right: Found, decision: str, day: date) -> Iterator[str]:
    yield f"Decided: {left} and {right} are {_WORDS[decision]}."
    is_one = left.customer_id == right.customer_id
    if is_one:
        now = f"one customer, {left.customer_id}"
    else:
        now = f"two customers, {left.customer_id} and {right.customer_id}"
    is_so = is_one == (decision == "same")
    yield f"As of {day} they are {now}" + (" already; the decision keeps it so." if is_so else ".")


def _replaced(written: Written, decision: str) -> Iterator[str]:
    if decision in written.replaced:
        yield f"The same was decided before, as of the same day; it stands once in {written.place.name}."
    elif written.replaced:
        yield (
            f"This takes the place of the opposite decision ('{written.replaced[0]}') as of the same day: of two "
            "decisions of one instant `different` would win, not the last word."
        )


def _contradicted(
    written: Written, decision: str, others: list[tuple[datetime, str, str]], day: date
) -> Iterator[str]:
    """Words about the same pair that have the better of this one."""
    midnight = datetime(day.year, day.month, day.day)
    words = [(instant, word, f"{ENTITY}/{NAME}") for instant, word in written.later]
    words += [one for one in others if one[0] > midnight or one[1] == "different"]
    for instant, word, file in words:
        if word != decision:
            yield (
                f"But {file} says '{word}' of the two, known at {minute(instant)}, and that wins over what is known at "
                f"00:00 of {day}. To have the last word, decide again when the warehouse is built for a later day."
            )


def _from_when(written: Written, day: date) -> str:
    return (
        f"Written to {written.place} as known at 00:00 of {day}: what is published for that day stays, and the "
        f"decision counts from {day + timedelta(days=1)} on:"
    )


def _next_run(home: Home, landing: Place, day: date) -> str:
    return (
        f"kith run --landing {shlex.quote(str(landing))} --home {shlex.quote(str(home.root))} "
        f"--as-of-date {day + timedelta(days=1)}"
    )
