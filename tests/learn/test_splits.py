"""Cut-offs and folds keep their promises for any history."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.learn.training.splits import EPOCH, STEPS, cutoff_grid, rolling_folds

DAYS = st.dates(date(2000, 1, 1), date(2030, 1, 1))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2032, 1, 1))
HORIZONS = st.integers(1, 120)


WEEKDAYS = st.integers(0, 6)


@given(DAYS, INSTANTS, HORIZONS, st.integers(1, 40), WEEKDAYS)
def test_every_cutoff_is_mature_and_on_the_calendar(first, until, horizon, most, weekday):
    grid = cutoff_grid(first, until, horizon, most, weekday)
    assert len(grid) <= most
    assert grid == sorted(set(grid))
    for day in grid:
        assert day > first
        assert datetime(day.year, day.month, day.day) + timedelta(days=horizon) <= until
    steps = {(later - sooner).days for sooner, later in pairwise(grid)}
    assert len(steps) <= 1
    for step in steps:
        assert step in STEPS
        assert all((day - EPOCH).days % step == weekday % step for day in grid)
        assert step == 1 or {day.weekday() for day in grid} == {weekday}


@given(DAYS, st.integers(2, 900), HORIZONS)
def test_a_finer_step_would_give_too_many(first, length, horizon):
    until = datetime.combine(first, datetime.min.time()) + timedelta(days=length)
    grid = cutoff_grid(first, until, horizon, 30)
    latest = first + timedelta(days=length - horizon)
    if latest <= first:
        assert grid == []
        return
    assert grid, "a mature day after the first fact must give a cut-off"
    if len(grid) < 2:
        return
    step = (grid[1] - grid[0]).days
    assert (latest - grid[-1]).days < step
    if len(grid) == 30:
        return
    left_out = (grid[0] - first).days
    assert left_out < min(horizon, max(1, (latest - first).days // 4)) + step
    if step > 1:
        finer = STEPS[STEPS.index(step) - 1]
        assert (latest - grid[0]).days // finer + 1 + (step // finer - 1) >= 30


@given(DAYS, st.integers(30, 900), st.integers(1, 60), HORIZONS, WEEKDAYS)
def test_a_later_run_finds_its_older_snapshots_made(first, length, more, horizon, weekday):
    start = datetime.combine(first, datetime.min.time())
    before = cutoff_grid(first, start + timedelta(days=length), horizon, weekday=weekday)
    after = cutoff_grid(first, start + timedelta(days=length + more), horizon, weekday=weekday)
    if len(before) < 2 or len(after) < 2:
        return
    coarser = (after[1] - after[0]).days % (before[1] - before[0]).days == 0
    if coarser:
        assert {day for day in after if day <= before[-1]} <= set(before)


def test_eleven_days_give_daily_cutoffs():
    grid = cutoff_grid(date(2022, 10, 14), datetime(2022, 10, 25), 3)
    assert grid == [date(2022, 10, day) for day in range(16, 23)]


def test_complete_until_may_fall_within_a_day():
    grid = cutoff_grid(date(2022, 10, 14), datetime(2022, 10, 24, 23, 59), 3)
    assert grid[-1] == date(2022, 10, 21)


def test_a_year_gives_a_fortnightly_monday_grid():
    grid = cutoff_grid(date(2023, 1, 1), datetime(2024, 1, 1), 30)
    assert {(b - a).days for a, b in pairwise(grid)} == {14}
    assert all(day.weekday() == 0 for day in grid)


def test_twenty_years_keep_the_latest_thirty():
    grid = cutoff_grid(date(2004, 1, 1), datetime(2024, 1, 1), 30)
    assert len(grid) == 30
    assert (date(2023, 12, 2) - grid[-1]).days < 28
    assert (grid[-1] - grid[0]).days == 29 * 28


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="found 0 and 30"):
        cutoff_grid(date(2024, 1, 1), datetime(2024, 2, 1), 0)
    with pytest.raises(ValueError, match="found 0"):
        rolling_folds([date(2024, 1, 1)], 7, 0)


@given(st.lists(DAYS, max_size=40), HORIZONS, st.integers(1, 6))
def test_folds_are_purged_and_grow(cutoffs, horizon, most):
    folds = rolling_folds(cutoffs, horizon, most)
    assert len(folds) <= most
    for fold in folds:
        assert fold.fit
        assert fold.validate
        assert set(fold.fit) | set(fold.validate) <= set(cutoffs)
        assert all(day + timedelta(days=horizon) <= fold.validate[0] for day in fold.fit)
        eligible = {d for d in cutoffs if d + timedelta(days=horizon) <= fold.validate[0]}
        assert set(fold.fit) == eligible
    for sooner, later in pairwise(folds):
        assert set(sooner.fit) <= set(later.fit)
        assert sooner.validate[-1] < later.validate[0]
    days = sorted(set(cutoffs))
    two_blocks = bool(days) and days[0] + timedelta(days=horizon) <= days[-1]
    assert bool(folds) == two_blocks
    if folds:
        assert {day for fold in folds for day in fold.validate} == {
            day for day in days[len(days) // 2 :] if days[0] + timedelta(days=horizon) <= day
        }
        assert folds[-1].validate[-1] == days[-1]


def test_one_block_gives_no_fold():
    assert rolling_folds([date(2024, 1, 1), date(2024, 1, 15)], 30, 3) == []
    assert rolling_folds([], 30, 3) == []
