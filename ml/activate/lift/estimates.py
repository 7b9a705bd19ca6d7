"""Differences between people written to and people held out, with what can be said of their size.

Each person stands once in a reading, so that rows are independent. Pure: numbers in, numbers out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, fisher_exact, norm, ttest_ind

from ml.learn.models.linear import Floats

LEVEL = 0.95
POWER = 0.8
FALSE_DISCOVERIES = 0.05
"""Of the readings that are called proved, so large a share may be false (Benjamini and Hochberg 1995)."""

Z = float(norm.ppf(0.5 + LEVEL / 2))
SEEN_AT = Z + float(norm.ppf(POWER))
FEWEST_EXPECTED = 5
"""Fewer expected outcomes than this in a cell, and the exact test is taken (Cochran 1954)."""


@dataclass(frozen=True)
class Difference:
    """A difference with its 95 % interval."""

    value: float
    low: float
    high: float


def rate_difference(treated: int, of_treated: int, others: int, of_others: int) -> Difference:
    """Treated rate minus the other, by the hybrid score interval (Newcombe 1998, method 10).

    It keeps its level for rare outcomes, where the interval of the textbook does not.
    """
    p, q = treated / of_treated, others / of_others
    p_low, p_high = wilson(treated, of_treated)
    q_low, q_high = wilson(others, of_others)
    low = float(np.hypot(p - p_low, q_high - q))
    high = float(np.hypot(p_high - p, q - q_low))
    return Difference(p - q, p - q - low, p - q + high)


def wilson(happened: int, people: int) -> tuple[float, float]:
    """The score interval of a rate (Wilson 1927)."""
    found = binomtest(happened, people).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def mean_difference(treated: Floats, others: Floats) -> Difference:
    """Difference of means of unequal spread (Welch 1947); NaN ends with fewer than two people in a group."""
    value = float(treated.mean() - others.mean())
    if min(len(treated), len(others)) < 2:
        return Difference(value, float("nan"), float("nan"))
    if not treated.std() and not others.std():
        return Difference(value, value, value)
    found = ttest_ind(treated, others, equal_var=False).confidence_interval(LEVEL)
    return Difference(value, float(found.low), float(found.high))


def rate_p_value(treated: int, of_treated: int, others: int, of_others: int) -> float:
    """Two-sided p-value of equal rates: pooled z, and Fisher's exact test where outcomes are few."""
    pooled = (treated + others) / (of_treated + of_others)
    expected = min(pooled, 1 - pooled) * min(of_treated, of_others)
    if expected < FEWEST_EXPECTED:
        cells = [[treated, of_treated - treated], [others, of_others - others]]
        return float(fisher_exact(cells)[1])
    error = np.sqrt(pooled * (1 - pooled) * (1 / of_treated + 1 / of_others))
    return float(2 * norm.sf(abs(treated / of_treated - others / of_others) / error))


def smallest_visible(rate: float, of_treated: int, of_others: int) -> float:
    """The difference that such groups would have shown four times in five, near this rate (two-sided, 5 %)."""
    return SEEN_AT * float(np.sqrt(rate * (1 - rate) * (1 / of_treated + 1 / of_others)))
