"""Day after day, weighing only what is new, finds what a day finds that weighs everything at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.warehouse import write_table
from ml.matching.backends import Desk
from ml.matching.epochs import Epoch, Learned
from ml.matching.judging import judge
from ml.matching.levels import open_levels
from ml.matching.parameters import Parameters, usual_parameters
from ml.matching.portions import portions
from ml.matching.tables import write_matched
from ml.matching.weighed import Weighed
from tests.matching.brands import STATES, state

FIRST, DAYS, RECORDS = date(2024, 1, 1), 7, 14
PEOPLE = [
    ("ann", "lee", date(1980, 1, 2), "ann77@mail.example"),
    ("bob", "lee", date(1983, 5, 16), "lee12@mail.example"),
    ("zoe", "quill", date(1951, 7, 21), "zoe@mail.example"),
    ("ravi", "moore", date(1999, 11, 30), "rm4@mail.example"),
    ("anna", "moor", date(1999, 11, 3), "rm44@mail.example"),
]
# Bits: low enough for a brand of a few people, whose names are all common.
LEAST = -2.0
BEGINS = [FIRST + timedelta(days) for days in (2, 4)]
FACTS = {
    "states": STATES,
    "sharing": {
        "left_record_no": "bigint",
        "right_record_no": "bigint",
        "id_type": "varchar",
        "known_at": "timestamp",
    },
    "same": {"left_record_no": "bigint", "right_record_no": "bigint", "known_at": "timestamp"},
}
# States meet when both live in one city, or when their records share a value.
CANDIDATES = """
    create or replace table candidates as
    select least(l.state_no, r.state_no) as left_state_no, greatest(l.state_no, r.state_no) as right_state_no,
        min(greatest(l.known_at, r.known_at, case when l.city = r.city then l.known_at else sharing.known_at end))
            as known_at
    from states as l
    inner join states as r on l.record_no < r.record_no
    left join sharing on l.record_no = left_record_no and r.record_no = right_record_no
    where l.city = r.city or sharing.known_at is not null
    group by all
"""
TYPES = {
    "bigint": pa.int64(),
    "varchar": pa.string(),
    "varchar[]": pa.list_(pa.string()),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}
SCHEMAS = {
    name: pa.schema([(column, TYPES[kind]) for column, kind in columns.items()])
    for name, columns in FACTS.items()
}
FORMER_ENDS = "left_source varchar, left_key varchar, right_source varchar, right_key varchar"
FORMER_PAIRS = (
    f"{FORMER_ENDS}, left_place int, right_place int, epoch int, known_at timestamp, valid_from date, "
    "figures double[]"
)
FORMER_DOUBTS = f"{FORMER_ENDS}, known_at timestamp, ended_at timestamp, weight double"
DAY_AFTER = FIRST + timedelta(DAYS)
Row = dict[str, Any]
World = dict[str, list[Row]]


def random_world(draw: Random) -> World:
    """People who look alike, move, come to share values and are called the same, each fact with its instant."""
    world: World = {"states": [], "sharing": [], "same": []}
    for record in range(RECORDS):
        for known_at in sorted({instant(draw) for _ in range(draw.choice([1, 1, 2, 3]))}):
            # Now and then somebody else writes.
            given, family, born, mailbox = PEOPLE[
                draw.choice([record, record, record, 0]) % len(PEOPLE)
            ]
            said = state(
                record,
                draw.choice([given, given, given[:1]]),
                family,
                birth_date=draw.choice([born, born, None]),
                email=draw.choice([mailbox, mailbox, None]),
                city=draw.choice(["leeds", "york", "hull", "bath", "wells", "ely"]),
            )
            world["states"].append(said | {"known_at": known_at})
    for left, right in {tuple(sorted(draw.sample(range(RECORDS), 2))) for _ in range(RECORDS)}:
        ends = {"left_record_no": left, "right_record_no": right}
        for id_type in draw.sample(["email", "phone"], draw.choice([1, 1, 2])):
            world["sharing"].append(ends | {"id_type": id_type, "known_at": instant(draw)})
        if draw.random() < 0.5:
            world["same"].append(ends | {"known_at": instant(draw)})
    return world


def instant(draw: Random) -> datetime:
    """Often a midnight: it belongs to the day that begins."""
    hours = draw.choice([0, draw.randrange(24)])
    return datetime.combine(FIRST, time()) + timedelta(days=draw.randrange(DAYS), hours=hours)


def seen_on(world: World, day: date) -> World:
    """What a day sees: the facts before its midnight, a state ended by the next one of its record."""
    before = datetime.combine(day, time())
    seen = {name: [row for row in rows if row["known_at"] < before] for name, rows in world.items()}
    states = sorted(seen["states"], key=lambda one: (one["known_at"], one["record_no"]))
    following: dict[int, datetime] = {}
    for number, one in reversed(list(enumerate(states))):
        states[number] = one | {"state_no": number, "ended_at": following.get(one["record_no"])}
        following[one["record_no"]] = one["known_at"]
    return seen | {"states": states}


def learned_by(day: date) -> Learned:
    """Epochs that differ in what they think of a birth date, made up."""
    begins = [None, *(begin for begin in BEGINS if begin <= day)]
    usual = usual_parameters()
    return [
        (Epoch(number, begin, end), other_parameters(usual, number))
        for number, (begin, end) in enumerate(zip(begins, [*begins[1:], None], strict=True))
    ]


def other_parameters(usual: Parameters, number: int) -> Parameters:
    birth = [share ** (1 + number / 4) for share in usual.u["birth"]]
    shares = [share / sum(birth) for share in birth]
    return replace(usual, states=3 * number, u=usual.u | {"birth": shares})


@contextmanager
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("create schema warehouse.control")
        connection.execute("create schema warehouse.identity")
        for name, columns in {
            "control.former_members": "source varchar, source_key varchar, circle int, settled_until timestamp",
            "control.former_pairs": FORMER_PAIRS,
            "control.former_doubts": FORMER_DOUBTS,
            "identity.int_identity__records": "record_no bigint, source varchar, source_key varchar",
        }.items():
            connection.execute(f"create table warehouse.{name} ({columns})")
        yield connection


def live_through(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    day: date,
    definition: str = "this code",
    levels: pa.Table | None = None,
) -> int:
    """Judge the pairs that a day sees; gives how many were weighed. Levels that are known save Splink's time."""
    for name, rows in seen_on(world, day).items():
        write_table(connection, name, FACTS[name], pa.Table.from_pylist(rows, SCHEMAS[name]))
    connection.execute(CANDIDATES)
    learned = learned_by(day)
    open_levels(connection, definition)
    if levels:
        connection.execute("create or replace table warehouse.matched.compared as from levels")
    weighed = Weighed(connection, definition, learned, day)
    _, anew = judge(connection, learned, weighed, LEAST, Desk())
    write_matched(connection, learned)
    weighed.note()
    return anew


