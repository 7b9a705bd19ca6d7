"""What may be offered on a day: sold or new, launched, and whether a thing is bought more than once.

Whether people come back for a thing is read off the brand's own past, category by category; no list says it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ml.activate.recommend.facts import Floats, History

Flags = NDArray[np.bool_]

BRAND_PAIRS = 50
"""Purchases of the whole brand that a category's own count is mixed with: few sales say little."""


@dataclass(frozen=True)
class OfferRules:
    """The settings of what may be offered; all in days but the share.

    unsold_days: what nobody bought (a brand without order lines: looked at) for so long is gone.
    new_days: so long after its launch a thing is new and may be offered unsold.
    repeat_share: where fewer buyers than this bought the same thing again, it is bought once only.
    rest_days: what is bought once only is left out so long after its purchase.
    """

    unsold_days: int = 90
    new_days: int = 60
    repeat_share: float = 0.02
    rest_days: int = 365


@dataclass(frozen=True)
class Assortment:
    """The things of a history, each array by item number.

    may_offer; is_new; popularity (0 to 1, 1 the most popular; a new thing has at least what is usual on its shelf);
    rank (0 the most popular, no ties); once_only; usual_gap (days between purchases, NaN: not known).
    """

    may_offer: Flags
    is_new: Flags
    popularity: Floats
    rank: NDArray[np.int64]
    once_only: Flags
    usual_gap: NDArray[np.float64]


def assortment_of(history: History, rules: OfferRules) -> Assortment:
    """What a history's day may offer."""
    items = history.items
    launched = items["launched_days_ago"].to_numpy(dtype=float)
    taken, lately = (
        ("sold_days_ago", "sold_lately")
        if history.has_purchases
        else ("seen_days_ago", "looked_lately")
    )
    days_ago = items[taken].to_numpy()
    alive = (days_ago >= 0) & (days_ago <= rules.unsold_days)
    # A launch on the day itself or later lies ahead; no word of a launch is none.
    is_new = (launched >= 1) & (launched <= rules.new_days)
    may_offer = (alive | is_new) & ~(launched < 1)
    popularity = _popularity(items, lately, is_new & may_offer)
    order = np.lexsort((np.arange(len(items)), -popularity))
    rank = np.empty(len(items), dtype=np.int64)
    rank[order] = np.arange(len(items))
    once_only, gap = _repeats(history, rules)
    return Assortment(may_offer, is_new & may_offer, popularity, rank, once_only, gap)


def forbidden_pairs(history: History, assortment: Assortment, rules: OfferRules) -> csr_matrix:
    """Customers x items of ones: what this person brought back, or has and needs no second time."""
    pairs = history.pairs
    last = pairs["last_bought"].to_numpy()
    has_it = (last >= 0) & (last <= rules.rest_days)
    once = assortment.once_only[pairs["item"].to_numpy()]
    return history.flags(pairs["returned"].to_numpy(dtype=bool) | (has_it & once))


def _popularity(items: pd.DataFrame, column: str, is_new: Flags) -> Floats:
    """Sales that fade, 1 for the most sold; a new thing starts where half of its shelf stands."""
    sales = items[column].to_numpy(dtype=float)
    shelf = items["category"].fillna("")
    selling = sales > 0
    if not selling.any():
        return np.zeros(len(items), dtype=np.float32)
    usual = shelf.map(pd.Series(sales[selling]).groupby(shelf[selling].to_numpy()).median())
    start = usual.fillna(float(np.median(sales[selling]))).to_numpy(dtype=float)
    found = np.where(is_new, np.maximum(sales, start), sales)
    return np.asarray(found / found.max(), dtype=np.float32)


def _repeats(history: History, rules: OfferRules) -> tuple[Flags, NDArray[np.float64]]:
    """By item: is it bought once only, and how many days lie between two purchases?"""
    pairs = history.pairs.loc[history.pairs["order_days"] > 0]
    shelf = history.items["category"].fillna("").to_numpy()
    again = pairs["order_days"].to_numpy() >= 2
    shelf_of_pair = shelf[pairs["item"].to_numpy()]
    counted = pd.Series(again).groupby(shelf_of_pair).agg(["sum", "count"])
    brand = float(again.mean()) if len(again) else 0.0
    share = (counted["sum"] + BRAND_PAIRS * brand) / (counted["count"] + BRAND_PAIRS)
    once_only = pd.Series(shelf).map(share).fillna(brand).to_numpy() < rules.repeat_share
    repeated = pairs.loc[again]
    gaps = (repeated["first_bought"] - repeated["last_bought"]) / (repeated["order_days"] - 1)
    usual = gaps.groupby(shelf_of_pair[again]).median()
    return once_only, pd.Series(shelf).map(usual).to_numpy(dtype=float)
