"""The weeks of the levels: where they begin, and what is built again when that changes."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import duckdb
import pytest

from ml.data.snapshots import Snapshots
from ml.home import Home
from ml.run import Run
from ml.serve.tables import level_grid

DAY = date(2026, 7, 1)


@pytest.mark.parametrize(
    ("first_fact", "first_week"),
    [
        ("2026-06-07", date(2026, 6, 8)),
        ("2026-06-08", date(2026, 6, 15)),  # a fact of a Monday is visible a day later
        ("2026-06-29", None),
        ("2016-01-01", date(2016, 1, 4)),
        ("2015-12-31", date(2016, 1, 4)),
        ("0001-01-01", date(2016, 1, 4)),
    ],
)
def test_the_weeks_begin_after_the_first_fact_and_at_most_ten_years_before_this_one(
    first_fact: str, first_week: date | None
) -> None:
    grid = level_grid(first_fact, DAY)
    assert grid[:1] == ([first_week] if first_week else [])
    assert all(week.weekday() == 0 and week <= DAY for week in grid)
    assert all(later - week == timedelta(days=7) for week, later in pairwise(grid))
    assert not grid or DAY - grid[-1] < timedelta(days=7)


def test_without_a_fact_there_is_no_week() -> None:
    assert level_grid(None, DAY) == []


def test_the_beginning_of_a_long_history_stays_within_a_year() -> None:
    days = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(52)]
    begins = {level_grid("1990-01-01", day)[0] for day in days}
    assert begins == {date(2016, 1, 4)}
    assert level_grid("1990-01-01", date(2027, 1, 4))[0] == date(2017, 1, 2)


def test_a_history_that_begins_elsewhere_is_built_again(tmp_path: Path) -> None:
    connection = duckdb.connect()
    for schema in ("control", "staging", "relationship"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        "create table staging.landing_days (visible_on date, entity varchar, rows_landed bigint, digest varchar)"
    )
    run = cast(Run, SimpleNamespace(definition=lambda: "the code", home=Home(tmp_path)))
    weeks = [date(2026, 6, 22), date(2026, 6, 29)]

    def snapshots(begins: date | None) -> Snapshots:
        return Snapshots(connection, run, "relationship", "levels", begins=begins)

    def build(begins: date | None) -> list[date]:
        missing = snapshots(begins).missing(weeks)
        connection.execute("create schema if not exists relationship")
        connection.execute("create table if not exists relationship.levels (as_of_date date)")
        snapshots(begins).record(missing)
        return missing

    assert build(None) == weeks
    assert build(None) == []
    assert build(date(2016, 1, 1)) == weeks
    assert build(date(2016, 1, 1)) == []
    assert build(date(2017, 1, 1)) == weeks
