"""Which method serves: chosen on past windows, then judged on a later one that took no part in the choice.

The windows lie end to end before the last complete day (rolling origin): the latest is only judged, the ones before it
choose. Each starts from what its first day knew, with the identity and the statuses of that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd

from ml.activate.recommend.assortment import OfferRules
from ml.activate.recommend.facts import History, read_bought_next, read_history
from ml.activate.recommend.methods import BOUGHT_BEFORE, METHODS, RULES, Method
from ml.activate.recommend.quality import MANY, Judged, figures_of, hits_of
from ml.activate.recommend.ranking import Offers

WINDOWS = 3
"""One to judge and two to choose."""

MEASURE = "ndcg_10"
"""What the choice looks at: it counts all ten places, the first ones more."""

MOST_CUSTOMERS = 20_000
"""Customers per window who are judged: beyond that the intervals are narrower than any decision needs."""

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
    chosen_on: int


def window_starts(first_fact: date, complete_until: date, days: int) -> list[date]:
    """The first days of the windows, the latest first; before each lies at least one window's length of history."""
    starts = [complete_until - timedelta(days=days * (back + 1)) for back in range(WINDOWS)]
    return [start for start in starts if start - timedelta(days=days) >= first_fact]


def judge_window(
    connection: duckdb.DuckDBPyConnection,
    start: date,
    today: date,
    kind: str,
    days: int,
    rules: OfferRules,
    threads: int,
) -> Window:
    """All methods on the people who took something in the window that begins at `start`."""
    history = read_history(connection, start, today, kind)
    taken = read_bought_next(connection, history, today, days)
    taken = _some(taken)
    offers = Offers.of(history, rules, threads)
    numbers = np.unique(taken["customer"].to_numpy()).astype(np.int64)
    counts = taken.groupby("customer").size().to_numpy()
    things, figures = {}, {}
    for method in METHODS:
        batches = [found for _, found, _ in offers.best(method.weights, numbers, MANY)]
        things[method.name] = np.vstack(batches) if batches else np.zeros((0, MANY), dtype=np.int64)
        hits = hits_of(things[method.name], numbers, taken, len(history.items))
        figures[method.name] = figures_of(
            hits, _was_new(history, numbers, things[method.name]), counts
        )
    may_offer = offers.assortment.may_offer
    judged = Judged.of(figures, things, offers.assortment.popularity, may_offer, start.toordinal())
    end = start + timedelta(days=days)
    item = taken["item"].to_numpy()
    offerable = float(np.mean((item >= 0) & may_offer[item])) if len(item) else 0.0
    return Window(start, end, judged, len(numbers), offerable)


def choose(earlier: Sequence[Window], judged: Window | None) -> Choice:
    """The method with the best MEASURE on the earlier windows.

    A method that is not a simple rule serves only when it beats the best rule for certain: on all choosing windows
    together the lower end of the paired interval lies above zero. Without enough past, BOUGHT_BEFORE serves.
    """
    by_name = {method.name: method for method in METHODS}
    windows = [window for window in earlier if window.customers >= LEAST_CUSTOMERS]
    if judged is not None and judged.customers < LEAST_CUSTOMERS:
        judged = None
    if not windows:
        reason = "too little happened in the past to compare methods: what was bought before, then what is popular"
        return Choice(by_name[BOUGHT_BEFORE], reason, judged, 0)
    total = Judged.pooled([window.judged for window in windows])
    best = max(by_name, key=lambda name: total.values[name, MEASURE])
    rule = max(RULES, key=lambda name: total.values[name, MEASURE])
    gain, low, _ = total.gain(best, rule, MEASURE)
    reason = f"best on the {len(windows)} windows before the judged one"
    if best not in RULES and low <= 0:
        reason = f"no other method is better for certain ({best}: {gain:+.4f}, at least {low:+.4f})"
        best = rule
    return Choice(by_name[best], reason, judged, len(windows))


def _some(taken: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_CUSTOMERS customers: ids are hashes, so every nth of them is a fair draw."""
    numbers = np.unique(taken["customer"].to_numpy())
    step = -(-len(numbers) // MOST_CUSTOMERS) or 1
    return taken.loc[np.isin(taken["customer"].to_numpy(), numbers[::step])]


def _was_new(history: History, numbers: np.ndarray, things: np.ndarray) -> np.ndarray:
    """By customer and place: had the person not bought it before?"""
    bought = history.pairs.loc[history.pairs["order_days"] > 0]
    size = len(history.items)
    had = bought["customer"].to_numpy(dtype=np.int64) * size + bought["item"].to_numpy()
    return ~np.isin(numbers[:, None] * size + things, had)
