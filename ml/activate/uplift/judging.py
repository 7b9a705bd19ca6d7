"""How well a ranking finds whom a message moves: Qini, AUUC, and the predicted beside the measured effect.

Measured effects are means of doubly robust scores, which in a randomised trial are unbiased for any group (Robins,
Rotnitzky and Zhao 1994) and vary less than plain differences. The gain curve is the cumulative incremental outcome per
person of treating the best-ranked first; AUUC is the area under it, the Qini coefficient the area between it and the
line of treating at random (Radcliffe 2007; Gutierrez and Gérardy 2017). Both are per person: 0.001 is one more
outcome per thousand people. People are drawn whole (cluster bootstrap): the same person stands in several campaigns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from ml.activate.uplift.learners import Trial
from ml.learn.models.linear import Floats

DRAWS = 400
LEVEL = 0.95
POWER = 0.8
Z = float(norm.ppf(0.5 + LEVEL / 2))
SEEN_AT = Z + float(norm.ppf(POWER))
"""An effect so many standard errors from nothing is found in 80 % of trials (two-sided, 5 %)."""

GRID = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Ranking:
    """Rows from the most to the least promising; equals share their place, so that no order among them is claimed."""

    order: NDArray[np.intp]
    group: NDArray[np.int64]

    @classmethod
    def of(cls, benefit: Floats) -> Ranking:
        """Order rows by predicted benefit, the greatest first."""
        order = np.argsort(-benefit, kind="stable")
        ranked = benefit[order]
        group = np.concatenate([[0], np.cumsum(ranked[1:] != ranked[:-1])])
        return cls(order, group.astype(np.int64))

    def curve(self, score: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """Share of people treated and gain per person, from (0, 0) to (1, average effect)."""
        w = weight[self.order]
        share = np.cumsum(np.bincount(self.group, weights=w))
        gain = np.cumsum(np.bincount(self.group, weights=w * score[self.order]))
        total = share[-1]
        return np.append(0.0, share / total), np.append(0.0, gain / total)

    def places(self) -> Floats:
        """How far above the middle each row stands, +1/2 to -1/2: Qini is the mean of score times place."""
        sizes = np.bincount(self.group)
        middles = (np.cumsum(sizes) - sizes / 2) / len(self.group)
        found = np.empty(len(self.group))
        found[self.order] = 0.5 - middles[self.group]
        return found

    def areas(self, score: Floats, weight: Floats) -> tuple[float, float]:
        """AUUC and Qini coefficient."""
        share, gain = self.curve(score, weight)
        area = float(np.trapezoid(gain, share))
        return area, area - float(gain[-1]) / 2


@dataclass(frozen=True)
class Judgement:
    """What a ranking is worth: areas with intervals, and the gain curve with its band on GRID."""

    auuc: Estimate
    qini: Estimate
    average: Estimate
    curve: pd.DataFrame


def judge(benefit: Floats, score: Floats, person: NDArray[np.int64], seed: int) -> Judgement:
    """Judge a ranking by benefit (rows,), with scores (rows,) whose means are effects, by drawing people anew."""
    ranking = Ranking.of(benefit)
    areas, averages, curves = [], [], []
    for weight in drawn_people(person, seed):
        areas.append(ranking.areas(score, weight))
        share, gain = ranking.curve(score, weight)
        averages.append(gain[-1])
        curves.append(np.interp(GRID, share, gain))
    once = np.ones(len(score))
    share, gain = ranking.curve(score, once)
    low, high = _ends(np.array(curves))
    drawn = np.array(areas)
    auuc, qini = ranking.areas(score, once)
    return Judgement(
        Estimate(auuc, *_pair(drawn[:, 0])),
        Estimate(qini, *_pair(drawn[:, 1])),
        Estimate(float(gain[-1]), *_pair(np.array(averages))),
        pd.DataFrame(
            {"share": GRID, "gain": np.interp(GRID, share, gain), "low": low, "high": high}
        ),
    )


def qini(benefit: Floats, score: Floats) -> float:
    """The Qini coefficient of a ranking."""
    return Ranking.of(benefit).areas(score, np.ones(len(score)))[1]


def surely_better(benefit: Floats, than: Floats, score: Floats, person: NDArray[np.int64]) -> bool:
    """Is a ranking's Qini more than one standard error above another's (Breiman et al. 1984), on the same rows?"""
    gain = score * (Ranking.of(benefit).places() - Ranking.of(than).places())
    return bool(gain.sum() > _clustered(gain - gain.mean(), person))


def drawn_people(person: NDArray[np.int64], seed: int) -> Iterator[Floats]:
    """Give, per draw, how often each row is in it; the rows of a person alike."""
    codes = np.unique(person, return_inverse=True)[1]
    count = int(codes.max()) + 1
    random = np.random.default_rng(seed)
    for _ in range(DRAWS):
        times = np.bincount(random.integers(0, count, count), minlength=count)
        yield times[codes].astype(np.float64)


@dataclass(frozen=True)
class Line:
    """The measured effect as a line over the predicted one (best linear predictor; Chernozhukov et al. 2018).

    Fitted out of fold; a slope near 1 says that predicted differences are real, near 0 that they are noise.
    """

    middle: float
    average: float
    slope: float
    average_error: float
    slope_error: float

    @classmethod
    def of(cls, effect: Floats, score: Floats, person: NDArray[np.int64]) -> Line:
        """Regress scores on predicted effects, with standard errors by person."""
        middle = float(effect.mean())
        own = effect - middle
        spread = float(own @ own)
        average = float(score.mean())
        slope = float(own @ score) / spread if spread > 1e-12 else 0.0
        left = score - average - slope * own
        return cls(
            middle,
            average,
            slope,
            _clustered(left, person) / len(score),
            _clustered(own * left, person) / spread if spread > 1e-12 else 0.0,
        )

    def at(self, effect: Floats) -> tuple[Floats, Floats, Floats]:
        """The expected measured effect where so much is predicted, with the ends of its interval."""
        own = effect - self.middle
        value = self.average + self.slope * own
        error = np.sqrt(self.average_error**2 + (own * self.slope_error) ** 2)
        return value, value - Z * error, value + Z * error

    def flat(self) -> Line:
        """The same average for everybody: what remains when the ranking is not proved."""
        return Line(self.middle, self.average, 0.0, self.average_error, 0.0)


def by_decile(benefit: Floats, effect: Floats, trial: Trial, score: Floats) -> pd.DataFrame:
    """Predicted beside measured effect in each tenth of the ranking, 1 the most promising.

    Returns:
        decile, rows, treated, predicted, measured, low, high, rate_treated, rate_others.
    """
    place = np.empty(len(benefit), dtype=np.int64)
    place[np.argsort(-benefit, kind="stable")] = np.arange(len(benefit))
    decile = place * 10 // len(benefit) + 1
    rows = []
    for number in range(1, 11):
        here = np.flatnonzero(decile == number)
        if not len(here):
            continue
        own = score[here]
        error = _clustered(own - own.mean(), trial.person[here]) / len(here)
        treated = trial.is_treated[here] == 1
        rows.append(
            {
                "decile": number,
                "rows": len(here),
                "treated": int(treated.sum()),
                "predicted": float(effect[here].mean()),
                "measured": float(own.mean()),
                "low": float(own.mean()) - Z * error,
                "high": float(own.mean()) + Z * error,
                "rate_treated": _mean(trial.outcome[here][treated]),
                "rate_others": _mean(trial.outcome[here][~treated]),
            }
        )
    return pd.DataFrame(rows)


def smallest_visible(score: Floats, person: NDArray[np.int64]) -> float:
    """The average effect that 80 % of trials of this size would have told from nothing (two-sided, 5 %)."""
    return SEEN_AT * _clustered(score - score.mean(), person) / len(score)


def _clustered(left: Floats, person: NDArray[np.int64]) -> float:
    """Square root of the sum of squared sums by person (Liang and Zeger 1986)."""
    sums = np.bincount(np.unique(person, return_inverse=True)[1], weights=left)
    return float(np.sqrt(sums @ sums))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _ends(drawn: Floats) -> tuple[Floats, Floats]:
    tail = (1 - LEVEL) / 2
    return np.quantile(drawn, tail, axis=0), np.quantile(drawn, 1 - tail, axis=0)


def _pair(drawn: Floats) -> tuple[float, float]:
    low, high = _ends(drawn)
    return float(low), float(high)
