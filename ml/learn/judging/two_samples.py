"""A classifier that tries to tell the people of two days apart."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from ml.learn.judging.metrics import Floats, auc
from ml.learn.models.linear import one_blas_thread

SAMPLE = 1_500
"""People of each day that the classifier sees."""

RIDGE = 0.3


def some_people(people: pd.DataFrame, seed: int) -> pd.DataFrame:
    """At most SAMPLE people, drawn by their place in the order of their ids."""
    ordered = people.sort_values("customer_id", ignore_index=True)
    if len(ordered) <= SAMPLE:
        return ordered
    chosen = np.random.default_rng(seed).choice(len(ordered), SAMPLE, replace=False)
    return ordered.iloc[np.sort(chosen)].reset_index(drop=True)


def told_apart(before: pd.DataFrame, after: pd.DataFrame, names: Sequence[str], seed: int) -> float:
    """AUC of a classifier that tells the people of two days apart (Lopez-Paz and Oquab 2017).

    A linear discriminant over ranks, squared ranks and missingness, out of fold; a customer who is there on both
    days is in one fold. Columns of one value a day (a calendar) would tell the days apart at once and are left out.
    """
    samples = [some_people(people, seed) for people in (before, after)]
    values = [sample[list(names)].to_numpy(dtype=np.float64) for sample in samples]
    if min(map(len, values)) < 2:
        return 0.5
    same = [(v[:1] == v).all(axis=0) | np.isnan(v).all(axis=0) for v in values]
    varied = ~(same[0] & same[1])
    stacked = np.vstack(values)[:, varied]
    if not stacked.shape[1]:
        return 0.5
    later = np.repeat([0.0, 1.0], [len(v) for v in values])
    ids = np.concatenate([sample["customer_id"].astype(str).to_numpy() for sample in samples])
    code = np.unique(ids, return_inverse=True)[1]
    half = np.random.default_rng(seed).integers(0, 2, int(code.max()) + 1)[code]
    design = _ranked(stacked)
    told = np.zeros(len(later))
    with one_blas_thread():
        for fold in (0, 1):
            fit, judge = half != fold, half == fold
            if not 0 < later[fit].mean() < 1:
                return 0.5
            middle = design[fit].mean(axis=0)
            own = design[fit] - middle
            gram = own.T @ own + RIDGE * len(own) * np.eye(design.shape[1])
            slopes = np.linalg.solve(gram, own.T @ (later[fit] - later[fit].mean()))
            told[judge] = rankdata((design[judge] - middle) @ slopes) / judge.sum()
    found = auc(later, told)
    return 0.5 if np.isnan(found) else found


def _ranked(values: Floats) -> Floats:
    missing = np.isnan(values)
    ranks = rankdata(np.where(missing, -np.inf, values), axis=0)
    centered = (ranks - ranks.mean(axis=0)) / len(values) * np.sqrt(12)
    columns = np.hstack([centered, centered**2 - (centered**2).mean(axis=0), missing])
    return np.asarray(columns[:, columns.std(axis=0) > 0], dtype=np.float64)
