"""Levels are found once per pair of contents, and only for as long as they may be believed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from ml.matching.backends import Desk
from ml.matching.comparisons import COMPARISONS
from ml.matching.levels import FIELDS, compare_pairs, meet, open_levels
from tests.matching.brands import STATES, holding, planted, score, state

SAID: dict[str, Any] = {
    "birth_date": date(1980, 5, 17),
    "variants": ["ann", "anna"],
    "other_variants": ["x"],
    "email": "ann@a.org",
    "phone": "+441711234567",
    "street": "12 high street",
    "city": "leeds",
    "postcode": "ls12ab",
}


def compare(connection: duckdb.DuckDBPyConnection, definition: str = "this code") -> int:
    open_levels(connection, definition)
    return compare_pairs(connection, meet(connection, "candidates"), Desk())


def scored(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    score(connection)
    return connection.execute("from scored order by left_state_no, right_state_no").fetchall()


def test_a_pair_is_compared_once_and_again_when_the_code_is_another() -> None:
    states, pairs = planted(40, seed=1)
    with holding(states, pairs) as connection:
        assert compare(connection) > 0
        assert compare(connection) == 0
        # What is kept is believed ...
        connection.execute("update warehouse.matched.compared set email_level = 5")
        assert compare(connection) == 0
        assert scored(connection) != []
        # ... under the code that found it.
        assert compare(connection, "other code") > 0
        found = "select distinct email_level from compared"
        assert len(connection.execute(found).fetchall()) > 1


def test_a_later_day_compares_what_is_new_and_finds_what_a_first_day_would() -> None:
    states, pairs = planted(60, seed=2)
    half = [pair for pair in pairs if max(pair) < 60]
    with holding(states, half) as connection:
        some = compare(connection, "general experience")
        kept = connection.execute("from compared").to_arrow_table()
    with holding(states, pairs) as connection:
        everything = compare(connection, "general experience")
        at_once = scored(connection)
    with holding(states, pairs) as connection:
        open_levels(connection, "general experience")
        connection.execute("insert into warehouse.matched.compared from kept")
        assert 0 < some < everything
        assert compare(connection, "general experience") == everything - some
        assert scored(connection) == at_once
    assert kept.num_rows == some


def test_numbers_may_shift() -> None:
    """An older state that comes late moves the others on; what they say is the same."""
    states, pairs = planted(40, seed=3)
    with holding(states, pairs) as connection:
        compare(connection)
        kept = connection.execute("from compared").to_arrow_table()
    late = state(10_000, "zoe", "quill")
    with holding([late, *states], [(a + 1, b + 1) for a, b in pairs]) as connection:
        open_levels(connection, "this code")
        connection.execute("insert into warehouse.matched.compared from kept")
        assert compare(connection) == 0
        assert kept.num_rows > 0


@pytest.mark.parametrize("field", FIELDS)
def test_whatever_is_compared_is_part_of_what_a_state_says(field: str) -> None:
    """Another value, none, and the empty one of its type are four things to say."""
    said = state(0, "ann", "lee", **SAID)
    another = {"birth_date": date(1981, 1, 1)}.get(field, ["b"] if "variants" in field else "b")
    empty = {"birth_date": date(1, 1, 1)}.get(field, [] if "variants" in field else "")
    states = [said, said | {field: another}, said | {field: None}, said | {field: empty}]
    with holding(states, [(0, 1)]) as connection:
        open_levels(connection, "this code")
        contents = connection.execute("select count(distinct content) from contents").fetchone()
    assert contents == (4,)


def test_who_says_it_and_when_is_not_part_of_it() -> None:
    same = state(0, "ann", "lee", **SAID)
    other = {"record_no": 9, "known_at": datetime(2025, 1, 1), "ended_at": datetime(2026, 1, 1)}
    assert set(STATES) - set(FIELDS) == {"state_no", "gender", *other}
    with holding([same, same | other], [(0, 1)]) as connection:
        open_levels(connection, "this code")
        contents = connection.execute("select count(distinct content) from contents").fetchone()
    assert contents == (1,)
    assert len(COMPARISONS) == 5
