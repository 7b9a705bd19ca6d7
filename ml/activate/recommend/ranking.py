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

NEW_PLACE = 3
"""What is new has no past that would lift it: it gets a place of its own among the three, where it fits."""

FITS = 0.5
"""From here on a new thing fits: as much of the taste goes to its category and brand as goes elsewhere."""

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
            things, scores = first_places(allowed, self.assortment.rank, places)
            self._let_in_new(batch, things, scores)
            yield batch, things, scores

    def _let_in_new(self, batch: NDArray[np.int64], things: Things, scores: Floats) -> None:
        """Give NEW_PLACE to the new thing that fits best, where it fits and no earlier place holds a new one."""
        if not self.assortment.is_new.any():
            return
        fits = without(self.signs.new(batch), self.forbidden[batch])
        best, fit = (found[:, 0] for found in first_places(fits, self.assortment.rank, 1))
        has_new = (things[:, :NEW_PLACE] != NOTHING) & self.assortment.is_new[things[:, :NEW_PLACE]]
        at = NEW_PLACE - 1
        row = np.flatnonzero((fit >= FITS) & ~has_new.any(axis=1) & (things[:, at - 1] != NOTHING))
        # Where it stood further down, the hole closes; otherwise the last place falls out.
        later = things[row, at:]
        kept = np.argsort(later == best[row, None], axis=1, kind="stable")[:, :-1]
        things[row, at + 1 :] = np.take_along_axis(later, kept, axis=1)
        later_scores = scores[row, at:]
        scores[row, at + 1 :] = np.take_along_axis(later_scores, kept, axis=1)
        things[row, at] = best[row]


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
