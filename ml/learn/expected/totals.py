"""Do the sums of expectations come true? A factor for all of them, and "none" unless the past speaks for one.

A shop grows, a season turns: the sum over all customers is off although each is ranked well. The only
remedy known beforehand is how far the last closed window was off. It is kept when it would have helped on
several later cut-offs; a season that turns twice makes it worse, and then nothing is corrected.
"""

import numpy as np
from numpy.typing import NDArray

from ml.learn.models.linear import Floats

LEAST_TRIALS = 4
LEAST_IMPROVEMENT = 0.25
LARGEST_FACTOR = 2.0


def total_ratios(
    day: NDArray[np.datetime64], expected: Floats, actual: Floats
) -> tuple[NDArray[np.datetime64], Floats]:
    """Give the cut-offs, and what came divided by what was expected, each of shape (cut-offs,).

    Cut-offs where nothing was expected or nothing came are left out.
    """
    days, number = np.unique(day, return_inverse=True)
    came = np.bincount(number, weights=actual, minlength=len(days))
    said = np.bincount(number, weights=expected, minlength=len(days))
    told = (came > 0) & (said > 0)
    return days[told], came[told] / said[told]


def choose_factor(
    day: NDArray[np.datetime64], expected: Floats, actual: Floats, horizon_days: int
) -> float:
    """Give the factor for the next cut-off: the last closed window's, where that would have helped, else 1.

    At each cut-off judged, the factor is that of the latest cut-off whose window had closed by then;
    it is kept when, over LEAST_TRIALS cut-offs or more, it brings the mean absolute logarithm of the
    totals' ratio down by LEAST_IMPROVEMENT.
    """
    days, ratio = total_ratios(day, expected, actual)
    without, corrected = [], []
    for number, today in enumerate(days):
        closed = np.flatnonzero(days + np.timedelta64(horizon_days, "D") <= today)
        if len(closed):
            without.append(abs(np.log(ratio[number])))
            corrected.append(abs(np.log(ratio[number] / _limited(ratio[closed[-1]]))))
    if len(without) < LEAST_TRIALS:
        return 1.0
    helps = np.mean(corrected) < (1.0 - LEAST_IMPROVEMENT) * np.mean(without)
    return _limited(ratio[-1]) if helps else 1.0


def _limited(ratio: float) -> float:
    return float(np.clip(ratio, 1.0 / LARGEST_FACTOR, LARGEST_FACTOR))
