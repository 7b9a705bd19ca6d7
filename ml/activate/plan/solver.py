"""Who gets which action, under caps: the best plan nearly, and how far from the best it can be at most.

The multiple-choice problem: at most one action per customer, several linear caps (budget, capacity, stock). Three
steps: shadow prices and the dual bound (`prices`); repair, where everybody's own choice asks for more than a cap has:
those give way who lose least by it; and a greedy fill of what is left. The plan found is feasible always, and never
further from the optimum than the printed gap. Ties go to the customer who stands first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.activate.plan.prices import NOTHING, best_prices, choose

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Sums of fractions such as 0.1 may miss a limit by rounding.
SLACK = 1e-9


@dataclass(frozen=True)
class Solution:
    """A plan: ``action`` per customer (`NOTHING` for peace), what it brings, and the bound on every plan.

    ``prices`` and ``used`` have one number per cap: what one more unit would bring, and what is used.
    """

    action: Ints
    value: float
    bound: float
    prices: Floats
    used: Floats

    @property
    def gap(self) -> float:
        """How much better a plan could be at most, as a share of the bound."""
        return (self.bound - self.value) / self.bound if self.bound > 0 else 0.0


def solve(gain: Floats, use: Floats, limits: Floats) -> Solution:
    """Assign actions.

    Args:
        gain: actions x customers, what an action brings to the brand from a customer; minus infinity where not allowed.
            Actions that bring nothing or less are never taken.
        use: caps x actions, not negative.
        limits: one per cap, not negative; infinity for none.
    """
    actions, customers = gain.shape
    binding = np.isfinite(limits)
    fits: Flags = np.all(use <= limits[:, None] * (1 + SLACK), axis=0)
    gain = np.where(fits[:, None], gain, -np.inf) if not fits.all() else gain
    prices = np.zeros(len(limits))
    if actions == 0 or customers == 0:
        return Solution(np.full(customers, NOTHING), 0.0, 0.0, prices, np.zeros(len(limits)))
    prices[binding], bound = best_prices(gain, use[binding], limits[binding])
    plan = _Plan(gain, use, limits, prices)
    plan.repair()
    plan.fill()
    value = plan.value()
    # Rounding of sums aside, no plan is better than the bound.
    return Solution(plan.action, value, max(bound, value), prices, use @ plan.counts())


class _Plan:
    """A choice at the shadow prices, on its way to one that keeps the caps."""

    def __init__(self, gain: Floats, use: Floats, limits: Floats, prices: Floats) -> None:
        self.gain, self.use, self.prices = gain, use, prices
        self.limits = limits * (1 + SLACK)
        self.price = prices @ use
        self.action = choose(gain, self.price).action

    def counts(self) -> Ints:
        """How many have each action."""
        counts: Ints = np.bincount(self.action + 1, minlength=len(self.gain) + 1)[1:]
        return counts

    def value(self) -> float:
        """What the plan brings."""
        rows = np.flatnonzero(self.action != NOTHING)
        return float(self.gain[self.action[rows], rows].sum())

    def repair(self) -> None:
        """Cap by cap, those give way who lose least for what they free, to an action that no treated cap holds back."""
        closed = np.zeros(len(self.gain), dtype=bool)
        for cap in range(len(self.limits)):
            uses = self.use[cap] > 0
            closed |= uses
            excess = self.use[cap] @ self.counts() - self.limits[cap]
            if excess <= 0:
                continue
            rows = np.flatnonzero((self.action != NOTHING) & uses[self.action])
            kept = self.gain[self.action[rows], rows] - self.price[self.action[rows]]
            price = np.where(closed, np.inf, self.price)
            other = choose(np.ascontiguousarray(self.gain[:, rows]), price)
            freed = self.use[cap, self.action[rows]]
            order = np.argsort((kept - other.surplus) / freed, kind="stable")
            enough = int(np.searchsorted(np.cumsum(freed[order]), excess)) + 1
            leaving = order[:enough]
            self.action[rows[leaving]] = other.action[leaving]

    def fill(self) -> None:
        """Give what the caps have left to those who gain most by it, until nothing fits or nobody gains."""
        for _ in range(4 * len(self.gain) + len(self.limits)):
            left = self.limits - self.use @ self.counts()
            is_open: Flags = np.all(self.use <= left[:, None], axis=0)
            if not is_open.any() or not self._fill_once(left, is_open):
                return

    def _fill_once(self, left: Floats, is_open: Flags) -> bool:
        """One round: everybody's best step up, best first, as far as all of them fit. Tells whether anyone moved."""
        now = np.where(
            self.action == NOTHING, 0.0, self.gain[self.action, np.arange(len(self.action))]
        )
        step, better = np.full(len(now), NOTHING), np.zeros(len(now))
        worth = np.zeros(len(now))
        for action in np.flatnonzero(is_open):
            gained = self.gain[action] - now
            # Among steps up, the one that is best after paying for the capacity.
            paid = np.where(gained > 0, gained - self.price[action], -np.inf)
            wins = (gained > 0) & ((step == NOTHING) | (paid > worth))
            step[wins], better[wins], worth[wins] = action, gained[wins], paid[wins]
        rows = np.flatnonzero(step != NOTHING)
        rows = rows[np.argsort(-worth[rows], kind="stable")]
        asked = np.cumsum(self.use[:, step[rows]], axis=1)
        fit = int((asked <= left[:, None]).all(axis=0).sum())
        self.action[rows[:fit]] = step[rows[:fit]]
        return fit > 0
