"""How much: a probability times what is expected if it comes true.

The two-part model (Duan, Manning, Morris and Newhouse 1983): most customers bring nothing in a window,
a few bring a lot, and one distribution fits neither. The first part is the probability served; here is
the second, the mean value given the event. Contenders, the simplest first:

- ``mean``: the brand's mean, the same for all;
- ``own``: the customer's own mean per event, drawn to the brand's where there are few of them
  (credibility, Bühlmann 1967), times how many events to expect if there is at least one: with events
  at random, -log(1 - p) / p of them when p is the probability of one or more;
- ``trees``: what LightGBM (Tweedie, log link) adds to ``own``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ml.learn.expected.boosting import Boost
from ml.learn.expected.forward import folds_of
from ml.learn.expected.timing import log_odds
from ml.learn.models.linear import Floats

CREDIBILITIES = (1.0, 2.0, 4.0, 8.0)
"""Own events at which the customer's mean and the brand's weigh the same."""

ROUNDS = (25, 50, 100)
LEAST_EVENTS = 30
OUTER_SHARE = 0.005
"""Share of rows at each end that is drawn in while fitting: a wholesaler may buy a third of everything."""

LARGEST_SHARE = 0.05
LEAST_IMPROVEMENT = 0.005
SURE = 0.999


@dataclass(frozen=True)
class ValueRows:
    """Customers at cut-offs, all of shape (rows,) but values (rows, columns).

    ``probability`` is that of the event, as served; ``own_sum`` and ``own_count`` what the customer
    has brought so far, and in how many events; ``event`` whether it came, ``value`` what it brought.
    """

    probability: Floats
    own_sum: Floats
    own_count: Floats
    values: NDArray[Any]
    day: NDArray[np.datetime64]
    customer: NDArray[np.intp]
    event: NDArray[np.bool_]
    value: Floats

    def take(self, rows: NDArray[Any]) -> Self:
        """Give some of the rows."""
        return type(self)(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class ValueModel:
    """The mean value given the event. ``factor`` is what the totals of later cut-offs asked for, mostly 1."""

    kind: str
    brand_mean: float
    credibility: float
    level: float
    factor: float = 1.0
    trees: Boost | None = None

    def given_event(
        self, probability: Floats, own_sum: Floats, own_count: Floats, values: NDArray[Any]
    ) -> Floats:
        """Give what to expect if the event comes, shape (rows,), never negative."""
        scale = self.scale(probability, own_sum, own_count)
        if self.trees is not None:
            scale = scale * np.exp(self.trees.added(_with_odds(probability, values)))
        return np.asarray(self.level * self.factor * scale)

    def of_rows(self, rows: ValueRows) -> Floats:
        """Give the same for rows of the past."""
        return self.given_event(rows.probability, rows.own_sum, rows.own_count, rows.values)

    def scale(self, probability: Floats, own_sum: Floats, own_count: Floats) -> Floats:
        """Give the simple answer before its level, shape (rows,), always positive."""
        if self.kind == "mean":
            return np.full(len(probability), self.brand_mean)
        total = np.maximum(np.nan_to_num(own_sum), 0.0) + self.credibility * self.brand_mean
        mean = total / (np.nan_to_num(own_count) + self.credibility)
        return np.asarray(mean * events_if_any(probability))


def events_if_any(probability: Floats) -> Floats:
    """Give how many events to expect if there is one at least: of a Poisson count, -log(1 - p) / p."""
    kept = np.clip(probability, 1e-9, SURE)
    return np.asarray(-np.log1p(-kept) / kept)


def fit_value(rows: ValueRows, horizon_days: int, seed: int, threads: int) -> ValueModel | None:
    """Fit the contender of least mean absolute error on rows it had not seen; of equals the simplest.

    Gives None where fewer than LEAST_EVENTS rows brought something.
    """
    if int((rows.event & (rows.value > 0)).sum()) < LEAST_EVENTS:
        return None
    events = rows.take(np.flatnonzero(rows.event))
    folds = folds_of(events.day, events.customer, horizon_days, seed)
    errors: dict[tuple[str, float], list[float]] = {}
    for fit, judge in folds:
        aside = events.take(judge)
        for setting, model in _contenders(events.take(fit), seed, threads).items():
            lost = float(np.abs(model.of_rows(aside) - aside.value).sum())
            errors.setdefault(setting, []).append(lost)
    pooled = {setting: sum(lost) for setting, lost in errors.items() if len(lost) == len(folds)}
    best = _simplest_of_best(pooled) if pooled else ("mean", 0.0)
    return _contenders(events, seed, threads, [best])[best]


def _simplest_of_best(errors: dict[tuple[str, float], float]) -> tuple[str, float]:
    """Give the first setting that no later one betters by LEAST_IMPROVEMENT."""
    best = next(iter(errors))
    for setting, error in errors.items():
        if error < (1.0 - LEAST_IMPROVEMENT) * errors[best]:
            best = setting
    return best


def _contenders(
    rows: ValueRows, seed: int, threads: int, wanted: Sequence[tuple[str, float]] | None = None
) -> dict[tuple[str, float], ValueModel]:
    """Fit the contenders (those wanted) on rows with the event, by (kind, setting), the simplest first."""
    brand_mean = _drawn_in_mean(rows.value)
    models = {("mean", 0.0): ValueModel("mean", brand_mean, 0.0, 1.0)}
    if rows.own_count.any():
        own_means = rows.own_sum[rows.own_count > 0] / rows.own_count[rows.own_count > 0]
        per_event = _drawn_in_mean(own_means)
        models |= {("own", c): ValueModel("own", per_event, c, 1.0) for c in CREDIBILITIES}
    middle = ("own", 2.0) if ("own", 2.0) in models else ("mean", 0.0)
    rounds = [int(s) for kind, s in wanted or [] if kind == "trees"] or ([] if wanted else ROUNDS)
    for count in rounds:
        models["trees", float(count)] = _with_trees(models[middle], rows, count, seed, threads)
    return {
        setting: replace(model, level=_level(model, rows))
        for setting, model in models.items()
        if wanted is None or setting in wanted
    }


def _with_trees(
    simple: ValueModel, rows: ValueRows, rounds: int, seed: int, threads: int
) -> ValueModel:
    """Let trees learn the ratio to the simple answer, its outer values drawn in."""
    ratio = np.maximum(rows.value, 0.0) / simple.of_rows(rows)
    low, high = np.quantile(ratio, [OUTER_SHARE, 1.0 - OUTER_SHARE])
    kept = np.clip(ratio, low, high)
    start = np.full(len(kept), np.log(max(kept.mean(), 1e-9)))
    table = _with_odds(rows.probability, rows.values)
    return replace(simple, trees=Boost.fit(table, kept, start, "tweedie", rounds, seed, threads))


def _level(model: ValueModel, rows: ValueRows) -> float:
    """What brings the sum of a model to the sum of what came: trees and logarithms miss it (smearing).

    A customer of whom more than LARGEST_SHARE of everything is expected is left out: one wholesaler's
    lucky year would lift everybody. It is told by what is expected, not by what came, which would bias
    the sum of the rest.
    """
    expected = model.of_rows(rows)
    of_customer = np.bincount(rows.customer, weights=expected)
    usual = (of_customer <= LARGEST_SHARE * of_customer.sum())[rows.customer]
    kept = usual if usual.any() else np.ones(len(usual), dtype=bool)
    return float(rows.value[kept].sum() / max(expected[kept].sum(), 1e-9))


def _drawn_in_mean(values: Floats) -> float:
    known = values[np.isfinite(values) & (values > 0)]
    if not len(known):
        return 1.0
    return float(np.minimum(known, np.quantile(known, 1.0 - 2 * OUTER_SHARE)).mean())


def _with_odds(probability: Floats, values: NDArray[Any]) -> NDArray[np.float32]:
    odds = log_odds(probability).astype(np.float32)
    return np.column_stack([odds, np.asarray(values, dtype=np.float32)])
