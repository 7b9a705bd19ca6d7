"""Buy-till-you-die: how often somebody buys while they are a customer, and whether they still are.

Two models of a customer's order days. Each customer buys at random with a rate of their own
(gamma-distributed over customers) until they silently stop. BG/NBD (Fader, Hardie and Lee 2005,
"Counting Your Customers the Easy Way") lets them stop after an order, with a chance of their own
(beta-distributed). Pareto/NBD (Schmittlein, Morrison and Colombo 1987; likelihood as in Fader and
Hardie 2005, "A Note on Deriving the Pareto/NBD Model") lets them stop at any moment (exponential,
with a gamma-distributed rate). Both need three numbers per customer, and little data.

A likelihood is written as a sum of ways in which the history may have come about (still a customer,
or gone since some moment), so that gradient and P(alive) are weighted means over these ways.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expm1, gammaln, hyp2f1, logsumexp, psi

from ml.learn.models.linear import Floats

PRIOR_WIDTH = 2.0
"""Standard deviation of the normal prior on each log-parameter: worth one customer in a few, it only
keeps tiny data finite. Shapes centre on 1, times on the mean length of the histories."""

NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)
NODES, NODE_WEIGHTS = (NODES + 1.0) / 2.0, NODE_WEIGHTS / 2.0

FADED = 40.0
"""Exponent beyond which an integrand adds nothing (exp(-40))."""


@dataclass(frozen=True)
class Histories:
    """The three numbers of each customer, all of shape (customers,), times in days.

    ``repeats`` are order days after the first, ``last`` the time from the first to the last of
    them (0 without repeats), ``age`` the time from the first until today.
    """

    repeats: Floats
    last: Floats
    age: Floats

    @classmethod
    def of(cls, columns: NDArray[Any]) -> Self:
        """Take order days in all, days since the first and since the last, shape (rows, 3)."""
        order_days, since_first, since_last = np.asarray(columns, dtype=np.float64).T
        age = np.maximum(since_first, 0.0)
        repeats = np.maximum(order_days - 1.0, 0.0)
        last = np.where(repeats > 0, np.clip(age - since_last, 0.0, age), 0.0)
        return cls(repeats, last, age)


@dataclass(frozen=True)
class BgNbd:
    """BG/NBD with ``parameters`` (r, alpha, a, b); alpha in days.

    Every answer has shape (customers,).
    """

    kind: ClassVar[str] = "bg_nbd"
    times: ClassVar[tuple[int, ...]] = (1,)
    parameters: tuple[float, float, float, float]

    def log_likelihood(self, seen: Histories) -> tuple[Floats, Floats]:
        """Give each history's log-likelihood (equation 6 of the paper) and its gradient.

        The gradient is by the logs of the parameters, shape (4, customers).
        """
        r, alpha, a, b = self.parameters
        x = seen.repeats
        ways = self._ways(seen)
        total = logsumexp(ways, axis=0)
        is_alive, is_gone = np.exp(ways - total)
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + total
        value += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        log_age, log_last = np.log(alpha + seen.age), np.log(alpha + seen.last)
        both = psi(a + b) - psi(a + b + x)
        by_r = psi(r + x) - psi(r) + np.log(alpha) - is_alive * log_age - is_gone * log_last
        pull = is_alive / (alpha + seen.age) + is_gone / (alpha + seen.last)
        by_b = both + psi(b + x) - psi(b) - is_gone / np.maximum(b + x - 1.0, 1e-300)
        by = np.array([by_r, r / alpha - (r + x) * pull, both + is_gone / a, by_b])
        return value, by * np.array(self.parameters)[:, None]

    def alive(self, seen: Histories) -> Floats:
        """Give the probability of still being a customer: 1 without a repeat, by assumption."""
        ways = self._ways(seen)
        return np.asarray(np.exp(ways[0] - logsumexp(ways, axis=0)))

    def any_order(self, seen: Histories, days: float) -> Floats:
        """Give P(alive) times the chance that a live customer's rate brings an order in time."""
        r, alpha, _, _ = self.parameters
        ratio = np.log(alpha + seen.age) - np.log(alpha + seen.age + days)
        return np.asarray(self.alive(seen) * -expm1((r + seen.repeats) * ratio))

    def expected_orders(self, seen: Histories, days: float) -> Floats:
        """Give the expected number of order days (equation 10 of the paper)."""
        r, alpha, a, b = self.parameters
        if abs(a - 1.0) < 1e-6:  # the formula's two halves cancel at a = 1
            a = 1.0 + 1e-6
        shape, until = r + seen.repeats, alpha + seen.age + days
        tail = b + seen.repeats
        series = hyp2f1(shape, tail, a + tail - 1.0, days / until)
        kept = ((until - days) / until) ** shape * series
        return np.asarray(self.alive(seen) * (a + tail - 1.0) / (a - 1.0) * (1.0 - kept))

    def _ways(self, seen: Histories) -> Floats:
        r, alpha, a, b = self.parameters
        x = seen.repeats
        stopped = np.log(a) - np.log(np.maximum(b + x - 1.0, 1e-300))
        gone = np.where(x > 0, stopped - (r + x) * np.log(alpha + seen.last), -np.inf)
        return np.array([-(r + x) * np.log(alpha + seen.age), gone])


