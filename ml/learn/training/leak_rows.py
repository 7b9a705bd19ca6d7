"""The plain mistakes of labelled rows: windows in the wrong order, repeated rows, rows fitted and judged at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.tree import ExtraTreeClassifier

from ml.learn.models.linear import Floats
from ml.learn.training.crossfit import Split, Table
from ml.learn.training.task import Task

SHUFFLED_ROWS = 4_000
SHUFFLED_ERRORS = 5.0
"""Standard errors from .5 at which a model of shuffled labels is an alarm: once in 1.7 million trainings by chance."""

TWIN_ROWS = 30
MOST_TWINS = 5


class LeakFound(ValueError):  # noqa: N818  # what was found, as the field calls it
    """A leak so plain that nothing is trained; the text says what, where, the value found and the way out."""


def check_order(
    task: Task,
    table: Table,
    splits: Sequence[Split],
    out_of_time: bool,
    today: pd.DataFrame | None,
) -> None:
    """Refuse label windows that reach into the rows judged on them, or past today."""
    horizon = np.timedelta64(task.horizon_days, "D")
    for split in splits if out_of_time else ():
        closed, first = table.day[split.fit].max() + horizon, table.day[split.judge].min()
        if closed > first:
            raise LeakFound(
                f"{task.target}: rows judged at {first} were to be predicted by labels whose windows end on {closed}. "
                "The blocks of cut-offs are in the wrong order."
            )
    if today is not None and len(today):
        day = pd.to_datetime(today["as_of_date"]).to_numpy().astype("datetime64[D]").max()
        if table.day.max() + horizon > day:
            raise LeakFound(
                f"{task.target}: the label at {table.day.max()} looks {task.horizon_days} days ahead; the run knows "
                f"facts before {day} only. A label that has not matured is no label."
            )


def check_twins(task: Task, table: Table) -> None:
    """Repeated rows that always agree in the outcome are one row counted several times.

    Customers of whom little is known are alike, and then differ in what they do; so some pairs must disagree.
    """
    agreeing, disagreeing = 0, 0
    for day in np.unique(table.day):
        rows = np.flatnonzero(table.day == day)
        values = np.ascontiguousarray(np.nan_to_num(table.values[rows], nan=-9e30))
        whole = values.view(np.dtype((np.void, values.dtype.itemsize * values.shape[1]))).ravel()
        _, code, count = np.unique(whole, return_inverse=True, return_counts=True)
        positives = np.bincount(code, weights=table.outcome[rows])
        few = (count > 1) & (count <= MOST_TWINS)
        agreeing += int((few & (positives == count)).sum())
        disagreeing += int((few & (positives > 0) & (positives < count)).sum())
    if agreeing >= TWIN_ROWS and disagreeing == 0:
        raise LeakFound(
            f"{task.target}: {agreeing} groups of customers have equal values in every feature and all have the "
            "outcome, none differs. Rows with the outcome seem to be repeated under several customer ids. "
            "Look at what makes labels and features."
        )


def check_shuffled(task: Task, table: Table, splits: Sequence[Split]) -> None:
    """Labels shuffled among the customers of each cut-off must not be told out of fold.

    A tree that learns by heart is fitted on rows of each split and judged by the mean AUC within cut-offs. Given
    its predictions, shuffled labels make the AUC of n rows, m of them positive, vary by (n + 1) / (12 m (n - m))
    around .5 (Mann and Whitney 1947), so the limit is exact and needs no repeats.
    """
    random = np.random.default_rng(task.seed)
    shuffled = table.outcome.copy()
    for day in np.unique(table.day):
        here = np.flatnonzero(table.day == day)
        shuffled[here] = random.permutation(shuffled[here])
    gaps, variances = [], []
    for split in splits:
        fit, judge = (_thinned(rows) for rows in (split.fit, split.judge))
        tree = ExtraTreeClassifier(random_state=task.seed)
        known = shuffled[fit]
        if known.min() == known.max():
            continue
        tree.fit(np.nan_to_num(table.values[fit], nan=-1e9), known)
        predicted = tree.predict_proba(np.nan_to_num(table.values[judge], nan=-1e9))[:, 1]
        for day in np.unique(table.day[judge]):
            here = table.day[judge] == day
            gap, variance = _gap(shuffled[judge][here], predicted[here])
            if variance > 0:
                gaps.append(gap)
                variances.append(variance)
    if not gaps:
        return
    error = float(np.sqrt(np.sum(variances))) / len(gaps)
    found = float(np.mean(gaps))
    if abs(found) > SHUFFLED_ERRORS * error:
        raise LeakFound(
            f"{task.target}: labels shuffled among customers can be told out of fold with AUC {0.5 + found:.3f}, which "
            f"chance puts within {SHUFFLED_ERRORS * error:.3f} of .5. Rows are fitted and judged at once: look at the "
            "folds."
        )


def _thinned(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return rows[:: -(-len(rows) // SHUFFLED_ROWS)]


def _gap(outcome: Floats, predicted: Floats) -> tuple[float, float]:
    """AUC less .5 of one cut-off, and its variance if labels are shuffled."""
    count, positives = len(outcome), float(outcome.sum())
    if positives in (0.0, float(count)):
        return 0.0, 0.0
    ranks = rankdata(predicted)
    pairs = positives * (count - positives)
    area = (ranks[outcome > 0].sum() - positives * (positives + 1) / 2) / pairs
    return float(area) - 0.5, (count + 1) / (12 * pairs)
