"""Which method serves: chosen on past windows, then judged on a later one that took no part in the choice.

The windows lie end to end before the last complete day (rolling origin): the latest is only judged, the two before it
choose, the one before those teaches weights. Each starts from what its first day knew, with the identity and the
statuses of that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.activate.recommend.assortment import OfferRules
from ml.activate.recommend.facts import History, read_bought_next, read_history
from ml.activate.recommend.learned import learn_weights
from ml.activate.recommend.methods import (
    BOUGHT_BEFORE,
    FIXED,
    LEARNED_SIGNS,
    RULES,
    Method,
    learned_method,
)
from ml.activate.recommend.quality import MANY, Judged, figures_of, hits_of, is_among
from ml.activate.recommend.ranking import Offers

WINDOWS = 4
"""One to judge, two to choose, and the earliest to learn weights from."""

MEASURE = "ndcg_10"
"""What the choice looks at: it counts all ten places, the first ones more."""

MOST_CUSTOMERS = 20_000
"""Customers per window who are judged: beyond that the intervals are narrower than any decision needs."""

MOST_HISTORIES = 100_000
"""People from whose histories the methods are compared: a larger brand serves from all, and compares on a sample."""

LEAST_CUSTOMERS = 30
"""Fewer people who took something choose and judge nothing."""


@dataclass(frozen=True)
class Window:
    """What the methods offered on one day, and what was taken in the days after it."""

    start: date
    end: date
    judged: Judged
    customers: int
    offerable_share: float


@dataclass(frozen=True)
class Choice:
    """The method that serves, the reason, and the window it is judged on (None: too little happened)."""

    method: Method
    reason: str
    judged: Window | None
    methods: tuple[Method, ...]


@dataclass(frozen=True)
class Past:
    """The past of a brand as its methods are tried on it, for one kind of thing."""

    connection: duckdb.DuckDBPyConnection
    today: date
    kind: str
    days: int
    rules: OfferRules
    threads: int

    def start(self, day: date) -> tuple[Offers, pd.DataFrame]:
        """What could be offered on a day, and what was taken (customer, item) in the days after it."""
        history = read_history(self.connection, day, self.today, self.kind, MOST_HISTORIES)
        taken = _some(read_bought_next(self.connection, history, self.today, self.days))
        return Offers.of(history, self.rules, self.threads), taken

    def learned(self, day: date) -> tuple[Method, ...]:
        """The method with the weights that the window from `day` on teaches; none where too few took anything."""
        offers, taken = self.start(day)
        if taken["customer"].nunique() < LEAST_CUSTOMERS:
            return ()
        weights = learn_weights(offers, taken, LEARNED_SIGNS)
        return (learned_method(weights),) if weights else ()

    def window(self, day: date, methods: Sequence[Method]) -> Window:
        """The methods on the people who took something in the window that begins on `day`."""
        offers, taken = self.start(day)
        history, may_offer = offers.history, offers.assortment.may_offer
        numbers = np.unique(taken["customer"].to_numpy()).astype(np.int64)
        counts = np.bincount(np.searchsorted(numbers, taken["customer"]), minlength=len(numbers))
        things, figures = {}, {}
        for method in methods:
            places = [found for _, found, _ in offers.best(method.weights, numbers, MANY)]
            found = np.vstack([np.zeros((0, MANY), dtype=np.int64), *places])
            hits = hits_of(found, numbers, taken, len(history.items))
            things[method.name] = found
            figures[method.name] = figures_of(hits, _was_new(history, numbers, found), counts)
        judged = Judged.of(
            figures, things, offers.assortment.popularity, may_offer, seed=day.toordinal()
        )
        item = taken["item"].to_numpy()
        offerable = float(np.mean((item >= 0) & may_offer[item])) if len(item) else 0.0
        return Window(day, day + timedelta(days=self.days), judged, len(numbers), offerable)


def window_starts(first_fact: date, complete_until: date, days: int) -> list[date]:
    """The first days of the windows, the latest first; before each lies at least one window's length of history."""
    starts = [complete_until - timedelta(days=days * (back + 1)) for back in range(WINDOWS)]
    return [start for start in starts if start - timedelta(days=days) >= first_fact]


def choose(past: Past, starts: Sequence[date]) -> Choice:
    """Learn on the earliest window, choose on the next, judge on the latest.

    The method with the best MEASURE on the choosing windows serves. One that is no simple rule has to beat the best
    rule for certain: the lower end of the paired interval lies above zero. Without enough past, BOUGHT_BEFORE serves.
    """
    taught = len(starts) == WINDOWS
    methods = (*FIXED, *(past.learned(starts[-1]) if taught else ()))
    windows = [past.window(day, methods) for day in (starts[:-1] if taught else starts)]
    enough = [window for window in windows[1:] if window.customers >= LEAST_CUSTOMERS]
    judged = next((w for w in windows[:1] if w.customers >= LEAST_CUSTOMERS), None)
    name, reason = _best(enough, [method.name for method in methods])
    return Choice(next(m for m in methods if m.name == name), reason, judged, methods)


def _best(windows: Sequence[Window], names: Sequence[str]) -> tuple[str, str]:
    """The name of the method to serve, and why."""
    if not windows:
        return BOUGHT_BEFORE, "too little happened in the past to compare methods"
    total = Judged.pooled([window.judged for window in windows])
    best = max(names, key=lambda name: total.values[name, MEASURE])
    rule = max(RULES, key=lambda name: total.values[name, MEASURE])
    gain, low, _ = total.gain(best, rule, MEASURE)
    if best not in RULES and low <= 0:
        return (
            rule,
            f"no other method is better for certain ({best}: {gain:+.4f}, at least {low:+.4f})",
        )
    return best, f"the best on the {len(windows)} windows before the judged one"


def _some(taken: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_CUSTOMERS customers: ids are hashes, so every nth of them is a fair draw."""
    numbers = np.unique(taken["customer"].to_numpy())
    step = -(-len(numbers) // MOST_CUSTOMERS) or 1
    return taken.loc[np.isin(taken["customer"].to_numpy(), numbers[::step])]


def _was_new(
    history: History, numbers: NDArray[np.int64], things: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """By customer and place: had the person not bought it before?"""
    bought = history.pairs.loc[history.pairs["order_days"] > 0]
    size = len(history.items)
    had = bought["customer"].to_numpy(dtype=np.int64) * size + bought["item"].to_numpy()
    return ~is_among(numbers[:, None] * size + things, had)
