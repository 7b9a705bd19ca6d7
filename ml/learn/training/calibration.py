"""Corrections of a model's log-odds after the fact: none, a shift of the level, Platt's line, beta, isotonic.

Base rates drift, and a correction fitted on an older window can do more harm than good. So "none"
is the prior: another option must win clearly on several later cut-offs.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.isotonic import IsotonicRegression

from ml.learn.judging.metrics import paired_bootstrap, row_log_loss
from ml.learn.models.linear import FAINT_RIDGE, Floats, fit_path, sigmoid

LEAST_LATER_CUTOFFS = 3
LEAST_ROWS = 500
LEAST_ISOTONIC_POSITIVES = 3000
CLEAR_WIN_LEVEL = 0.95
"""The options share what is missing to 1: the more are tried, the clearer the win that is asked for."""

Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class Calibrator:
    """A monotone curve over a model's log-odds, in plain numbers.

    Without ``knots`` the corrected log-odds are ``intercept + slope * log p - slope_low * log(1 - p)``, the beta
    family; where ``slope_low`` is None it equals ``slope``, and the curve is the line ``intercept + slope * logit``.
    ``knots`` are pairs (log-odds, probability), ascending, with straight lines between them.
    """

    name: str = "none"
    intercept: float = 0.0
    slope: float = 1.0
    slope_low: float | None = None
    knots: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        """Take lists, as JSON gives them, for tuples."""
        object.__setattr__(self, "knots", tuple((float(x), float(y)) for x, y in self.knots))

    def predict(self, logit: Floats) -> Floats:
        """Give corrected probabilities from a model's log-odds."""
        if self.knots:
            place, value = np.array(self.knots).T
            return np.asarray(np.interp(logit, place, value), dtype=np.float64)
        if self.slope_low is None:
            return sigmoid(self.intercept + self.slope * logit)
        low, high = np.logaddexp(0.0, logit), np.logaddexp(0.0, -logit)
        return sigmoid(self.intercept - self.slope * high + self.slope_low * low)

    def to_dict(self) -> dict[str, Any]:
        """Give the plain numbers, for JSON: those of a line, and others only where they are used."""
        plain = {"name": self.name, "intercept": self.intercept, "slope": self.slope}
        if self.slope_low is not None:
            plain["slope_low"] = self.slope_low
        if self.knots:
            plain["knots"] = [list(knot) for knot in self.knots]
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Calibrator":
        """Take back what ``to_dict`` gave. Raises ValueError on a number that this version does not know."""
        unknown = set(plain) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"a calibrator has no {', '.join(sorted(unknown))}")
        return cls(**plain)


def fit_platt(logit: Floats, outcome: Floats) -> Calibrator:
    """Fit level and slope (Platt 1999)."""
    intercept, (slope,) = _logistic(logit[:, None], outcome)
    return Calibrator("platt", intercept, slope)


def fit_beta(logit: Floats, outcome: Floats) -> Calibrator:
    """Fit level and one slope for each end of the scale (beta calibration; Kull, Silva Filho and Flach 2017).

    As there, a slope that comes out negative is set to 0 and the rest fitted again, so that the curve never falls.
    """
    ends = np.column_stack([-np.logaddexp(0.0, -logit), np.logaddexp(0.0, logit)])
    intercept, slopes = _logistic(ends, outcome)
    for end in (0, 1):
        if slopes[end] < 0:
            intercept, (kept,) = _logistic(ends[:, 1 - end : 2 - end], outcome)
            slopes = [kept, 0.0] if end else [0.0, kept]
    return Calibrator("beta", intercept, max(slopes[0], 0.0), max(slopes[1], 0.0))


def fit_shift(logit: Floats, outcome: Floats) -> Calibrator:
    """Fit the level alone: the mean prediction becomes the observed rate."""
    rate = float(np.clip(outcome.mean(), 1e-6, 1.0 - 1e-6))
    shift = 0.0
    for _ in range(50):  # Newton; the function is monotone and smooth, a handful of steps suffice
        predicted = sigmoid(logit + shift)
        step = (rate - float(predicted.mean())) / max(
            float((predicted * (1 - predicted)).mean()), 1e-9
        )
        shift += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-12:
            break
    return Calibrator("shift", shift, 1.0)


