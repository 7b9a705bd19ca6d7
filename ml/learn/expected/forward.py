"""Rows to fit on and rows to judge: forward in time where the history allows it, across customers otherwise."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from ml.learn.training.splits import rolling_folds

Rows = NDArray[np.intp]

MOST_FOLDS = 3
CUSTOMER_GROUPS = 4


def folds_of(
    day: NDArray[np.datetime64], customer: Rows, horizon_days: int, seed: int
) -> list[tuple[Rows, Rows]]:
    """Give (fit, judge) row numbers; no window of a fit reaches past the first cut-off judged by it.

    ``day`` and ``customer`` (numbers from 0) have shape (rows,). Without a second block in time, the
    customers are dealt into groups.
    """
    cutoffs = [found.astype(date) for found in np.unique(day)]
    forward = [
        (
            np.flatnonzero(day <= np.datetime64(fold.fit[-1])),
            np.flatnonzero(np.isin(day, np.array(fold.validate, dtype="datetime64[D]"))),
        )
        for fold in rolling_folds(cutoffs, horizon_days, MOST_FOLDS)
    ]
    kept = [(fit, judge) for fit, judge in forward if len(fit) and len(judge)]
    return kept or _across_customers(customer, seed)


def _across_customers(customer: Rows, seed: int) -> list[tuple[Rows, Rows]]:
    order = np.random.default_rng(seed).permutation(int(customer.max(initial=0)) + 1)
    group = order[customer] % CUSTOMER_GROUPS
    numbers = [number for number in range(CUSTOMER_GROUPS) if (group == number).any()]
    if len(numbers) < 2:
        return []
    return [(np.flatnonzero(group != n), np.flatnonzero(group == n)) for n in numbers]
