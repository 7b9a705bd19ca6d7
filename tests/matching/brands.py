"""Made-up profile states whose truth is known, and a DuckDB that holds them as the warehouse would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import duckdb
import pandas as pd

from ml.matching.backends import Desk
from ml.matching.epochs import Epoch
from ml.matching.levels import compare_pairs, meet, open_levels, with_levels
from ml.matching.parameters import usual_parameters
from ml.matching.portions import portions
from ml.matching.scores import count_values, score_pairs, with_shares, write_shares

STATES = {
    "state_no": "bigint",
    "record_no": "bigint",
    "known_at": "timestamp",
    "ended_at": "timestamp",
    "given": "varchar",
    "family": "varchar",
    "full_name": "varchar",
    "variants": "varchar[]",
    "other_variants": "varchar[]",
    "birth_date": "date",
    "gender": "varchar",
    "email": "varchar",
    "phone": "varchar",
    "street": "varchar",
    "city": "varchar",
    "postcode": "varchar",
}
FIRST_DAY = datetime(2024, 1, 1, 9)


def state(
    record_no: int, given: str | None = None, family: str | None = None, **said: Any
) -> dict[str, Any]:
    """One profile state, numbered later."""
    words = sorted({word for word in (given, family) if word and len(word) > 1})
    return dict.fromkeys(STATES) | {
        "record_no": record_no,
        "known_at": FIRST_DAY + timedelta(days=record_no // 50),
        "given": given,
        "family": family,
        "full_name": " ".join(words) if len(words) > 1 else None,
        "variants": [given] if given else None,
        "other_variants": [],
        **said,
    }


@contextmanager
def holding(
    states: list[dict[str, Any]], pairs: list[tuple[int, int]] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with `states` in the order given, and `candidates`: the pairs, or all of them."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as warehouse")
    connection.execute(
        f"create table states ({', '.join(f'{name} {kind}' for name, kind in STATES.items())})"
    )
    rows = pd.DataFrame([one | {"state_no": number} for number, one in enumerate(states)])
    connection.register("rows", rows.astype({"birth_date": object}))
    connection.execute(f"insert into states select {', '.join(STATES)} from rows")
    chosen = pairs or [(a, b) for b in range(len(states)) for a in range(b)]
    connection.execute("create table met (left_state_no bigint, right_state_no bigint)")
    connection.executemany("insert into met values (?, ?)", chosen)
    connection.execute(
        "create table candidates as select met.*, least(l.record_no, r.record_no) as left_record_no, "
        "greatest(l.record_no, r.record_no) as right_record_no, r.known_at from met "
        "inner join states as l on left_state_no = l.state_no inner join states as r on right_state_no = r.state_no"
    )
    try:
        yield connection
    finally:
        connection.close()


def score(connection: duckdb.DuckDBPyConnection) -> None:
    """Compare and score the candidates with general experience, into `scored`."""
    epoch = Epoch(0, None, None)
    open_levels(connection, "general experience")
    met = meet(connection, "candidates")
    compare_pairs(connection, met, Desk())
    count_values(connection, epoch)
    write_shares(connection, met)
    (whole,) = portions(connection, met)
    connection.execute(f"create or replace table judged as {with_shares(with_levels(met, whole))}")
    score_pairs(connection, usual_parameters(), "judged")


def planted(people: int, seed: int) -> tuple[list[dict[str, Any]], list[tuple[int, int]]]:
    """Two states per person: the second errs with known frequencies; and the pairs that share a name, mailbox or day.

    Planted: the birth date is the same in 90 % and another day in 10 %; the mailbox is the same in 60 %.
    """
    draw = Random(seed)
    given = [
        f"{a}{b}"
        for a in ("an", "be", "ci", "do", "el")
        for b in ("na", "ta", "so", "ri", "vo", "ku")
    ]
    family = [
        f"{a}{b}"
        for a in ("tor", "mel", "kas", "ven", "hul", "bri")
        for b in ("man", "son", "wick", "ley", "ova")
    ]
    states = []
    for person in range(people):
        name = draw.choice(given), draw.choice(family)
        born = date(1950, 1, 1) + timedelta(days=draw.randrange(18_000))
        mail = f"{name[0]}{draw.randrange(10**6):06d}@mail.example"
        for record in (2 * person, 2 * person + 1):
            again = record % 2
            moved = again and draw.random() < 0.1
            states.append(
                state(
                    record,
                    *name,
                    birth_date=born + timedelta(days=draw.randrange(400, 9_000)) if moved else born,
                    email=mail
                    if not again or draw.random() < 0.6
                    else f"x{draw.randrange(10**9):09d}@other.example",
                )
            )
    by_key: dict[object, list[int]] = {}
    for number, one in enumerate(states):
        for key in (one["full_name"], one["email"], (one["family"], one["birth_date"])):
            by_key.setdefault(key, []).append(number)
    pairs = {(a, b) for group in by_key.values() for b in group for a in group if a < b}
    return states, sorted(pairs)
