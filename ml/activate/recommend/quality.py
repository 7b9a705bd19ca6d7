"""How good offers were: figures per customer, then means with intervals over drawn customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.activate.recommend.ranking import NOTHING, Things
from ml.learn.judging.resampling import Floats, customer_weights, interval

FIRST, MANY = 3, 10
DRAWS = 200

PER_CUSTOMER = ("hit_rate_3", "hit_rate_10", "ndcg_10", "new_hit_rate_3")
COVERAGE, POPULARITY = "coverage", "mean_popularity"
METRICS = (*PER_CUSTOMER, COVERAGE, POPULARITY)


def hits_of(
    things: Things, customers: NDArray[np.int64], taken: pd.DataFrame, n_items: int
) -> NDArray[np.bool_]:
    """By customer and place: was it among what was taken (customer, item)?"""
    wanted = taken["customer"].to_numpy(dtype=np.int64) * n_items + taken["item"].to_numpy()
    wanted = np.unique(wanted[taken["item"].to_numpy() >= 0])
    keys = customers[:, None] * n_items + things
    return np.asarray(is_among(keys, wanted) & (things != NOTHING))


def is_among(keys: NDArray[np.int64], ascending: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these keys are among ascending ones; faster than a search that sorts them all."""
    if not len(ascending):
        return np.zeros(keys.shape, dtype=bool)
    at = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    return np.asarray(ascending[at] == keys)


def figures_of(
    hits: NDArray[np.bool_], was_new: NDArray[np.bool_], taken_count: NDArray[np.int64]
) -> pd.DataFrame:
    """One row per customer: PER_CUSTOMER.

    hits and was_new (the person had not bought the thing before) have the shape (customers, MANY); taken_count says how
    many things each customer took, known or not. NDCG has relevance 0 or 1 (Jarvelin and Kekalainen 2002).
    """
    discount = 1 / np.log2(np.arange(2, MANY + 2))
    best = np.cumsum(discount)[np.clip(taken_count, 1, MANY) - 1]
    return pd.DataFrame(
        {
            "hit_rate_3": hits[:, :FIRST].any(axis=1).astype(float),
            "hit_rate_10": hits.any(axis=1).astype(float),
            "ndcg_10": (hits * discount).sum(axis=1) / best,
            "new_hit_rate_3": (hits & was_new)[:, :FIRST].any(axis=1).astype(float),
        }
    )


def coverage_of(things: Things, may_offer: NDArray[np.bool_]) -> float:
    """The share of what may be offered that stands on some first place (of FIRST) of somebody."""
    offered = np.unique(things[:, :FIRST])
    return float(np.sum(offered != NOTHING) / max(int(may_offer.sum()), 1))


@dataclass(frozen=True)
class Judged:
    """The methods on the same customers, compared in pairs: figures over all, and over drawn customers.

    Draws of customers are shared by all methods, so that differences are paired.
    """

    customers: int
    values: Mapping[tuple[str, str], float]
    drawn: Mapping[tuple[str, str], Floats]

    @classmethod
    def of(
        cls,
        figures: Mapping[str, pd.DataFrame],
        things: Mapping[str, Things],
        popularity: NDArray[np.float32],
        may_offer: NDArray[np.bool_],
        seed: int,
    ) -> Judged:
        """Judge methods by their figures per customer and the things they offered, row by row the same customers."""
        count = len(next(iter(figures.values())))
        # A list, not a matrix: a draw is used once for each method.
        draws = list(customer_weights(np.arange(count), seed, DRAWS)) if count else []
        values, drawn = {}, {}
        for method, table in figures.items():
            first = things[method][:, :FIRST]
            rows = np.column_stack([table[list(PER_CUSTOMER)], _mean_popularity(first, popularity)])
            means = rows.mean(axis=0) if count else np.full(rows.shape[1], np.nan)
            moved = np.array([w @ rows / count for w in draws]).reshape(len(draws), rows.shape[1])
            for i, metric in enumerate((*PER_CUSTOMER, POPULARITY)):
                values[method, metric], drawn[method, metric] = float(means[i]), moved[:, i]
            values[method, COVERAGE] = coverage_of(first, may_offer)
            # Drawn customers repeat, and so cover less than all of them: no draw tells how sure coverage is.
            drawn[method, COVERAGE] = np.full(len(draws), np.nan)
        return cls(count, values, drawn)

    @classmethod
    def pooled(cls, parts: Sequence[Judged]) -> Judged:
        """Several windows as one: the means weighted by how many customers each has.

        Draws of different windows are put side by side, as if they were independent.
        """
        count = sum(part.customers for part in parts)
        share = [part.customers / count for part in parts]
        keys = parts[0].values.keys()
        return cls(
            count,
            {k: sum(s * p.values[k] for s, p in zip(share, parts, strict=True)) for k in keys},
            {
                k: np.sum([s * p.drawn[k] for s, p in zip(share, parts, strict=True)], axis=0)
                for k in keys
            },
        )

    def interval(self, method: str, metric: str) -> tuple[float, float]:
        """The interval of a figure."""
        return interval(self.drawn[method, metric])

    def gain(self, method: str, other: str, metric: str) -> tuple[float, float, float]:
        """How much greater a method's figure is than another's on the same customers, with its interval."""
        gain = self.values[method, metric] - self.values[other, metric]
        return gain, *interval(self.drawn[method, metric] - self.drawn[other, metric])


def _mean_popularity(first: Things, popularity: NDArray[np.float32]) -> Floats:
    """By customer: how popular what stands on its first places is, 1 the most popular thing of all."""
    known = first != NOTHING
    found = np.where(known, popularity[np.where(known, first, 0)], 0).sum(axis=1)
    return np.asarray(found / np.maximum(known.sum(axis=1), 1), dtype=np.float64)
