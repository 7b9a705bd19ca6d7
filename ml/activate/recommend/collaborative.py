"""The one module that talks to `implicit`: models of who takes what together with what.

Seeds and threads are fixed, so that the same history gives the same bytes. ALS and the neighbours work on rows that do
not touch each other, and may use threads; BPR's threads write into each other's rows, so it runs on one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import (
    ItemItemRecommender,
    bm25_weight,
    normalize,
    tfidf_weight,
)
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from threadpoolctl import threadpool_limits

Flags = NDArray[np.bool_]

SEED = 20_240_607
NEIGHBOURS = 50
FACTORS = 64
CANDIDATES = 50
"""Things per person that a model of factors hands on; further ones could not come among the first ten."""


class Collaborative(Protocol):
    """A fitted model of tastes."""

    def scores(self, numbers: NDArray[np.int64], taste: csr_matrix) -> csr_matrix:
        """Customers x items, above zero: how well a thing fits these customers, whose rows are `taste`."""


class Neighbours:
    """A thing is near another when the same people took both."""

    def __init__(self, similarity: csr_matrix) -> None:
        self.similarity = similarity

    def scores(self, numbers: NDArray[np.int64], taste: csr_matrix) -> csr_matrix:
        """The sum of the likeness to what each person took, weighted by how much it took."""
        return (taste @ self.similarity).tocsr()


class Factors:
    """Each person and each thing is a point; near points fit (Hu, Koren and Volinsky 2008; Rendle et al. 2009)."""

    def __init__(self, model: Any, may_offer: Flags) -> None:
        self._model = model
        self._items = np.flatnonzero(may_offer).astype(np.int32)

    def scores(self, numbers: NDArray[np.int64], taste: csr_matrix) -> csr_matrix:
        """The best CANDIDATES of each person, from 1 down to near 0; nobody is told of a person without a history."""
        known = np.diff(taste.indptr) > 0
        shape = taste.shape
        if not known.any() or not len(self._items):
            return csr_matrix(shape, dtype=np.float32)
        with threadpool_limits(1):
            found, scores = self._model.recommend(
                numbers[known],
                taste[known],
                N=min(CANDIDATES, len(self._items)),
                filter_already_liked_items=False,
                items=self._items,
            )
        # Only the order and the distances within a person count: the worst candidate is moved to near zero.
        low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
        scaled = (scores - low) / np.maximum(high - low, 1e-9) + 1e-6
        rows = np.repeat(np.flatnonzero(known), found.shape[1])
        return csr_matrix((scaled.ravel().astype(np.float32), (rows, found.ravel())), shape=shape)


def _neighbours(
    weigh: Callable[[csr_matrix], Any], taste: csr_matrix, may_offer: Flags, threads: int
) -> Neighbours:
    """The NEIGHBOURS nearest of each thing, among what may be offered, by weights of things x customers."""
    # A thing nobody took, or everybody, gets no weight and so no direction.
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = csr_matrix(weigh(taste.T.tocsr()).T)
    weighted.data = np.nan_to_num(weighted.data, posinf=0)
    model = ItemItemRecommender(NEIGHBOURS, num_threads=threads)
    model.fit(weighted, show_progress=False)
    offered = diags_array(may_offer.astype(np.float32), dtype=np.float32)
    similarity = csr_matrix(csr_matrix(model.similarity, dtype=np.float32) @ offered)
    # The thing itself is no reason to offer it: that is what "bought before" is for.
    similarity.setdiag(0)
    similarity.eliminate_zeros()
    return Neighbours(similarity)


def _bm25(taste: csr_matrix, may_offer: Flags, threads: int) -> Collaborative:
    return _neighbours(partial(bm25_weight, K1=1.2, B=0.75), taste, may_offer, threads)


def _tfidf(taste: csr_matrix, may_offer: Flags, threads: int) -> Collaborative:
    return _neighbours(lambda things: normalize(tfidf_weight(things)), taste, may_offer, threads)


def _als(taste: csr_matrix, may_offer: Flags, threads: int) -> Collaborative:
    with threadpool_limits(1):
        model = AlternatingLeastSquares(
            FACTORS, regularization=0.05, alpha=10, random_state=SEED, num_threads=threads
        )
        model.fit(taste, show_progress=False)
    return Factors(model, may_offer)


def _bpr(taste: csr_matrix, may_offer: Flags, threads: int) -> Collaborative:
    model = BayesianPersonalizedRanking(
        FACTORS, learning_rate=0.05, iterations=25, random_state=SEED, num_threads=1
    )
    model.fit(taste, show_progress=False)
    return Factors(model, may_offer)


MODELS: dict[str, Callable[[csr_matrix, Flags, int], Collaborative]] = {
    "bm25": _bm25,
    "tfidf": _tfidf,
    "als": _als,
    "bpr": _bpr,
}
"""How each model is fitted: on the taste of customers x things, for what may be offered, with so many threads."""
