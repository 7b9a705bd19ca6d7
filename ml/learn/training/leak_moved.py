"""Columns whose relation to the other columns is another one today than at past cut-offs."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ml.learn.models.linear import Floats, one_blas_thread
from ml.learn.training.leak_sample import (
    LEAST_POWER,
    Sample,
    Trace,
    is_calendar,
    standardised,
    wins,
)

RIDGE = 0.01
BEYOND_HISTORY = 2.0
BEYOND_CHANCE = 3.0
"""The limit: so many times the most that the past shows, and so many standard errors."""

LEAST_FRACTION = 0.5
MOST_MOVED = 5


def moved(
    sample: Sample, family_of: Mapping[str, str], suspects: Collection[int] = ()
) -> Iterator[Trace]:
    """Columns whose relation to the others is another one today, as if the outcome had gone from it.

    What the others do not explain of a column (residuals from the inverse of the correlations: given all other
    columns, and given those of other families), if it tells the label, should stay as it is. It is an alarm when its
    mean or its spread moves from the latest cut-off to today by more than BEYOND_HISTORY times the most it ever moved
    over as long a time, and beyond chance; for the mean also at least LEAST_FRACTION of the way to those without, or
    with, the outcome. A leak disturbs what its neighbours leave, too: first goes the column without which fewest
    others move.
    ``suspects`` are columns under another alarm, which are left out from the start.
    """
    if len(sample.days) < 2 or not 0 < sample.outcome.mean() < 1:
        return
    past, now = standardised(sample)
    names = np.array(list(family_of.values()))
    calendar = [c for c in range(past.shape[1]) if is_calendar(sample, sample.values[:, c])]
    active = np.setdiff1d(np.flatnonzero(past.std(axis=0) > 0), [*suspects, *calendar])
    found = _all_moves(sample, past, now, names, active)
    for _ in range(MOST_MOVED):
        if not found:
            return
        without = {
            column: _all_moves(sample, past, now, names, active[active != column])
            for column in found
        }
        worst = min(
            found, key=lambda column: (len(without[column]), -found[column][0] / found[column][1])
        )
        figure, limit, words = found[worst]
        yield worst, "moved", figure, limit, words
        active, found = active[active != worst], without[worst]


Move = tuple[float, float, str]
"""How far a column's residuals moved, the limit, and words."""


def _all_moves(
    sample: Sample, past: Floats, now: Floats, names: NDArray[np.str_], active: NDArray[np.intp]
) -> dict[int, Move]:
    """The columns among the active ones that moved."""
    found: dict[int, Move] = {}
    for family in (active, names[active]):
        left, left_now = _unexplained(past[:, active], now[:, active], family)
        for number, move in _moves(sample, left, left_now):
            found.setdefault(int(active[number]), move)
    return found


def _unexplained(past: Floats, now: Floats, family: NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Residuals of each family's columns given all other columns, in units of their own spread."""
    with one_blas_thread():
        inverse = np.linalg.inv(past.T @ past / len(past) + RIDGE * np.eye(past.shape[1]))
        maps = np.zeros_like(inverse)
        for name in np.unique(family):
            own = np.flatnonzero(family == name)
            maps[:, own] = inverse[:, own] @ np.linalg.inv(inverse[np.ix_(own, own)])
        left, left_now = past @ maps, now @ maps
    spread = np.maximum(left.std(axis=0), 1e-6)
    return left / spread, left_now / spread


def _moves(sample: Sample, left: Floats, left_now: Floats) -> Iterator[tuple[int, Move]]:
    """Columns whose residuals moved."""
    rows = np.bincount(sample.day_number)
    share = 1 / rows[-1] + 1 / len(left_now)
    of_class = [left[sample.outcome == which].mean(axis=0) for which in (0, 1)]
    # The logarithm of a spread has variance (kurtosis - 1) / 4 per row: rare events make it jump by chance.
    kurtosis = np.maximum((left**4).mean(axis=0), 3.0)
    for measure, chance in (("mean", share), ("spread", share * (kurtosis - 1.0) / 4.0)):
        past = np.array([_measure(measure, left[sample.day == day]) for day in sample.days])
        steps = _measure(measure, left_now) - past[-1]
        history = np.abs(_past_steps(sample, past)).max(axis=0)
        limit = BEYOND_HISTORY * history + BEYOND_CHANCE * np.sqrt(chance)
        for column in np.flatnonzero(np.abs(steps) > limit):
            step = float(abs(steps[column]))
            toward = [abs(m[column]) for m in of_class if m[column] * steps[column] > 0]
            if measure == "mean" and (not toward or step < LEAST_FRACTION * toward[0]):
                continue
            if _area(left[:, column], sample.outcome) >= LEAST_POWER:
                words = (
                    f"is not where the other features put it at past cut-offs ({measure} {step:.2f} off, at most "
                    f"{limit[column]:.2f} is usual), and that tells the label: it may hold what had not happened yet"
                )
                yield int(column), (step, float(limit[column]), words)


def _measure(measure: str, left: Floats) -> Floats:
    found = left.mean(axis=0) if measure == "mean" else np.log(np.maximum(left.std(axis=0), 1e-3))
    return np.asarray(found, dtype=np.float64)


def _area(values: Floats, outcome: Floats) -> float:
    won = wins(values[:, None], outcome)[0]
    return 0.5 + abs(float(won / (outcome.sum() * (1 - outcome).sum())) - 0.5)


def _past_steps(sample: Sample, means: Floats) -> Floats:
    """Steps of the daily means over at least the time from the latest cut-off to today; else all steps there are."""
    days = sample.days
    assert sample.today_day is not None
    apart = sample.today_day - days[-1]
    pairs = [
        (int(np.flatnonzero(days <= day - apart)[-1]), number)
        for number, day in enumerate(days)
        if (days <= day - apart).any()
    ]
    if len(pairs) < 2:
        pairs = [(first, second) for second in range(len(days)) for first in range(second)]
    return np.array([means[second] - means[first] for first, second in pairs])
