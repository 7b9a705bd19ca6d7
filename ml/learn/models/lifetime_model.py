"""Buy-till-you-die at work: as a model that serves, and as inputs of the other models."""

from dataclasses import dataclass
from itertools import permutations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ml.learn.models.lifetimes import CURVES, Curve, Histories
from ml.learn.models.linear import Floats, sigmoid

LIFETIME_FEATURES = ("order_days_count_all", "days_since_first_order", "days_since_last_order")
"""The features that hold a customer's order days, in the order ``Histories.of`` takes them."""

SURE = 1e-6
"""Kept distance of a probability from 0 and 1 before it becomes log-odds."""


@dataclass(frozen=True)
class LifetimeModel:
    """The chance of an order within the horizon (or, ``of_leaving``, of none), as log-odds on a line.

    ``columns`` are where LIFETIME_FEATURES stand among ``features`` columns. ``usual`` holds their
    usual values: they stand in for missing ones, and contributions are measured from them.
    ``intercept + slope * logit`` corrects for a population that the curve does not know of (only
    those who bought lately, say); 0 and 1 where there are too few outcomes to fit it.
    """

    columns: tuple[int, int, int]
    features: int
    curve: Curve
    horizon_days: int
    of_leaving: bool
    usual: tuple[float, float, float]
    intercept: float = 0.0
    slope: float = 1.0

    @property
    def kind(self) -> str:
        """Name the sort of model: bg_nbd or pareto_nbd."""
        return self.curve.kind

    def logit(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds of each row, shape (rows,)."""
        return self._logit(self._own(values))

    def predict(self, values: NDArray[Any]) -> Floats:
        """Give the probability of each row, shape (rows,)."""
        return sigmoid(self.logit(values))

    def contributions(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds terms, shape (rows, features + 1), the usual customer's log-odds last.

        Exact Shapley values over the three columns: what a column adds when it moves from its usual
        value to the customer's own, averaged over the orders in which the three may move.
        """
        own = self._own(values)
        start = np.broadcast_to(np.array(self.usual), own.shape)
        known: dict[frozenset[int], Floats] = {}

        def moved(which: frozenset[int]) -> Floats:
            if which not in known:
                chosen = np.isin(np.arange(3), sorted(which))
                known[which] = self._logit(np.where(chosen, own, start))
            return known[which]

        terms = np.zeros((len(values), self.features + 1))
        terms[:, -1] = moved(frozenset())
        for order in permutations(range(3)):
            for place, number in enumerate(order):
                before, after = frozenset(order[:place]), frozenset(order[: place + 1])
                terms[:, self.columns[number]] += (moved(after) - moved(before)) / 6.0
        return terms

    def to_parts(self) -> tuple[dict[str, Any], str | None]:
        """Give the plain numbers and (for trees only) the model text."""
        return {
            "columns": list(self.columns),
            "features": self.features,
            "parameters": list(self.curve.parameters),
            "curve": self.kind,
            "horizon_days": self.horizon_days,
            "of_leaving": self.of_leaving,
            "usual": list(self.usual),
            "intercept": self.intercept,
            "slope": self.slope,
        }, None

    @classmethod
    def from_parts(cls, plain: dict[str, Any], text: str | None = None) -> Self:
        """Take back what ``to_parts`` gave."""
        first, second, third = (float(value) for value in plain["usual"])
        return cls(
            _columns(plain["columns"]),
            int(plain["features"]),
            curve_of(plain["curve"], plain["parameters"]),
            int(plain["horizon_days"]),
            bool(plain["of_leaving"]),
            (first, second, third),
            float(plain["intercept"]),
            float(plain["slope"]),
        )

    def _own(self, values: NDArray[Any]) -> Floats:
        own = np.asarray(values[:, list(self.columns)], dtype=np.float64)
        return np.where(np.isfinite(own), own, np.array(self.usual))

    def _logit(self, own: Floats) -> Floats:
        odds = _log_odds(self.curve.any_order(Histories.of(own), self.horizon_days))
        return self.intercept + self.slope * (-odds if self.of_leaving else odds)


@dataclass(frozen=True)
class LifetimeInputs:
    """Three more columns for another model: log-odds of an order in the horizon, P(alive), expected orders.

    Missing where one of the three features is. What they add to a score is credited to the features they
    say most about: the first two to the time since the last order, the third to the number of order days.
    """

    columns: tuple[int, int, int]
    curve: Curve
    horizon_days: int

    def extend(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Give the values with the three columns behind them, shape (rows, features + 3)."""
        added = self.derived(values[:, list(self.columns)])
        return np.hstack([np.asarray(values, dtype=np.float32), added])

    def derived(self, own: NDArray[Any]) -> NDArray[np.float32]:
        """Give the three columns from the three features they come from, both of shape (rows, 3)."""
        own = np.asarray(own, dtype=np.float64)
        known = np.isfinite(own).all(axis=1)
        seen = Histories.of(own[known])
        added = np.full((len(own), 3), np.nan, dtype=np.float32)
        added[known, 0] = _log_odds(self.curve.any_order(seen, self.horizon_days))
        added[known, 1] = self.curve.alive(seen)
        added[known, 2] = self.curve.expected_orders(seen, self.horizon_days)
        return added

    def credit(self, terms: Floats) -> Floats:
        """Give contributions by feature (rows, features + 1) from those of the extended columns."""
        order_days, _, since_last = self.columns
        own = np.delete(terms, [-4, -3, -2], axis=1)
        own[:, since_last] += terms[:, -4] + terms[:, -3]
        own[:, order_days] += terms[:, -2]
        return own

    def to_dict(self) -> dict[str, Any]:
        """Give the plain numbers, for JSON."""
        return {
            "columns": list(self.columns),
            "curve": self.curve.kind,
            "parameters": list(self.curve.parameters),
            "horizon_days": self.horizon_days,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Take back what ``to_dict`` gave."""
        curve = curve_of(plain["curve"], plain["parameters"])
        return cls(_columns(plain["columns"]), curve, int(plain["horizon_days"]))


def curve_of(kind: str, parameters: list[float]) -> Curve:
    """Give the curve of a kind with these four parameters."""
    r, first, second, third = (float(value) for value in parameters)
    return CURVES[kind]((r, first, second, third))


def _log_odds(probability: Floats) -> Floats:
    kept = np.clip(probability, SURE, 1.0 - SURE)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def _columns(numbers: list[int]) -> tuple[int, int, int]:
    first, second, third = (int(number) for number in numbers)
    return first, second, third
