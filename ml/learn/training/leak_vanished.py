"""Parts of columns that are there at every past cut-off and gone today: the future has not come yet."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from ml.learn.training.leak_sample import Sample, Trace, is_calendar

QUANTILES = (0.2, 0.4, 0.6, 0.8)

LEAST_SHARE = 0.02
LEAST_EXPECTED = 25
GONE = 0.1
"""A part is gone when fewer than GONE of the expected are in it, who are at least LEAST_EXPECTED people."""

LEAST_MISSED = 0.5
"""Share of the past share that today's other columns must foresee."""

TELLS_RATIO = 1.5
TELLS_ERRORS = 5.0
"""A part tells the label when its rate, or that of the other outcome, is so many times the rest's, beyond chance."""

FOREST_ROWS = 5_000
FOREST_TREES = 50
UNKNOWN = -1e9


WEEK = 7
"""Days within which a habit of one weekday repeats."""


def vanished(sample: Sample, family_of: Mapping[str, str]) -> Iterator[Trace]:
    """Columns of which a part (missing, nought, a tail) is there at every past cut-off and gone today.

    The part must tell the label, and it must be missed: by the other families' columns today's customers should have
    it. (Where a population itself changes, they say so, too.) A column of one value per cut-off is a calendar and left
    out.
    """
    names = np.array(list(family_of.values()))
    of_days = [name.startswith("days_") and not sample.is_same_weekday for name in family_of]
    for column in range(sample.values.shape[1]):
        past, now = sample.values[:, column], sample.now[:, column]
        if is_calendar(sample, past):
            continue
        for name, inside, inside_now in _parts(past, now, WEEK if of_days[column] else 0):
            shares = np.bincount(sample.day_number, weights=inside) / np.bincount(sample.day_number)
            least, today = float(shares.min()), float(inside_now.mean())
            if not _is_gone(today, least, len(now)) or not _tells(sample, inside):
                continue
            others = np.flatnonzero(names != names[column])
            expected = _expected_today(sample, inside, others) if len(others) else least
            if expected >= LEAST_MISSED * least and _is_gone(today, expected, len(now)):
                words = (
                    f"is {name} for {today:.1%} of today's customers, at least {least:.1%} at every past cut-off, and "
                    f"should be for {expected:.1%} by the other features: it may hold what had not happened yet"
                )
                yield column, "vanished", today, GONE * expected, words
            break


def _is_gone(found: float, expected: float, people: int) -> bool:
    beyond_chance = expected >= LEAST_SHARE and expected * people >= LEAST_EXPECTED
    return beyond_chance and found < GONE * expected


def _expected_today(sample: Sample, inside: NDArray[np.bool_], columns: NDArray[np.intp]) -> float:
    """The share of today's customers in a part, as a forest that learned it from other columns foresees it."""
    rows = np.arange(0, len(inside), -(-len(inside) // FOREST_ROWS))
    forest = RandomForestClassifier(FOREST_TREES, min_samples_leaf=5, random_state=0)
    forest.fit(np.nan_to_num(sample.values[rows][:, columns], nan=UNKNOWN), inside[rows])
    if len(forest.classes_) < 2:
        return float(inside[rows[0]])
    told = forest.predict_proba(np.nan_to_num(sample.now[:, columns], nan=UNKNOWN))
    return float(told[:, 1].mean())


def _parts(
    past: NDArray[np.float32], now: NDArray[np.float32], least_tail: int
) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    missing, missing_now = np.isnan(past), np.isnan(now)
    yield "missing", missing, missing_now
    yield "known", ~missing, ~missing_now
    yield "nought", past == 0, now == 0
    yield "not nought", (past != 0) & ~missing, (now != 0) & ~missing_now
    if missing.all():
        return
    for border in np.unique(np.quantile(past[~missing], QUANTILES)):
        if not 0 < border < least_tail:
            yield f"at most {border:g}", past <= border, now <= border
        yield f"above {border:g}", past > border, now > border


def _tells(sample: Sample, inside: NDArray[np.bool_]) -> bool:
    """Does being inside go with the outcome, beyond chance (counting customers, not rows) and by a good deal?"""
    count = np.array([(~inside).sum(), inside.sum()], dtype=float)
    if count.min() == 0:
        return False
    rate = np.array([sample.outcome[~inside].mean(), sample.outcome[inside].mean()])
    overall = sample.outcome.mean()
    repeats = len(inside) / len(np.unique(sample.customer))
    error = np.sqrt(overall * (1 - overall) * (1 / count).sum() * repeats)
    low, high = rate.min(), rate.max()
    apart = high >= TELLS_RATIO * low or (1 - low) >= TELLS_RATIO * (1 - high)
    return bool(apart and high - low > TELLS_ERRORS * error)
