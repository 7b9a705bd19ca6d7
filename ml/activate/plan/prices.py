"""Prices of scarce capacity: the Lagrangian dual of assigning at most one action to each customer.

With a price on each cap, every customer chooses alone what brings most after paying for it. What all of them get
together, plus the worth of the caps at those prices, can never be less than the best plan under the caps: that is the
dual bound, and the prices that make it least are the shadow prices. The bound is a convex function made of planes; it
is minimised by cutting planes within a box that follows the best prices found (the boxstep method: Marsten, Hogan and
Blankenship 1975). Fisher (1981), "The Lagrangian relaxation method for solving integer programming problems", is the
reference for the rest.

Everything here is numbers in, numbers out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOTHING = -1
CHUNK = 65_536
# A bound this near to the least one (relative) is near enough: what is left is less than rounding of money.
TOLERANCE = 1e-6
MOST_ROUNDS = 300
# Prices are first looked for on a part of the customers, with the caps cut down alike.
SAMPLE = 20_000


@dataclass(frozen=True)
class Choice:
    """What everybody chooses at given prices.

    ``action`` is one number per customer (`NOTHING` for none), ``surplus`` what it brings after paying; ``counts`` is
    how many chose each action, ``value`` what they bring together before paying.
    """

    action: Ints
    surplus: Floats
    counts: Ints
    value: float


def choose(gain: Floats, price: Floats) -> Choice:
    """Let every customer choose alone. ``gain`` is actions x customers, minus infinity where not allowed; ``price``
    is one number per action. The first of equal actions wins, and nothing wins over what brings nothing."""
    actions, customers = gain.shape
    action = np.full(customers, NOTHING)
    surplus = np.zeros(customers)
    value = 0.0
    for start in range(0, customers, CHUNK):
        rows = slice(start, start + CHUNK)
        best, chosen = surplus[rows], action[rows]
        for number in range(actions):
            offered = gain[number, rows] - price[number]
            better = offered > best
            np.copyto(best, offered, where=better)
            np.copyto(chosen, number, where=better)
    counts = np.bincount(action + 1, minlength=actions + 1)[1:]
    taken = counts > 0
    value = float(surplus.sum() + price[taken] @ counts[taken])
    return Choice(action, surplus, counts, value)


def best_prices(gain: Floats, use: Floats, limits: Floats) -> tuple[Floats, float]:
    """Prices per cap that make the dual bound least, and that bound.

    Args:
        gain: actions x customers; minus infinity where an action is not allowed.
        use: caps x actions, not negative: what one contact takes of each cap.
        limits: one per cap, finite, not negative.
    """
    stride = gain.shape[1] // SAMPLE
    start = np.zeros(len(limits))
    if stride > 1:
        part = np.ascontiguousarray(gain[:, ::stride])
        start, _ = _descend(part, use, limits * part.shape[1] / gain.shape[1], start, 1.0)
        return _descend(gain, use, limits, start, 0.02)
    return _descend(gain, use, limits, start, 1.0)


def _descend(
    gain: Floats, use: Floats, limits: Floats, start: Floats, box: float
) -> tuple[Floats, float]:
    highest = _highest_prices(gain, use)
    planes = _Planes(limits)
    center, best = start, planes.add(start, choose(gain, start @ use), use)
    for _ in range(MOST_ROUNDS):
        low, high = (
            np.maximum(center - box * highest, 0),
            np.minimum(center + box * highest, highest),
        )
        prices, promised = planes.least(low, np.maximum(low, high))
        if best - promised <= TOLERANCE * max(best, 1e-9):
            _, least = planes.least(np.zeros_like(highest), highest)
            if best - least <= TOLERANCE * max(best, 1e-9) or box >= 1:
                break
            box = min(1.0, box * 8)
            continue
        found = planes.add(prices, choose(gain, prices @ use), use)
        if best - found > 0.1 * (best - promised):
            center, box = prices, min(1.0, box * 1.5)
        else:
            box *= 0.6
        best = min(best, found)
    return planes.best_prices, best


def _highest_prices(gain: Floats, use: Floats) -> Floats:
    """At a price above this nobody would use the cap, so that the best price lies below."""
    top = np.maximum(gain.max(axis=1, initial=0), 0)
    per_unit = np.divide(top, use, out=np.zeros_like(use), where=use > 0)
    highest: Floats = per_unit.max(axis=1, initial=0)
    return highest


class _Planes:
    """The dual bound from below: one plane per choice that has been looked at."""

    def __init__(self, limits: Floats) -> None:
        self.limits = limits
        self.slopes = [limits]
        self.heights = [0.0]
        self.best = np.inf
        self.best_prices = np.zeros(len(limits))

    def add(self, prices: Floats, choice: Choice, use: Floats) -> float:
        """Learn from a choice; gives the dual bound at its prices."""
        slope = self.limits - use @ choice.counts
        self.slopes.append(slope)
        self.heights.append(choice.value)
        bound = choice.value + float(prices @ slope)
        if bound < self.best:
            self.best, self.best_prices = bound, prices
        return bound

    def least(self, low: Floats, high: Floats) -> tuple[Floats, float]:
        """Where within a box the planes' upper envelope is lowest, and how low."""
        # Prices are counted in what the whole cap is worth, so that all columns have the size of money.
        scale = np.where(self.limits > 0, self.limits, 1.0)
        slopes = np.array(self.slopes) / scale
        unit = max(np.abs(self.heights).max(), 1e-9)
        result = linprog(
            np.append(np.zeros(len(low)), 1.0),
            A_ub=np.hstack([slopes, -np.ones((len(slopes), 1))]),
            b_ub=-np.array(self.heights) / unit,
            bounds=[
                *zip(low * scale / unit, high * scale / unit, strict=True),
                (None, None),
            ],
            method="highs",
        )
        if result.x is None:
            return self.best_prices, self.best
        return np.clip(result.x[:-1] * unit / scale, low, high), float(result.fun * unit)
