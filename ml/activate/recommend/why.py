"""Why a thing is offered, in plain words: the sign that counted most, and the deed behind it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ml.activate.recommend.collaborative import Neighbours
from ml.activate.recommend.ranking import NOTHING, Offers, Things, first_places
from ml.activate.recommend.signs import BOUGHT, LOOKED, NEW, POPULAR, SHELF

DUE = (0.75, 1.5)
"""A thing is bought again about now when this much of the usual time has passed, from and to."""

POPULAR_NOW = "popular now"


class Reasons:
    """Says why things were offered to the customers of a day."""

    def __init__(self, offers: Offers, weights: Mapping[str, float]) -> None:
        self._offers = offers
        self._weights = weights
        history = offers.history
        self._titles = history.items["title"].fillna(history.items["item"]).to_numpy(dtype=object)
        self._categories = history.items["category"].to_numpy(dtype=object)
        self._deeds = {
            name: history.pairs[name].to_numpy()
            for name in (
                "order_days",
                "first_bought",
                "last_bought",
                "looks",
                "carts",
                "last_looked",
            )
        }
        self._keys = (
            history.pairs["customer"].to_numpy(dtype=np.int64) * len(history.items)
            + history.pairs["item"].to_numpy()
        )

    def of(self, numbers: NDArray[np.int64], things: Things) -> NDArray[np.object_]:
        """A reason for each place of these customers, shape as `things`; empty where nothing is offered."""
        strongest = self._strongest(numbers, things)
        words = np.full(things.shape, "", dtype=object)
        companions = {
            name: self._companions(name, numbers, things, strongest == i)
            for i, name in enumerate(self._weights)
        }
        for row, place in zip(*np.nonzero(things != NOTHING), strict=True):
            name = list(self._weights)[strongest[row, place]]
            words[row, place] = self._words(
                name, int(numbers[row]), int(things[row, place]), companions[name].get((row, place))
            )
        return words

    def _strongest(self, numbers: NDArray[np.int64], things: Things) -> NDArray[np.int64]:
        """Which sign, by its place among the weights, counted most at each place."""
        rows = np.repeat(np.arange(len(numbers)), things.shape[1])
        columns = np.where(things == NOTHING, 0, things).ravel()
        parts = [
            np.asarray(self._offers.signs.of(name, numbers)[rows, columns]).ravel() * weight
            for name, weight in self._weights.items()
        ]
        return np.asarray(np.argmax(np.round(parts, 6), axis=0)).reshape(things.shape)

    def _companions(
        self, name: str, numbers: NDArray[np.int64], things: Things, chosen: NDArray[np.bool_]
    ) -> dict[tuple[int, int], int]:
        """The person's own thing that speaks most for a thing offered by its neighbours."""
        at = np.argwhere(chosen & (things != NOTHING))
        if name in (BOUGHT, LOOKED, SHELF, NEW, POPULAR) or not len(at):
            return {}
        model = self._offers.signs.model(name)
        if not isinstance(model, Neighbours):
            return {}
        taste = self._offers.signs.taste[numbers[at[:, 0]]]
        near = csr_matrix(model.similarity.T)[things[at[:, 0], at[:, 1]]]
        own, _ = first_places(
            csr_matrix(taste.multiply(near)), self._offers.assortment.rank, places=1
        )
        found = zip(at.tolist(), own[:, 0].tolist(), strict=True)
        return {(row, place): thing for (row, place), thing in found if thing != NOTHING}

    def _words(self, name: str, customer: int, thing: int, companion: int | None) -> str:
        if name == BOUGHT:
            return self._bought(customer, thing)
        if name == LOOKED:
            return self._looked(customer, thing)
        if name in (NEW, SHELF):
            start = "new in" if self._offers.assortment.is_new[thing] else "popular in"
            return f"{start} {self._categories[thing]}, a category of yours"
        if name == POPULAR:
            new = self._offers.assortment.is_new[thing]
            return "new" if new else POPULAR_NOW
        verb = "bought" if self._offers.history.has_purchases else "looked at"
        if companion is not None:
            return f"often {verb} with {self._titles[companion]}"
        return f"{verb} by people with a history like yours"

    def _bought(self, customer: int, thing: int) -> str:
        deeds = self._deeds_of(customer, thing)
        times, last = deeds["order_days"], deeds["last_bought"]
        gap = float(self._offers.assortment.usual_gap[thing])
        said = f"bought {_ago(last)}"
        if times >= 2:
            gap = (deeds["first_bought"] - last) / (times - 1)
            said = f"bought {_times(times)}, last {_ago(last)}"
        if DUE[0] * gap <= last <= DUE[1] * gap:
            return f"{said}; bought again about now"
        return said

    def _looked(self, customer: int, thing: int) -> str:
        deeds = self._deeds_of(customer, thing)
        if deeds["carts"]:
            return f"you put it into the cart, last seen {_ago(deeds['last_looked'])}"
        return f"you looked at it {_times(deeds['looks'])}, last {_ago(deeds['last_looked'])}"

    def _deeds_of(self, customer: int, thing: int) -> dict[str, int]:
        at = np.searchsorted(self._keys, customer * len(self._offers.history.items) + thing)
        return {name: int(column[at]) for name, column in self._deeds.items()}


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _ago(days: int) -> str:
    return "yesterday" if days == 1 else f"{days} days ago"
