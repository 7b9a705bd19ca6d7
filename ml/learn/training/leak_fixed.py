"""Columns that never change within a customer although they tell of behaviour."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import rankdata

from ml.learn.models.linear import Floats, one_blas_thread
from ml.learn.training.leak_sample import LEAST_POWER, Sample, Trace, standardised

FIXED_CUSTOMERS = 0.99
SAME_AS_LABELS = 0.95
"""Rank correlation with the customer's mean label; whatever is known honestly cannot foresee single outcomes."""

EXPLAINED_TODAY = 0.9
LEFT_THEN = 3.0
LEAST_LEFT = 0.02
"""Early cut-offs leave LEFT_THEN times as much of the spread unexplained as today does, and LEAST_LEFT."""

RIDGE = 1e-3


def fixed_columns(sample: Sample, power: Floats) -> Iterator[Trace]:
    """Columns that never change within a customer, or by a day each day, although they tell of behaviour.

    Two sorts: the customer's own mean label, and what was counted or dated as of today and written at every cut-off:
    the changing columns of today explain it, those of early cut-offs do not.
    """
    fixed = {
        column: _is_fixed(sample, column)
        for column in range(sample.values.shape[1])
        if power[column] >= LEAST_POWER
    }
    candidates = [column for column, is_fixed in fixed.items() if is_fixed]
    if not candidates:
        return
    past, now = standardised(sample)
    changing = np.array(
        [c for c in range(past.shape[1]) if c not in candidates and not _is_fixed(sample, c)],
        dtype=np.intp,
    )
    third = sample.days[: max(1, len(sample.days) // 3)]
    early = np.isin(sample.day, third)
    for column in candidates:
        agreement = _agreement(sample, column)
        if agreement >= SAME_AS_LABELS:
            words = "never changes and goes with the customer's own labels, later ones too: it is made of them"
            yield column, "labels", agreement, SAME_AS_LABELS, words
        elif len(changing):
            today = _explained(now[:, changing], now[:, column])
            then = _explained(past[early][:, changing], past[early][:, column])
            limit = 1 - (1 - then - LEAST_LEFT) / LEFT_THEN
            if today >= max(EXPLAINED_TODAY, limit):
                words = (
                    f"never changes, today's behaviour explains {today:.0%} of it, that of early cut-offs {then:.0%}: "
                    "it was taken as of today"
                )
                yield column, "as of today", today, limit, words


def _is_fixed(sample: Sample, column: int) -> bool:
    values = sample.values[:, column].astype(np.float64)
    elapsed = (sample.day - sample.days[0]) / np.timedelta64(1, "D")
    order = np.argsort(sample.customer, kind="stable")
    start = np.unique(sample.customer[order], return_index=True)[1]
    several = np.diff(np.append(start, len(order))) > 1
    if not several.any() or np.nanmin(values, initial=np.inf) >= np.nanmax(values, initial=-np.inf):
        return False
    known = np.nan_to_num(values, nan=-1e6)
    for shifted, tolerance in ((known, 1e-6), (known - elapsed, 1.0), (known + elapsed, 1.0)):
        least = np.minimum.reduceat(shifted[order], start)
        most = np.maximum.reduceat(shifted[order], start)
        if (most - least <= tolerance)[several].mean() >= FIXED_CUSTOMERS:
            return True
    return False


def _agreement(sample: Sample, column: int) -> float:
    """Rank correlation of a fixed column with the customer's mean label."""
    rows = np.bincount(sample.customer)
    mean = np.bincount(sample.customer, weights=sample.outcome)
    value = np.zeros(len(rows))
    value[sample.customer] = np.nan_to_num(sample.values[:, column], nan=-1e9)
    several = rows > 2
    if several.sum() < 3 or np.ptp(value[several]) == 0:
        return 0.0
    ranks = rankdata(value[several]), rankdata(mean[several] / rows[several])
    return float(abs(np.corrcoef(*ranks)[0, 1])) if np.ptp(ranks[1]) else 0.0


def _explained(design: Floats, wanted: Floats) -> float:
    """Share of a column's spread that a ridge on others explains, on the half of the rows it was not fitted on."""
    if len(wanted) < 2 * design.shape[1] or wanted.std() < 1e-9:
        return 0.0
    odd = np.arange(len(wanted)) % 2 == 1
    with one_blas_thread():
        own, centered = design[~odd], wanted - wanted[~odd].mean()
        middle = own.mean(axis=0)
        gram = (own - middle).T @ (own - middle) + RIDGE * len(own) * np.eye(design.shape[1])
        slopes = np.linalg.solve(gram, (own - middle).T @ centered[~odd])
        left = centered[odd] - (design[odd] - middle) @ slopes
    return float(1.0 - (left**2).mean() / max(float(centered[odd].var()), 1e-12))
