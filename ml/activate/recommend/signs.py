"""The signs that speak for offering a thing to a person, each from 0 to 1: customers x things, only what is above 0."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

from ml.activate.recommend.assortment import Assortment
from ml.activate.recommend.collaborative import MODELS, Collaborative
from ml.activate.recommend.facts import Floats, History

BOUGHT, LOOKED, SHELF, POPULAR = "bought", "looked", "shelf", "popular"

LOOK_WEIGHT = 0.2
"""What a look says about taste beside a purchase, which says 1."""

SHELF_TOP = 20
"""The most popular of a category that are offered to who likes the category."""
POPULAR_TOP = 60
"""The most popular of all: enough for ten places where many of them are not for this person."""


class Signs:
    """What is known of each customer of a history, ready to be read in batches."""

    def __init__(self, history: History, assortment: Assortment, threads: int) -> None:
        self._assortment = assortment
        self._threads = threads
        self._models: dict[str, Collaborative] = {}
        bought, looked = history.matrix("bought"), history.matrix("looked")
        self.taste = csr_matrix(bought + looked * np.float32(LOOK_WEIGHT))
        offered = diags_array(assortment.may_offer.astype(np.float32), dtype=np.float32)
        self._own = {BOUGHT: csr_matrix(bought @ offered), LOOKED: csr_matrix(looked @ offered)}
        self._shelf, self._best_of_shelf, self._new_on_shelf = _shelves(
            history.items["category"], assortment
        )
        self._brand, _, self._new_of_brand = _shelves(history.items["brand"], assortment)
        self._popular = _most_popular(assortment)

    def model(self, name: str) -> Collaborative:
        """A collaborative model of this history, fitted when first asked for."""
        if name not in self._models:
            self._models[name] = MODELS[name](self.taste, self._assortment.may_offer, self._threads)
        return self._models[name]

    def of(self, name: str, numbers: NDArray[np.int64]) -> csr_matrix:
        """One sign for these customers; a customer without it has an empty row."""
        if name in self._own:
            return scaled(self._own[name][numbers])
        taste = self.taste[numbers]
        if name == SHELF:
            return scaled(csr_matrix(taste @ self._shelf @ self._best_of_shelf))
        if name == POPULAR:
            every = np.zeros(len(numbers), dtype=np.int64)
            return csr_matrix(self._popular[every])
        if not (taste.nnz and self._assortment.may_offer.any()):
            return csr_matrix(taste.shape, dtype=np.float32)
        return scaled(self.model(name).scores(numbers, taste))

    def new(self, numbers: NDArray[np.int64]) -> csr_matrix:
        """How well new things fit: half a point for the category, half for the brand, by their shares of the taste."""
        taste = self.taste[numbers]
        found = _shares(taste @ self._shelf) @ self._new_on_shelf
        found = found + _shares(taste @ self._brand) @ self._new_of_brand
        return csr_matrix(found / 2, dtype=np.float32)

    def mixed(self, weights: Mapping[str, float], numbers: NDArray[np.int64]) -> csr_matrix:
        """The weighted sum of signs for these customers."""
        total = csr_matrix((len(numbers), self.taste.shape[1]), dtype=np.float32)
        for name, weight in weights.items():
            total = total + self.of(name, numbers) * np.float32(weight)
        return csr_matrix(total)


def scaled(scores: csr_matrix) -> csr_matrix:
    """Each row divided by its greatest value."""
    found = csr_matrix(scores, dtype=np.float32)
    found.eliminate_zeros()
    if not found.nnz:
        return found
    highest = np.asarray(found.max(axis=1).todense(), dtype=np.float32).ravel()
    found.data = found.data / np.repeat(highest, np.diff(found.indptr))
    return found


def _shares(weights: csr_matrix) -> csr_matrix:
    found = csr_matrix(weights, dtype=np.float32)
    sums = np.asarray(found.sum(axis=1)).ravel()
    found.data = found.data / np.repeat(sums, np.diff(found.indptr))
    return found


def _shelves(names: pd.Series, assortment: Assortment) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
    """Things x shelves (which stands where), shelves x things (the popular ones), shelves x things (the new ones)."""
    code, shelves = pd.factorize(names, sort=True)
    known = code >= 0
    shape = (len(names), len(shelves))
    things = np.arange(len(names))
    ones = np.ones(int(known.sum()), dtype=np.float32)
    stands = csr_matrix((ones, (things[known], code[known])), shape=shape)
    best = _best_of_shelf(code, assortment)
    popular = csr_matrix((assortment.popularity[best], (code[best], best)), shape=shape[::-1])
    new = known & assortment.is_new
    fresh = np.ones(int(new.sum()), dtype=np.float32)
    return stands, popular, csr_matrix((fresh, (code[new], things[new])), shape=shape[::-1])


def _best_of_shelf(code: NDArray[np.int64], assortment: Assortment) -> NDArray[np.int64]:
    order = np.argsort(assortment.rank)
    order = order[(code[order] >= 0) & assortment.may_offer[order]]
    place = pd.Series(code[order]).groupby(code[order]).cumcount().to_numpy()
    return np.asarray(order[place < SHELF_TOP], dtype=np.int64)


def _most_popular(assortment: Assortment) -> csr_matrix:
    order = np.argsort(assortment.rank)
    best = order[assortment.may_offer[order]][:POPULAR_TOP]
    values: Floats = np.maximum(assortment.popularity[best], np.float32(1e-6))
    return csr_matrix(
        (values, (np.zeros(len(best), dtype=np.int64), best)), shape=(1, len(assortment.rank))
    )