@dataclass(frozen=True)
class ParetoNbd:
    """Pareto/NBD with ``parameters`` (r, alpha, s, beta); alpha and beta in days.

    Every answer has shape (customers,).
    """

    kind: ClassVar[str] = "pareto_nbd"
    times: ClassVar[tuple[int, ...]] = (1, 3)
    parameters: tuple[float, float, float, float]

    def log_likelihood(self, seen: Histories) -> tuple[Floats, Floats]:
        """Give log-likelihood and gradient as BG/NBD does; the moment of going is integrated over."""
        r, alpha, s, beta = self.parameters
        x = seen.repeats
        ways, when = self._ways(seen)
        total = logsumexp(ways, axis=0)
        weight = np.exp(ways - total)
        buying, staying = alpha + when, beta + when
        gone = np.ones(len(when))[:, None]
        gone[0] = 0.0
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + total
        by_r = psi(r + x) - psi(r) + np.log(alpha) - (weight * np.log(buying)).sum(axis=0)
        by_alpha = r / alpha - (r + x) * (weight / buying).sum(axis=0)
        by_s = np.log(beta) + (weight * (gone / s - np.log(staying))).sum(axis=0)
        by_beta = s / beta - (weight * (s + gone) / staying).sum(axis=0)
        by = np.array([by_r, by_alpha, by_s, by_beta])
        return value, by * np.array(self.parameters)[:, None]

    def alive(self, seen: Histories) -> Floats:
        """Give the probability of still being a customer."""
        ways, _ = self._ways(seen)
        return np.asarray(np.exp(ways[0] - logsumexp(ways, axis=0)))

    def any_order(self, seen: Histories, days: float) -> Floats:
        """Give P(alive) times the chance of an order before the end of ``days`` and before going.

        Of a live customer both rates are again gamma-distributed, and independent, so the chance of
        no order is: stays and does not buy, or goes at some moment and has not bought until then.
        """
        r, alpha, s, beta = self.parameters
        shape, buying, staying = r + seen.repeats, alpha + seen.age, beta + seen.age
        origin = np.minimum(buying, staying)
        when, log_step = _moments(
            np.zeros_like(buying), np.full_like(buying, days), origin, (buying, shape)
        )
        quiet = shape * (np.log(buying) - np.log(buying + when))
        going = np.log(s) + s * np.log(staying) - (s + 1.0) * np.log(staying + when)
        leaves = np.exp(quiet + going + log_step).sum(axis=0)
        stays = (buying / (buying + days)) ** shape * (staying / (staying + days)) ** s
        return np.asarray(self.alive(seen) * np.clip(1.0 - leaves - stays, 0.0, 1.0))

    def expected_orders(self, seen: Histories, days: float) -> Floats:
        """Give the expected number of order days (equation 41 of the note)."""
        r, alpha, s, beta = self.parameters
        staying = beta + seen.age
        stretch = np.log((staying + days) / staying)
        time = staying * (
            stretch if abs(s - 1.0) < 1e-9 else -expm1((1.0 - s) * stretch) / (s - 1.0)
        )
        return np.asarray(self.alive(seen) * (r + seen.repeats) / (alpha + seen.age) * time)

    def _ways(self, seen: Histories) -> tuple[Floats, Floats]:
        """Give the log-weights of being alive (row 0) or gone at some moment, and the moments."""
        r, alpha, s, beta = self.parameters
        shape = r + seen.repeats
        origin = np.full_like(seen.age, min(alpha, beta))
        when, log_step = _moments(seen.last, seen.age, origin, (alpha, shape))
        gone = np.log(s) - shape * np.log(alpha + when) - (s + 1.0) * np.log(beta + when) + log_step
        alive = -shape * np.log(alpha + seen.age) - s * np.log(beta + seen.age)
        return np.vstack([alive, gone]), np.vstack([seen.age, when])


def _moments(
    start: Floats, end: Floats, origin: Floats, rate: tuple[Floats | float, Floats]
) -> tuple[Floats, Floats]:
    """Give moments between start and end and the logs of their steps, shape (nodes, customers).

    Gauss-Legendre on a logarithmic scale that begins ``origin`` before zero. ``rate`` is (alpha, shape)
    of the steepest factor, a power law: what lies where it has faded is left out.
    """
    alpha, shape = rate
    faded = (alpha + start) * np.exp(np.minimum(FADED / shape, FADED)) - alpha
    length = np.log((origin + np.minimum(end, faded)) / (origin + start))
    distance = (origin + start) * np.exp(NODES[:, None] * length)
    with np.errstate(divide="ignore"):
        return distance - origin, np.log(NODE_WEIGHTS[:, None] * length * distance)


Curve = BgNbd | ParetoNbd

CURVES: dict[str, type[Curve]] = {"bg_nbd": BgNbd, "pareto_nbd": ParetoNbd}


def fit_curve(kind: str, seen: Histories) -> tuple[Curve, float]:
    """Fit a model by penalised maximum likelihood (L-BFGS), and give its mean log-likelihood.

    Times are centred on the mean length of the histories. Raises ValueError without a history.
    """
    if not len(seen.age):
        raise ValueError("a buy-till-you-die model is fitted on at least one history, found none")
    sort = CURVES[kind]
    centre = np.zeros(4)
    centre[list(sort.times)] = np.log(max(float(seen.age.mean()), 1.0))

    def penalised(logs: Floats) -> tuple[float, Floats]:
        value, by = sort(_plain(logs)).log_likelihood(seen)
        off = (logs - centre) / PRIOR_WIDTH
        count = len(seen.age)
        slope = off / PRIOR_WIDTH / count - by.mean(axis=1)
        return float(0.5 * (off**2).sum() / count - value.mean()), slope

    bounds = [(middle - 12.0, middle + 12.0) for middle in centre]
    options = {"maxiter": 200, "ftol": 1e-10, "gtol": 1e-6}
    found = minimize(penalised, centre, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    curve = sort(_plain(found.x))
    return curve, float(curve.log_likelihood(seen)[0].mean())


def _plain(logs: Floats) -> tuple[float, float, float, float]:
    r, first, second, third = (float(np.exp(value)) for value in logs)
    return r, first, second, third
