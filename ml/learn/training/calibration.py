"""Corrections of a model's log-odds after the fact: none, a shift of the level, or Platt's line.

Base rates drift, and a correction fitted on an older window can do more harm than good. So "none"
is the prior: another option must win clearly on several later cut-offs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ml.learn.judging.metrics import paired_bootstrap, row_log_loss
from ml.learn.models.linear import FAINT_RIDGE, Floats, fit_path, sigmoid

LEAST_LATER_CUTOFFS = 3
LEAST_ROWS = 500
CLEAR_WIN_LEVEL = 0.95


@dataclass(frozen=True)
class Calibrator:
    """The line ``intercept + slope * logit``."""

    name: str = "none"
    intercept: float = 0.0
    slope: float = 1.0

    def predict(self, logit: Floats) -> Floats:
        """Give corrected probabilities from a model's log-odds."""
        return sigmoid(self.intercept + self.slope * logit)

    def to_dict(self) -> dict[str, Any]:
        """Give the plain numbers, for JSON."""
        return {"name": self.name, "intercept": self.intercept, "slope": self.slope}


def fit_platt(logit: Floats, outcome: Floats) -> Calibrator:
    """Fit level and slope (Platt 1999)."""
    center, scale = float(logit.mean()), max(float(logit.std()), 1e-9)
    design = ((logit - center) / scale)[:, None]
    ((intercept, (slope,)),) = fit_path(design, outcome, np.ones(len(outcome)), [FAINT_RIDGE])
    return Calibrator("platt", intercept - float(slope) * center / scale, float(slope) / scale)


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


OPTIONS: tuple[Callable[[Floats, Floats], Calibrator], ...] = (fit_shift, fit_platt)


def choose_calibration(
    logit: Floats,
    outcome: Floats,
    day: np.ndarray[Any, np.dtype[np.datetime64]],
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
    for fit in OPTIONS:
        probability, later = _walk_forward(logit, outcome, day, horizon_days, fit)
        days = np.unique(day[later])
        if len(days) < LEAST_LATER_CUTOFFS:
            continue
        loss = row_log_loss(outcome, probability)
        gains = [float((plain_loss - loss)[day == d].mean()) for d in days]
        mean, bound = paired_bootstrap(
            plain_loss[later], loss[later], np.asarray(customer)[later], seed, CLEAR_WIN_LEVEL
        )
        if bound > 0 and sum(g > 0 for g in gains) * 2 > len(gains) and mean > best_gain:
            best, best_gain, best_probability = fit(logit, outcome), mean, probability
    return best, best_probability


def _walk_forward(
    logit: Floats,
    outcome: Floats,
    day: np.ndarray[Any, np.dtype[np.datetime64]],
    horizon_days: int,
    fit: Callable[[Floats, Floats], Calibrator],
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Give probabilities, and which rows were corrected by a calibrator fitted before them."""
    probability = sigmoid(logit)
    later = np.zeros(len(logit), dtype=bool)
    for today in np.unique(day):
        closed = day + np.timedelta64(horizon_days, "D") <= today
        if closed.sum() >= LEAST_ROWS and 0 < outcome[closed].mean() < 1:
            here = day == today
            probability[here] = fit(logit[closed], outcome[closed]).predict(logit[here])
            later |= here
    return probability, later
