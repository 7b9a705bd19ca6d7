"""Why a thing is offered, in plain words: the sign that counted most, and the deed behind it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ml.activate.recommend.collaborative import MODELS, Neighbours
from ml.activate.recommend.ranking import FITS, NOTHING, Offers, Things, first_places
from ml.activate.recommend.signs import BOUGHT, LOOKED, POPULAR, SHELF

DUE = (0.75, 1.5)
"""A thing is bought again about now when this much of the usual time has passed, from and to."""


class Reasons:
    """Says why things were offered to the customers of a day."""

    def __init__(self, offers: Offers, weights: Mapping[str, float]) -> None:
        self._offers = offers
        self._weights = weights
        history = offers.history
        self._verb = "bought" if history.has_purchases else "looked at"
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
        words = np.full(things.shape, "", dtype=object)
        row, place = np.nonzero(things != NOTHING)
        if not len(row):
            return words
        thing = things[row, place]
        names = self._strongest(numbers, row, thing)
        companions = self._companions(names, numbers[row], thing)
        fits = np.asarray(self._offers.signs.new(numbers)[row, thing]).ravel() >= FITS
        told = zip(names, numbers[row], thing, companions, fits, strict=True)
        words[row, place] = [
            self._words(name, int(customer), int(item), int(companion), bool(fit))
            for name, customer, item, companion, fit in told
        ]
        return words

    def _strongest(
        self, numbers: NDArray[np.int64], row: NDArray[np.int64], thing: Things
    ) -> NDArray[np.object_]:
        """The sign that counted most for each offer."""
        parts = [
            np.asarray(self._offers.signs.of(name, numbers)[row, thing]).ravel() * weight
            for name, weight in self._weights.items()
        ]
        worth = np.round(parts, 6)
        names = np.array(list(self._weights), dtype=object)[np.argmax(worth, axis=0)]
        return np.where(worth.max(axis=0) > 0, names, POPULAR)

    def _companions(
        self, names: NDArray[np.object_], customers: NDArray[np.int64], thing: Things
    ) -> Things:
        """The person's own thing that speaks most for each thing offered as a neighbour; NOTHING elsewhere."""
        found = np.full(len(thing), NOTHING, dtype=np.int64)
        for name, backwards in self._backwards.items():
            at = np.flatnonzero(names == name)
            near = self._offers.signs.taste[customers[at]].multiply(backwards[thing[at]])
            own, _ = first_places(csr_matrix(near), self._offers.assortment.rank, places=1)
            found[at] = own[:, 0]
        return found

    @cached_property
    def _backwards(self) -> dict[str, csr_matrix]:
        """By model of neighbours: of which things each thing is a neighbour."""
        models = {n: self._offers.signs.model(n) for n in self._weights if n in MODELS}
        return {
            name: csr_matrix(model.similarity.T)
            for name, model in models.items()
            if isinstance(model, Neighbours)
        }

    def _words(self, name: str, customer: int, thing: int, companion: int, fits: bool) -> str:
        if name == BOUGHT:
            return self._bought(customer, thing)
        if name == LOOKED:
            return self._looked(customer, thing)
        if self._offers.assortment.is_new[thing]:
            return f"new, and fits what you {self._verb} so far" if fits else "new"
        if name == SHELF:
            return f"popular in {self._categories[thing]}, a category of yours"
        if name == POPULAR:
            return "popular now"
        if companion != NOTHING:
            return f"often {self._verb} with {self._titles[companion]}"
        return f"{self._verb} by people with a history like yours"

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