def fit_recent_shift(logit: Floats, outcome: Floats, day: Days) -> Calibrator:
    """Fit the level to the latest closed windows alone: the last rate seen as the forecast of the next.

    The latest cut-offs that together hold LEAST_ROWS rows count.
    """
    days, rows = np.unique(day, return_counts=True)
    enough = np.flatnonzero(rows[::-1].cumsum() >= LEAST_ROWS)
    recent = day >= (days[::-1][enough[0]] if len(enough) else days[0])
    return Calibrator("recent_shift", fit_shift(logit[recent], outcome[recent]).intercept, 1.0)


def fit_isotonic(logit: Floats, outcome: Floats) -> Calibrator:
    """Fit the best curve that never falls (Zadrozny and Elkan 2002); no probability of 0 or 1 comes out."""
    least = 0.5 / len(outcome)
    fitted = IsotonicRegression(y_min=least, y_max=1.0 - least).fit(logit, outcome)
    return Calibrator(
        "isotonic", knots=tuple(zip(fitted.X_thresholds_, fitted.y_thresholds_, strict=True))
    )


def _logistic(columns: Floats, outcome: Floats) -> tuple[float, list[float]]:
    """Give intercept and slopes of a plain logistic fit on a few columns."""
    center, scale = columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-9)
    design = (columns - center) / scale
    ((intercept, slopes),) = fit_path(design, outcome, np.ones(len(outcome)), [FAINT_RIDGE])
    plain = np.asarray(slopes) / scale
    return float(intercept - (plain * center).sum()), [float(slope) for slope in plain]


Fit = Callable[[Floats, Floats, Days], Calibrator]


def _whatever_the_day(
    fit: Callable[[Floats, Floats], Calibrator], logit: Floats, outcome: Floats, day: Days
) -> Calibrator:
    return fit(logit, outcome)


OPTIONS: dict[str, Fit] = {
    "shift": partial(_whatever_the_day, fit_shift),
    "recent_shift": fit_recent_shift,
    "platt": partial(_whatever_the_day, fit_platt),
    "beta": partial(_whatever_the_day, fit_beta),
    "isotonic": partial(_whatever_the_day, fit_isotonic),
}
LEAST_POSITIVES = {"isotonic": LEAST_ISOTONIC_POSITIVES}


def choose_calibration(
    logit: Floats,
    outcome: Floats,
    day: Days,
    customer: ArrayLike,
    horizon_days: int,
    seed: int,
) -> tuple[Calibrator, Floats]:
    """Choose a correction from out-of-fold log-odds, and give the corrected probabilities.

    Each option walks forward: at every cut-off it is fitted on the rows whose label windows had
    closed by then. It is taken only if, over at least LEAST_LATER_CUTOFFS later cut-offs, it lowers
    the log-loss at most of them and its paired bound (by customer) lies above 0. The returned
    calibrator is fitted on all rows; the returned probabilities (rows,) are the walk-forward ones,
    uncorrected where nothing earlier was there to learn from.
    """
    best, best_gain, best_probability = Calibrator(), 0.0, sigmoid(logit)
    plain_loss = row_log_loss(outcome, sigmoid(logit))
    level = 1.0 - (1.0 - CLEAR_WIN_LEVEL) / len(OPTIONS)
    for name, fit in OPTIONS.items():
        probability, later = _walk_forward(logit, outcome, day, horizon_days, name)
        days = np.unique(day[later])
        if len(days) < LEAST_LATER_CUTOFFS:
            continue
        loss = row_log_loss(outcome, probability)
        gains = [float((plain_loss - loss)[day == d].mean()) for d in days]
        # Judged on all rows: an option that starts later than another has fewer to win on.
        mean, bound = paired_bootstrap(plain_loss, loss, np.asarray(customer), seed, level)
        if bound > 0 and sum(g > 0 for g in gains) * 2 > len(gains) and mean > best_gain:
            best, best_gain, best_probability = fit(logit, outcome, day), mean, probability
    return best, best_probability


def _walk_forward(
    logit: Floats, outcome: Floats, day: Days, horizon_days: int, name: str
) -> tuple[Floats, NDArray[np.bool_]]:
    """Give probabilities, and which rows were corrected by a calibrator fitted before them."""
    probability = sigmoid(logit)
    later = np.zeros(len(logit), dtype=bool)
    for today in np.unique(day):
        closed = day + np.timedelta64(horizon_days, "D") <= today
        positives = outcome[closed].sum()
        rare = min(positives, closed.sum() - positives)
        if closed.sum() >= LEAST_ROWS and rare >= max(1, LEAST_POSITIVES.get(name, 1)):
            here = day == today
            fitted = OPTIONS[name](logit[closed], outcome[closed], day[closed])
            probability[here] = fitted.predict(logit[here])
            later |= here
    return probability, later
