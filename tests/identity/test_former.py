"""What was thought before an erasure: epochs keep their day and their figures, settled pairs their verdict."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pytest

from ml.data.traces import FormerDoubt, FormerEpoch, FormerMember, FormerPair, Traces
from ml.data.warehouse import write_table
from ml.matching.epochs import FIRST_STATES, GROWTH, epochs
from ml.matching.former import former_parameters, restore_doubts, restore_pairs
from ml.matching.parameters import usual_parameters
from ml.matching.scores import COLUMNS
from ml.matching.tables import DOUBTS, PAIRS

BEGIN = date(2024, 1, 1)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def with_states(connection: duckdb.DuckDBPyConnection, count: int, per_day: int = 100) -> None:
    connection.execute(
        "create or replace table states as select range as state_no, range as record_no, "
        f"timestamp '{BEGIN} 12:00:00' + to_days((range // {per_day})::int) as known_at from range({count})"
    )


def former(begins: date, states: int) -> FormerEpoch:
    usual = usual_parameters()
    return FormerEpoch(str(begins), states, 1.5, usual.m, usual.u)


def test_an_epoch_keeps_its_day_when_states_are_gone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """The person's states made the thousandth state one of day 10; without them it is one of day 11."""
    with_states(connection, FIRST_STATES * GROWTH + 150)
    first, second = (epoch.begins for epoch in epochs(connection) if epoch.begins)
    assert first == BEGIN + timedelta(days=FIRST_STATES // 100)
    kept = former(first - timedelta(days=1), FIRST_STATES)
    assert [epoch.begins for epoch in epochs(connection, [kept])] == [
        None,
        first - timedelta(days=1),
        second,
    ]
    # Both steps were behind the brand, although too few states are left for the second.
    with_states(connection, FIRST_STATES * GROWTH - 1)
    kept_too = former(second, FIRST_STATES * GROWTH + 20)
    begins = [epoch.begins for epoch in epochs(connection, [kept, kept_too])]
    assert begins == [None, first - timedelta(days=1), second]


def test_figures_hold_for_their_day_and_for_what_is_compared_today() -> None:
    kept = former(BEGIN, 1_000)
    found = former_parameters([kept], BEGIN)
    assert found is not None
    assert (found.states, found.partners, found.m) == (1_000, 1.5, kept.m)
    assert former_parameters([kept], BEGIN + timedelta(days=1)) is None
    assert former_parameters([kept], None) is None
    other = FormerEpoch(kept.begins, 1_000, 1.5, kept.m | {"name": [1.0]}, kept.u)
    assert former_parameters([other], BEGIN) is None


def test_traces_are_read_as_they_were_written() -> None:
    pair = FormerPair("s", "0", "s", "1", 1, 1, 0, "2024-01-01 00:00:00", "2024-01-02", [1.0])
    doubt = FormerDoubt("s", "0", "s", "2", "2024-01-01 00:00:00", None, -3.0)
    member = FormerMember(1, "s", "0", "2024-02-01")
    traces = Traces(epochs=[former(BEGIN, 5)], members=[member], pairs=[pair], doubts=[doubt])
    assert Traces.of(traces.as_json()) == traces
    # A list that an older Kith wrote.
    assert Traces.of({"mentions": [], "holders": [], "disputes": []}) == Traces()


def test_settled_pairs_are_as_they_were_up_to_their_day(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Records 0, 1 and 2 are a circle until February; 3 is not in it."""
    weights = len(COLUMNS)
    connection.execute("attach ':memory:' as warehouse")
    connection.execute("create schema warehouse.identity; create schema warehouse.control")
    connection.execute(
        "create table warehouse.identity.int_identity__records as "
        "select range as record_no, 's' as source, range::varchar as source_key from range(4)"
    )
    connection.execute(
        "create table warehouse.control.former_members as select 1 as circle, 's' as source, "
        "range::varchar as source_key, date '2024-02-01' as settled_until from range(3)"
    )
    connection.execute(
        "create table warehouse.control.former_pairs as select 's' as left_source, '0' as left_key, "
        "'s' as right_source, '1' as right_key, 2 as left_place, 1 as right_place, 0 as epoch, "
        "timestamp '2024-01-05' as known_at, date '2024-01-06' as valid_from, "
        f"[{', '.join(['7.0'] * weights)}] as figures"
    )
    connection.execute(
        "create table warehouse.control.former_doubts as select 's' as left_source, '1' as left_key, "
        "'s' as right_source, '2' as right_key, timestamp '2024-01-05' as known_at, "
        "null::timestamp as ended_at, -3.0 as weight"
    )
    connection.execute(
        "create table states as select * from (values (0, 0, timestamp '2024-01-01'), (1, 1, timestamp '2024-01-02'), "
        "(2, 0, timestamp '2024-01-05'), (3, 2, timestamp '2024-03-05')) as states (state_no, record_no, known_at)"
    )
    write_table(connection, "accepted", PAIRS, [])
    write_table(connection, "doubts", DOUBTS, [])
    zeros = ", ".join(["0"] * weights)
    for left, right, day in ((0, 2, "2024-01-20"), (0, 2, "2024-02-02"), (0, 3, "2024-01-20")):
        connection.execute(
            f"insert into accepted values ({left}, {right}, 0, 1, 0, timestamp '{day}', date '{day}', {zeros})"
        )
    for left, right in ((0, 1), (0, 3)):
        connection.execute(
            f"insert into doubts values ({left}, {right}, timestamp '2024-01-31 23:00:00', null, -1)"
        )
    for _ in range(2):
        restore_pairs(connection)
    restore_doubts(connection)
    pairs = connection.execute(
        "select left_record_no, right_record_no, left_state_no, right_state_no, valid_from::varchar, match_weight "
        "from accepted order by all"
    ).fetchall()
    assert pairs == [
        (0, 1, 2, 1, "2024-01-06", 7.0),
        (0, 2, 0, 1, "2024-02-02", 0.0),
        (0, 3, 0, 1, "2024-01-20", 0.0),
    ]
    doubts = connection.execute(
        "select left_record_no, right_record_no, ended_at::varchar from doubts order by all"
    ).fetchall()
    assert doubts == [(0, 3, None), (1, 2, "2024-03-05 00:00:00")]
