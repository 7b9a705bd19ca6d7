"""Whole customers drawn with replacement: how much a figure would move with other customers.

The rows of a customer at neighbouring cut-offs share most of their label window, so rows are no independent draws
(cluster bootstrap; Davison and Hinkley 1997, section 3.8).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

DRAWS = 400
LEVEL = 0.9
"""Of the intervals: one drawn figure in ten lies outside."""


def customer_weights(customers: ArrayLike, seed: int, draws: int = DRAWS) -> Iterator[Floats]:
    """Give, per draw, how often each row is in it, shape (rows,); the rows of a customer alike."""
    names, code = np.unique(np.asarray(customers, dtype=np.str_), return_inverse=True)
    random = np.random.default_rng(seed)
    for _ in range(draws):
        times = np.bincount(random.integers(0, len(names), len(names)), minlength=len(names))
        yield times[code].astype(np.float64)


def interval(drawn: ArrayLike) -> tuple[float, float]:
    """Give the ends of the middle LEVEL of drawn figures; NaN where none of them has a value."""
    found = np.asarray(drawn, dtype=np.float64)
    found = found[~np.isnan(found)]
    if not len(found):
        return float("nan"), float("nan")
    tail = (1 - LEVEL) / 2
    return float(np.quantile(found, tail)), float(np.quantile(found, 1 - tail))


@dataclass(frozen=True)
class RankedAuc:
    """The AUC of weighted rows, which are ordered once so that a draw costs two sums."""

    order: NDArray[np.intp]
    group: NDArray[np.intp]
    positive: Floats

    @classmethod
    def of(cls, y: ArrayLike, p: ArrayLike) -> "RankedAuc":
        """Order the rows by their predictions."""
        outcome, predicted = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
        order = np.argsort(predicted, kind="stable")
        return cls(order, np.unique(predicted[order], return_inverse=True)[1], outcome[order])

    def value(self, weight: Floats) -> float:
        """Give the chance that a positive stands above a negative, equals counting half; NaN without either."""
        w = weight[self.order]
        positive = np.bincount(self.group, weights=w * self.positive)
        negative = np.bincount(self.group, weights=w * (1 - self.positive))
        below = np.cumsum(negative) - negative
        pairs = positive.sum() * negative.sum()
        return float(positive @ (below + negative / 2) / pairs) if pairs else float("nan")
