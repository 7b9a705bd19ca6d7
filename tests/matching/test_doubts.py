"""What speaks against one person, and what does not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ml.data.warehouse import write_table
from ml.matching.doubts import (
    add_doubts_of_sharers,
    add_doubts_of_strangers,
    keep_sharers,
    keep_unlike,
)
from ml.matching.epochs import Epoch
from ml.matching.parameters import usual_parameters
from ml.matching.tables import DOUBTS
from ml.matching.weighed import Weighed
from tests.matching.brands import FIRST_DAY, holding, score, state

BORN, ELSE = date(1980, 5, 17), date(1983, 11, 2)


def doubted(
    states: list[dict[str, Any]], shared: list[tuple[int, int, str]]
) -> list[tuple[Any, ...]]:
    """left, right, since and until (days after the first) of every doubt; `shared`: records and the type of value."""
    with holding(states) as connection:
        connection.execute(
            "create table sharing (left_record_no bigint, right_record_no bigint, id_type varchar, known_at timestamp)"
        )
        for left, right, kind in shared:
            connection.execute(
                "insert into sharing values (?, ?, ?, ?)", [left, right, kind, FIRST_DAY]
            )
        write_table(connection, "doubts", DOUBTS, [])
        epoch = Epoch(0, None, None)
        score(connection)
        Weighed(connection, "this code", [(epoch, usual_parameters())], date(2025, 1, 1))
        keep_sharers(connection, epoch)
        keep_unlike(connection, is_within=False)
        add_doubts_of_sharers(connection, epoch, usual_parameters())
        add_doubts_of_strangers(connection)
        rows = connection.execute(
            "select left_record_no, right_record_no, known_at, ended_at from doubts order by all"
        ).fetchall()
    return [
        (left, right, (since - FIRST_DAY).days, until and (until - FIRST_DAY).days)
        for left, right, since, until in rows
    ]


def person(record_no: int, given: str, born: date | None = None, **said: Any) -> dict[str, Any]:
    return state(record_no, given, "lee", birth_date=born, email="family.lee@x.org", **said)


def test_another_name_and_birth_date_on_the_family_mailbox_is_a_household() -> None:
    family = [person(1, "robert", BORN), person(2, "susan", ELSE)]
    assert doubted(family, [(1, 2, "email")]) == [(1, 2, 0, None)]


def test_one_person_is_not_doubted_for_a_slip_a_nickname_or_an_unknown() -> None:
    one = [
        person(1, "robert", BORN),
        person(2, "robert", BORN + timedelta(days=1)),
        person(3, "robert"),
        person(4, "rob", BORN, variants=["rob", "robert"]),
    ]
    assert doubted(one, [(a, b, "email") for b in (2, 3, 4) for a in range(1, b)]) == []


def test_strangers_are_held_apart_only_by_much() -> None:
    """Without a shared value a name alone is too little: somebody else's typing may stand between them."""
    assert doubted([person(1, "robert"), person(2, "susan")], []) == []
    assert doubted([person(1, "robert", BORN), person(2, "susan", ELSE)], []) == [(1, 2, 0, None)]


def test_a_doubt_ends_when_the_profile_is_corrected() -> None:
    changed = FIRST_DAY + timedelta(days=9)
    wrong = person(2, "susan", ELSE, ended_at=changed)
    right = person(2, "robert", BORN, known_at=changed)
    assert doubted([person(1, "robert", BORN), wrong, right], [(1, 2, "email")]) == [(1, 2, 0, 9)]
