"""From mixed signs to places: the best few allowed things of each customer, always in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ml.activate.recommend.assortment import (
    Assortment,
    OfferRules,
    assortment_of,
    forbidden_pairs,
)
from ml.activate.recommend.facts import Floats, History
from ml.activate.recommend.signs import Signs

BATCH = 4_000
"""Customers whose scores stand in memory at once."""

NOTHING = -1
"""In an array of things: this place is empty."""

Things = NDArray[np.int64]


@dataclass(frozen=True)
class Offers:
    """A day's history with its assortment and signs, ready to rank."""

    history: History
    assortment: Assortment
    signs: Signs
    forbidden: csr_matrix

    @classmethod
    def of(cls, history: History, rules: OfferRules, threads: int) -> Offers:
        """Prepare a history; models are fitted when a method first asks for them."""
        assortment = assortment_of(history, rules)
        return cls(
            history,
            assortment,
            Signs(history, assortment, threads),
            forbidden_pairs(history, assortment, rules),
        )

    def best(
        self, weights: Mapping[str, float], numbers: NDArray[np.int64], places: int
    ) -> Iterator[tuple[NDArray[np.int64], Things, Floats]]:
        """Batch by batch: customer numbers, things by place (NOTHING where there is none), scores."""
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start : start + BATCH]
            allowed = without(self.signs.mixed(weights, batch), self.forbidden[batch])
            yield batch, *first_places(allowed, self.assortment.rank, places)


def without(scores: csr_matrix, forbidden: csr_matrix) -> csr_matrix:
    """The scores without the pairs that are forbidden (ones)."""
    left = csr_matrix(scores - scores.multiply(forbidden))
    left.eliminate_zeros()  # x - 1 * x is exactly zero
    return left


def first_places(scores: csr_matrix, rank: NDArray[np.int64], places: int) -> tuple[Things, Floats]:
    """The highest scores of each row, shape (rows, places); ties go to the more popular thing."""
    row = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    # Seven digits are all a 32-bit float holds; the sixth is where machines differ.
    data = np.round(scores.data.astype(np.float64), 6)
    order = np.lexsort((rank[scores.indices], -data, row))
    place = np.arange(len(order)) - scores.indptr[row[order]]
    chosen = order[place < places]
    things = np.full((scores.shape[0], places), NOTHING, dtype=np.int64)
    found = np.zeros((scores.shape[0], places), dtype=np.float32)
    at = (row[chosen], place[place < places])
    things[at], found[at] = scores.indices[chosen], data[chosen]
    return things, found
