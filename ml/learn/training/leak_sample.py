"""Rows of past cut-offs beside the rows of today, and how well each column alone tells the label."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ml.learn.models.linear import Floats
from ml.learn.models.scaling import signed_log

Trace = tuple[int, str, float, float, str]
"""Number of a suspected column, name of the trace, figure found, its limit, and words."""

LEAST_POWER = 0.6
"""AUC from which a column tells enough of the label to be looked at."""


@dataclass(frozen=True)
class Sample:
    """Rows of past cut-offs with their outcomes, and of today without.

    ``values`` (rows, features), ``outcome``, ``day`` and ``customer`` (rows,), ``today`` (people, features).
    """

    values: NDArray[np.float32]
    outcome: Floats
    day: NDArray[np.datetime64]
    customer: NDArray[np.intp]
    today: NDArray[np.float32] | None
    today_day: np.datetime64 | None

    @cached_property
    def days(self) -> NDArray[np.datetime64]:
        """The cut-offs, ascending."""
        return np.unique(self.day)

    @cached_property
    def day_number(self) -> NDArray[np.intp]:
        """Which of the cut-offs each row belongs to."""
        return np.searchsorted(self.days, self.day)

    @property
    def is_same_weekday(self) -> bool:
        """Do all cut-offs and today fall on one weekday?"""
        days = self.days if self.today_day is None else [*self.days, self.today_day]
        return len({np.datetime64(day, "D").astype(int) % 7 for day in days}) == 1

    @property
    def now(self) -> NDArray[np.float32]:
        """Today's values; none where today is unknown."""
        return self.values[:0] if self.today is None else self.today


def strengths(sample: Sample) -> Floats:
    """How well each column alone tells the label: AUC within cut-offs, in its better direction, shape (features,).

    Missing values count as lowest and as highest, and missingness by itself; the best of the three counts.
    """
    lowest, pairs = np.zeros(sample.values.shape[1]), 0.0
    highest, absent = lowest.copy(), lowest.copy()
    for day in sample.days:
        here = sample.day == day
        values, outcome = sample.values[here], sample.outcome[here]
        positives = outcome.sum()
        if positives in (0, len(outcome)):
            continue
        pairs += positives * (len(outcome) - positives)
        missing = np.isnan(values)
        some = missing.any(axis=0)
        won = wins(np.where(missing, -np.inf, values), outcome)
        lowest += won
        highest[~some] += won[~some]
        highest[some] += wins(np.where(missing, np.inf, values)[:, some], outcome)
        absent += wins(missing, outcome)
    if not pairs:
        return np.full(sample.values.shape[1], 0.5)
    power = [0.5 + np.abs(area / pairs - 0.5) for area in (lowest, highest, absent)]
    return np.asarray(np.max(power, axis=0), dtype=np.float64)


def wins(values: NDArray[np.generic], outcome: Floats) -> Floats:
    """Pairs of a positive above a negative, ties half, per column."""
    ranks = rankdata(values, axis=0)
    positives = outcome.sum()
    return np.asarray(ranks[outcome > 0].sum(axis=0) - positives * (positives + 1) / 2)


def is_calendar(sample: Sample, past: NDArray[np.float32]) -> bool:
    """Tell whether a column holds one value per cut-off."""
    first = np.unique(sample.day_number, return_index=True)[1]
    same = past == past[first][sample.day_number]
    return bool((same | np.isnan(past)).all() and not np.isnan(past).any())


def standardised(sample: Sample) -> tuple[Floats, Floats]:
    """Signed logarithms in units of the past spread around the past mean, of past and today; missing is the mean."""
    past, now = signed_log(sample.values), signed_log(sample.now)
    center = np.nan_to_num(np.nanmean(np.where(np.isnan(past).all(axis=0), 0.0, past), axis=0))
    past, now = (np.where(np.isnan(part), center, part) - center for part in (past, now))
    spread = past.std(axis=0)
    scale = np.where(spread > 1e-9, spread, np.inf)
    return past / scale, np.clip(now / scale, -10, 10)
