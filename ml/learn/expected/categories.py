"""What: the three categories that the next order most likely holds.

Each category gets three shares: of the customer's own purchases, of what it looked at lately (both
fading with age), and of what the brand sells now. Their weighted sum ranks them. A customer's own
categories and the brand's best three are enough: no other category can come among the first three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.learn.models.linear import Floats

SHOWN = 3
SIGNS = ("bought", "looked", "sold")
STEPS = 5
"""Weights are tried in fifths that add up to one."""

LEAST_ORDERS = 100
DEFAULT = (0.4, 0.4, 0.2)

Weights = tuple[float, float, float]


@dataclass(frozen=True)
class Candidates:
    """Rows of (customer, category) with their three shares, shape (rows, 3), ordered by customer and category.

    ``customer`` numbers ``customers``, ``category`` numbers ``categories``, the most sold first.
    """

    customers: NDArray[np.str_]
    categories: NDArray[np.str_]
    customer: NDArray[np.intp]
    category: NDArray[np.intp]
    shares: NDArray[np.float64]


def candidates(
    customers: Sequence[str], interests: pd.DataFrame, sales: pd.DataFrame
) -> Candidates | None:
    """Gather the candidates of each customer; None where neither a sale nor an interest is known.

    ``interests``: customer_id, category, bought, looked (others than ``customers`` are left out).
    ``sales``: category, lines_count.
    """
    people = np.unique(np.asarray(customers, dtype=np.str_))
    kept = interests[interests["customer_id"].isin(people)]
    sold = sales.sort_values(["lines_count", "category"], ascending=[False, True])
    unsold = sorted(set(kept["category"]) - set(sold["category"]))
    names = np.array([*sold["category"], *unsold], dtype=np.str_)
    if not len(names) or not len(people):
        return None
    own_customer = np.searchsorted(people, kept["customer_id"].to_numpy(dtype=np.str_))
    place = {name: number for number, name in enumerate(names.tolist())}
    own_category = kept["category"].map(place).to_numpy(dtype=np.intp)
    best = np.arange(min(SHOWN, len(sold)))
    spread = np.repeat(np.arange(len(people)), len(best)) * len(names)
    own = own_customer * len(names) + own_category
    keys = np.union1d(own, spread + np.tile(best, len(people)))
    shares = np.zeros((len(keys), len(SIGNS)))
    customer, category = keys // len(names), keys % len(names)
    for column, sign in enumerate(SIGNS[:2]):
        shares[np.searchsorted(keys, own), column] = kept[sign].to_numpy(dtype=np.float64)
        total = np.bincount(customer, weights=shares[:, column], minlength=len(people))
        shares[:, column] /= np.where(total > 0, total, 1.0)[customer]
    lines = np.zeros(len(names))
    lines[: len(sold)] = sold["lines_count"].to_numpy(dtype=np.float64)
    shares[:, 2] = (lines / max(lines.sum(), 1.0))[category]
    return Candidates(people, names, customer, category, shares)


def top_three(found: Candidates, weights: Weights) -> NDArray[np.intp]:
    """Give the numbers of each customer's best categories, shape (customers, SHOWN), -1 where there is none.

    Of equals, the one that sells more comes first.
    """
    score = np.round(_weighted(found.shares, weights), 12)
    order = np.lexsort((found.category, -score, found.customer))
    customer = found.customer[order]
    first = np.searchsorted(customer, np.arange(len(found.customers)))
    rank = np.arange(len(order)) - first[customer]
    shown = np.full((len(found.customers), SHOWN), -1, dtype=np.intp)
    chosen = rank < SHOWN
    shown[customer[chosen], rank[chosen]] = found.category[order][chosen]
    return shown


def hit_rate(found: Candidates, shown: NDArray[np.intp], bought: pd.DataFrame) -> float:
    """Give the share of next orders that held one of the categories shown.

    ``bought``: customer_id, category of the next order. NaN without an order.
    """
    known = bought[bought["customer_id"].isin(found.customers)]
    if known.empty:
        return float("nan")
    customer = np.searchsorted(found.customers, known["customer_id"].to_numpy(dtype=np.str_))
    place = {name: number for number, name in enumerate(found.categories.tolist())}
    # What was neither sold nor looked at before has no number, and nobody could show it.
    category = known["category"].map(place).fillna(-2).to_numpy(dtype=np.intp)
    hit = (shown[customer] == category[:, None]).any(axis=1)
    hits = np.zeros(len(found.customers), dtype=bool)
    np.logical_or.at(hits, customer, hit)
    return float(hits[np.unique(customer)].mean())


def choose_weights(windows: Sequence[tuple[Candidates, pd.DataFrame]]) -> Weights:
    """Give the weights of the highest mean hit rate over closed windows; of equals those nearest DEFAULT.

    With fewer than LEAST_ORDERS next orders in all the past says too little, and DEFAULT stands.
    """
    orders = sum(bought["customer_id"].nunique() for _, bought in windows)
    if orders < LEAST_ORDERS:
        return DEFAULT
    rates: Mapping[Weights, float] = {
        weights: float(np.mean([hit_rate(f, top_three(f, weights), b) for f, b in windows]))
        for weights in _grid()
    }
    best = max(round(rate, 9) for rate in rates.values())
    return next(weights for weights, rate in rates.items() if round(rate, 9) == best)


def _grid() -> list[Weights]:
    steps = [
        (a / STEPS, b / STEPS, (STEPS - a - b) / STEPS)
        for a, b in product(range(STEPS + 1), repeat=2)
        if a + b <= STEPS
    ]
    return sorted(
        steps, key=lambda w: (sum(abs(a - b) for a, b in zip(w, DEFAULT, strict=True)), w)
    )


def _weighted(shares: NDArray[np.float64], weights: Weights) -> Floats:
    return np.asarray(sum(shares[:, number] * weight for number, weight in enumerate(weights)))
