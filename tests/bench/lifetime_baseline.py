"""BG/NBD (Fader, Hardie and Lee 2005) as a baseline for when the next order comes: fitted by likelihood.

Small on purpose and only for benchmarks: days of orders in, a survival curve until the next order out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BgNbd:
    """Orders come at a customer's own rate (gamma) until it drops out after one of them (beta)."""

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, repeats: Floats, recency: Floats, age: Floats) -> Self:
        """Fit on repeat order days, days from first to last order, and days since the first, all (customers,)."""

        def loss(logs: Floats) -> float:
            return -float(_log_likelihood(np.exp(logs), repeats, recency, age).mean())

        start = np.log([0.5, 30.0, 0.5, 2.0])
        found = minimize(
            loss, start, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-4}
        )
        return cls(*np.exp(np.clip(found.x, -10, 10)).tolist())

    def alive(self, repeats: Floats, recency: Floats, age: Floats) -> Floats:
        """Give the probability that a customer has not dropped out."""
        x = np.maximum(repeats, 1.0)
        odds = self.a / (self.b + x - 1.0)
        odds = odds * ((self.alpha + age) / (self.alpha + recency)) ** (self.r + x)
        return np.where(repeats > 0, 1.0 / (1.0 + odds), 1.0)

    def day_of_share(self, repeats: Floats, recency: Floats, age: Floats, share: Floats) -> Floats:
        """Give the day by which ``share`` of such customers have ordered; infinite where they never do."""
        alive = self.alive(repeats, recency, age)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = 1.0 - share / alive
            days = (self.alpha + age) * (left ** (-1.0 / (self.r + repeats)) - 1.0)
        return np.where(left > 0, days, np.inf)

    def ordered_by(self, repeats: Floats, recency: Floats, age: Floats, days: float) -> Floats:
        """Give the probability of an order within ``days``."""
        left = ((self.alpha + age) / (self.alpha + age + days)) ** (self.r + repeats)
        return self.alive(repeats, recency, age) * (1.0 - left)


def _log_likelihood(parameters: Floats, x: Floats, recency: Floats, age: Floats) -> Floats:
    r, alpha, a, b = parameters
    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    second = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    third = -(r + x) * np.log(alpha + age)
    with np.errstate(divide="ignore"):
        fourth = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency)
    return np.asarray(first + second + np.logaddexp(third, np.where(x > 0, fourth, -np.inf)))
