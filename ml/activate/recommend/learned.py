"""Weights of signs learned from an earlier window: what people took, among everything that some sign spoke for.

A conditional logit (McFadden 1974): each thing a person took is a choice among the person's candidates, whose pull is
the weighted sum of their signs. Weights are never negative: no sign speaks against a thing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from ml.activate.recommend.ranking import Offers, without

MOST_TAKERS = 4_000
"""People whose choices are learned from: a handful of weights needs no more."""

PENALTY = 1e-3
"""Holds back the weight of a sign that hardly anybody has."""

Floats = NDArray[np.float64]


def learn_weights(offers: Offers, taken: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """Give a weight per sign, from what was taken (customer, item) after the day of `offers`.

    Signs without a weight are left out; where no candidate was taken, all are.
    """
    numbers = np.unique(taken["customer"].to_numpy()).astype(np.int64)
    numbers = numbers[:: -(-len(numbers) // MOST_TAKERS) or 1]
    signs, chosen, starts = _candidates(offers, taken, numbers, names)
    if not chosen.any():
        return {}
    found = minimize(
        _loss,
        np.ones(len(names)),
        args=(signs, chosen, starts),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * len(names),
    )
    # Four digits: the last ones depend on the machine, and no ranking on them.
    return {
        name: round(float(weight), 4)
        for name, weight in zip(names, found.x, strict=True)
        if weight > 0
    }


def _candidates(
    offers: Offers, taken: pd.DataFrame, numbers: NDArray[np.int64], names: Sequence[str]
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """Signs of every candidate, whether it was taken, and where each person's candidates begin."""
    forbidden = offers.forbidden[numbers]
    parts = [without(offers.signs.of(name, numbers), forbidden) for name in names]
    every = csr_matrix(sum(part.astype(bool).astype(np.float32) for part in parts))
    every.sort_indices()
    size = every.shape[1]
    row = np.repeat(np.arange(len(numbers)), np.diff(every.indptr))
    keys = row.astype(np.int64) * size + every.indices
    signs = np.zeros((len(keys), len(parts)))
    for column, part in enumerate(parts):
        at = np.repeat(np.arange(len(numbers)), np.diff(part.indptr)) * size + part.indices
        signs[np.searchsorted(keys, at), column] = part.data
    there = taken.loc[taken["customer"].isin(numbers) & (taken["item"] >= 0)]
    wanted = (
        np.searchsorted(numbers, there["customer"].to_numpy()) * size + there["item"].to_numpy()
    )
    has_some = np.diff(every.indptr) > 0
    return signs, np.isin(keys, wanted), every.indptr[:-1][has_some].astype(np.int64)


def _loss(
    weights: Floats, signs: Floats, chosen: NDArray[np.bool_], starts: NDArray[np.int64]
) -> tuple[float, Floats]:
    """Minus the mean log-likelihood of what was taken, and its slope."""
    pull = signs @ weights
    lengths = np.diff(np.append(starts, len(pull)))
    pull = pull - np.repeat(np.maximum.reduceat(pull, starts), lengths)
    odds = np.exp(pull)
    total = np.add.reduceat(odds, starts)
    # Each person counts once, however much it took.
    share = chosen / np.repeat(np.maximum(np.add.reduceat(chosen, starts, dtype=int), 1), lengths)
    takers = np.add.reduceat(share, starts)
    count = takers.sum()
    loss = (takers @ np.log(total) - pull @ share) / count + PENALTY * weights @ weights
    expected = odds * np.repeat(takers / total, lengths)
    slope = ((expected - share) @ signs) / count + 2 * PENALTY * weights
    return float(loss), slope
