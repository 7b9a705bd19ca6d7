"""When the next order comes: a curve of "still no order after t days" that agrees with the probability served.

A discrete-time hazard (Singer and Willett 1993, "It's about time"): for each interval between the days
of ``INTERVAL_ENDS``, the probability to order in it for those who have not ordered before, from the
log-odds that the served model gives. A row counts in an interval that was followed up to its end, so
that a cut-off of last week teaches the first week and is silent about the rest: nobody who has not come
back yet is taken for somebody who never will. A power of the whole curve then makes it agree with the
probability at the horizon: S'(t) = S(t) ** a stays between 0 and 1 and keeps falling.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ml.learn.expected.boosting import Boost
from ml.learn.models.linear import Floats, fit_path

INTERVAL_ENDS = (7, 14, 30, 60, 90)
"""Days at which the curve is told; the horizon of the target is one more."""

RIDGE = 1e-4
ROUNDS = 60
LEAST_EVENTS = 30
LEAST_IMPROVEMENT = 1e-3
"""The trees must save this share of the log-loss on later cut-offs."""

CERTAIN = 1e-6


def log_odds(probability: Floats) -> Floats:
    """Give log-odds, finite for certain outcomes too."""
    kept = np.clip(probability, CERTAIN, 1.0 - CERTAIN)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def curve_days(horizon_days: int) -> tuple[int, ...]:
    """Give the days at which the curve of a horizon is told, ascending."""
    return tuple(sorted({*INTERVAL_ENDS, horizon_days}))


@dataclass(frozen=True)
class FollowUp:
    """Customers at cut-offs and how long they were watched, all of shape (rows,) but values (rows, columns).

    ``log_odds`` are of an order within the horizon, as the served model said out of fold. ``until``
    counts whole days from the cut-off to the next order, NaN where none was seen in ``observed`` days.
    """

    log_odds: Floats
    values: NDArray[Any]
    day: NDArray[np.datetime64]
    until: Floats
    observed: Floats

    def take(self, rows: NDArray[Any]) -> Self:
        """Give some of the rows."""
        parts = (self.log_odds, self.values, self.day, self.until, self.observed)
        return type(self)(*(part[rows] for part in parts))

    def known_at(self, day: np.datetime64) -> Self:
        """Give what was known of these rows at an earlier day: later orders were not seen yet."""
        age = (day - self.day) / np.timedelta64(1, "D")
        observed = np.minimum(self.observed, age)
        until = np.where(self.until < observed, self.until, np.nan)
        return replace(self, observed=observed, until=until).take(np.flatnonzero(age > 0))


@dataclass(frozen=True)
class PersonPeriods:
    """One row per customer, cut-off and interval that was reached without an order and seen to its end."""

    row: NDArray[np.intp]
    interval: NDArray[np.intp]
    outcome: Floats


def person_periods(rows: FollowUp, ends: Sequence[int]) -> PersonPeriods:
    """Cut what was seen of each row into intervals; an interval cut short by the end of sight is left out."""
    parts = []
    for number, (start, end) in enumerate(pairwise((0, *ends))):
        reached = ~(rows.until < start)
        seen = np.flatnonzero(reached & (rows.observed >= end))
        parts.append((seen, np.full(len(seen), number), rows.until[seen] < end))
    row, interval, outcome = (np.concatenate(part) for part in zip(*parts, strict=True))
    return PersonPeriods(row, interval, outcome.astype(np.float64))


@dataclass(frozen=True)
class TimingModel:
    """Hazards per interval: a line over the log-odds served, and perhaps trees on it.

    Intervals beyond the last one with evidence have no line: there the daily rate before goes on, and
    without any evidence the rate is the same on all days.
    """

    ends: tuple[int, ...]
    intercepts: tuple[float, ...]
    slopes: tuple[float, ...]
    trees: Boost | None = None

    @property
    def kind(self) -> str:
        """Name the sort of curve: constant, hazards or hazards_and_trees."""
        if not self.intercepts:
            return "constant"
        return "hazards" if self.trees is None else "hazards_and_trees"

    def hazard_logits(
        self, served: Floats, values: NDArray[Any], interval: NDArray[np.intp]
    ) -> Floats:
        """Give the log-odds to order within ``interval`` (rows,), for those without an order before it."""
        line = np.array(self.intercepts)[interval] + np.array(self.slopes)[interval] * served
        if self.trees is None:
            return line
        return line + self.trees.added(_with_interval(served, values, interval))

    def survival(
        self, probability: Floats, values: NDArray[Any], horizon_days: int
    ) -> NDArray[np.float64]:
        """Give the probability of no order before each of ``ends``, shape (rows, ends).

        At the horizon it is 1 - ``probability``, exactly.
        """
        hazard = self._cumulative(log_odds(probability), values)
        at = self.ends.index(horizon_days)
        with np.errstate(divide="ignore", invalid="ignore"):
            power = -np.log1p(-probability) / hazard[:, at]
            curve = np.exp(-hazard * power[:, None])
        curve = np.where(np.isnan(curve), 1.0, curve)
        curve[:, at] = 1.0 - probability
        curve[:, :at] = np.maximum(curve[:, :at], curve[:, at : at + 1])
        curve[:, at:] = np.minimum(curve[:, at:], curve[:, at : at + 1])
        return np.asarray(np.minimum.accumulate(curve, axis=1))

    def _cumulative(self, served: Floats, values: NDArray[Any]) -> NDArray[np.float64]:
        """Give the cumulative hazard at each end, -log of the survival before it is made to agree."""
        rate = np.ones(len(served))
        total = np.zeros(len(served))
        columns = []
        for number, (start, end) in enumerate(pairwise((0, *self.ends))):
            if number < len(self.intercepts):
                logit = self.hazard_logits(served, values, np.full(len(served), number))
                rate = np.logaddexp(0.0, logit) / (end - start)
            total = total + rate * (end - start)
            columns.append(total)
        return np.column_stack(columns)


def constant_rate(horizon_days: int) -> TimingModel:
    """Give the curve without evidence: orders come at one rate, which the probability alone decides."""
    return TimingModel(curve_days(horizon_days), (), ())


def fit_timing(rows: FollowUp, horizon_days: int, seed: int, threads: int) -> TimingModel:
    """Fit the hazards, with trees where these did better on later cut-offs than was known before them."""
    ends = curve_days(horizon_days)
    plain = fit_hazards(rows, ends)
    if not plain.intercepts or not _trees_help(rows, ends, seed, threads):
        return plain
    return _with_trees(plain, rows, seed, threads)


def fit_hazards(rows: FollowUp, ends: tuple[int, ...]) -> TimingModel:
    """Fit a line over the log-odds served for each interval, as far as there is evidence."""
    periods = person_periods(rows, ends)
    lines: list[tuple[float, float]] = []
    for number in range(len(ends)):
        chosen = periods.interval == number
        outcome = periods.outcome[chosen]
        events = int(outcome.sum())
        if min(events, len(outcome) - events) < LEAST_EVENTS:
            break
        design = rows.log_odds[periods.row[chosen]][:, None]
        ((intercept, slope),) = fit_path(design, outcome, np.ones(len(outcome)), [RIDGE])
        lines.append((intercept, float(slope[0])))
    intercepts, slopes = zip(*lines, strict=True) if lines else ((), ())
    return TimingModel(ends, tuple(intercepts), tuple(slopes))


def log_loss_of(model: TimingModel, rows: FollowUp) -> float:
    """Give the mean log-loss per interval seen, among those that the model has a hazard for."""
    periods = person_periods(rows, model.ends[: len(model.intercepts)])
    if not len(periods.row):
        return 0.0
    served, values = rows.log_odds[periods.row], rows.values[periods.row]
    logit = model.hazard_logits(served, values, periods.interval)
    return float(np.mean(np.logaddexp(0.0, logit) - periods.outcome * logit))


def _trees_help(rows: FollowUp, ends: tuple[int, ...], seed: int, threads: int) -> bool:
    """Learn from what was known at the middle of the cut-offs, judge on the later ones."""
    days = np.unique(rows.day)
    if len(days) < 2:
        return False
    middle = days[len(days) // 2]
    known = rows.known_at(middle)
    later = rows.take(np.flatnonzero(rows.day >= middle))
    plain = fit_hazards(known, ends)
    if not plain.intercepts:
        return False
    grown = _with_trees(plain, known, seed, threads)
    return log_loss_of(grown, later) < (1.0 - LEAST_IMPROVEMENT) * log_loss_of(plain, later)


def _with_trees(plain: TimingModel, rows: FollowUp, seed: int, threads: int) -> TimingModel:
    periods = person_periods(rows, plain.ends[: len(plain.intercepts)])
    served, values = rows.log_odds[periods.row], rows.values[periods.row]
    offset = plain.hazard_logits(served, values, periods.interval)
    table = _with_interval(served, values, periods.interval)
    boost = Boost.fit(table, periods.outcome, offset, "binary", ROUNDS, seed, threads)
    return replace(plain, trees=boost)


def _with_interval(
    served: Floats, values: NDArray[Any], interval: NDArray[np.intp]
) -> NDArray[np.float32]:
    columns = [served.astype(np.float32), interval.astype(np.float32)]
    return np.column_stack([*columns, np.asarray(values, dtype=np.float32)])


def median_days(survival: NDArray[np.float64], ends: Sequence[int], most_days: float) -> Floats:
    """Give the day by which half of such customers have ordered, shape (rows,), at most ``most_days``.

    The median minimises the expected absolute error. Within an interval, and beyond the last, customers
    come at a constant rate.
    """
    starts = np.column_stack([np.ones(len(survival)), survival[:, :-1]])
    below = survival <= 0.5
    column = np.where(below.any(axis=1), below.argmax(axis=1), len(ends) - 1)
    pick = np.arange(len(survival))
    before, after = starts[pick, column], survival[pick, column]
    begin, end = np.array((0, *ends[:-1]))[column], np.array(ends)[column]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.log(before / 0.5) / np.log(before / after)
    # A curve that falls to nothing within an interval has no rate there: it is drawn straight.
    share = np.where(after <= 0.0, (before - 0.5) / np.where(before > 0, before, 1.0), share)
    days = begin + np.where(np.isnan(share), np.inf, share) * (end - begin)
    return np.asarray(np.minimum(days, most_days), dtype=np.float64)