def found(connection: duckdb.DuckDBPyConnection) -> list[list[tuple[Any, ...]]]:
    return [
        connection.execute(f"from warehouse.matched.{name} order by all").fetchall()
        for name in ("pairs", "doubts")
    ]


@settings(max_examples=8)
@given(seed=st.integers(0, 10**6), late=st.booleans())
def test_day_after_day_is_as_at_once(seed: int, late: bool) -> None:
    draw = Random(seed)
    world = random_world(draw)
    # A fact that is delivered on a later day than the one on which it was known.
    entity = draw.choice([name for name, rows in world.items() if rows])
    held_back = draw.choice(world[entity]) if late else None
    arrives = FIRST + timedelta(draw.randrange(2, DAYS))
    with warehouse() as connection:
        live_through(connection, world, DAY_AFTER)
        levels = connection.execute("from compared").to_arrow_table()
        expected = found(connection)
    with warehouse() as connection:
        for day in (FIRST + timedelta(days) for days in range(1, DAYS + 1)):
            known = world
            if held_back and day < arrives:
                known = world | {entity: [one for one in world[entity] if one is not held_back]}
            live_through(connection, known, day, levels=levels)
        assert found(connection) == expected


def test_a_day_weighs_what_met_since_the_former_one() -> None:
    world = random_world(Random(3))
    day = DAY_AFTER - timedelta(1)
    with warehouse() as connection:
        everything = live_through(connection, world, day)
        assert live_through(connection, world, day) == 0
        assert 0 < live_through(connection, world, DAY_AFTER) < everything
        assert live_through(connection, world, DAY_AFTER, "other code") > everything


def test_what_is_judged_in_portions_is_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = random_world(Random(6))
    with warehouse() as connection, warehouse() as other:
        live_through(other, world, DAY_AFTER)
        monkeypatch.setattr(Desk, "most_pairs", 25)
        monkeypatch.setattr("ml.matching.levels._WORTH_SORTING", 2)
        monkeypatch.setattr("ml.matching.scales.portions", partial(portions, most=5))
        live_through(connection, world, DAY_AFTER)
        levels = [
            one.execute("from compared order by all").fetchall() for one in (connection, other)
        ]
        assert levels[0] == levels[1]
        assert len(levels[0]) > 2 * Desk.most_pairs
        assert found(connection) == found(other)


def test_a_decision_that_comes_late_brings_former_states_together() -> None:
    """Nothing was stated since; yet two of one family name have stood in one cluster for days."""
    cities = iter(["leeds", "york", "hull"])
    people = [
        state(number, given, family, birth_date=born, city=next(cities))
        | {"known_at": datetime(2024, 1, 1)}
        for number, (given, family, born, _) in enumerate((PEOPLE[0], PEOPLE[2], PEOPLE[1]))
    ]
    said = [
        {"left_record_no": left, "right_record_no": left + 1, "known_at": datetime(2024, 1, 2)}
        for left in (0, 1)
    ]
    world = {"states": people, "sharing": [], "same": said}
    with warehouse() as connection:
        live_through(connection, world | {"same": said[:1]}, DAY_AFTER - timedelta(1))
        live_through(connection, world, DAY_AFTER)
        _, doubts = found(connection)
    assert (0, 2) in {(left, right) for left, right, *_ in doubts}


def test_what_an_interrupted_day_left_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = random_world(Random(4))
    with warehouse() as connection, warehouse() as other:
        live_through(other, world, DAY_AFTER)
        live_through(connection, world, DAY_AFTER - timedelta(2))
        with monkeypatch.context() as broken:
            broken.setattr(Weighed, "note", fail)
            with pytest.raises(KeyboardInterrupt):
                live_through(connection, world, DAY_AFTER - timedelta(1))
        live_through(connection, world, DAY_AFTER)
        assert found(connection) == found(other)


def fail(_: Weighed) -> None:
    raise KeyboardInterrupt
