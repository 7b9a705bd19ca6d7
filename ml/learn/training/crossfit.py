"""Out-of-fold predictions: every contender judged on rows it has not seen.

Splits go forward in time where the history allows it. Where it holds one block only, they go
across customers, which says nothing about the next month and is graded accordingly.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.learn.judging.metrics import log_loss
from ml.learn.models.lifetime_model import LifetimeInputs
from ml.learn.models.linear import Floats, RegularisedLogistic, SimpleRule, one_blas_thread, sigmoid
from ml.learn.models.trees import TreeRows
from ml.learn.training.splits import rolling_folds
from ml.learn.training.task import Task

Rows = NDArray[np.intp]

RIDGES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Strengths of the logistic model, per row, strong to weak."""

CUSTOMER_GROUPS = 4
MAX_FIT_ROWS = 40_000
LEAST_CLASS_ROWS = 30


@dataclass(frozen=True)
class Table:
    """All labelled rows, ordered by (day, customer).

    ``values`` has shape (rows, features); ``customer`` numbers the customers in the order of their
    ids; ``weights`` are 1 or fade with age.
    """

    values: NDArray[Any]
    outcome: Floats
    day: NDArray[np.datetime64]
    customer: Rows
    half_life_days: float | None

    def weights(self, rows: Rows) -> Floats:
        """Give the weights of rows fitted together: 1 at the latest day, halved every half-life."""
        if self.half_life_days is None:
            return np.ones(len(rows))
        age = (self.day[rows].max() - self.day[rows]) / np.timedelta64(1, "D")
        return np.asarray(0.5 ** (age / self.half_life_days), dtype=np.float64)

    def design(
        self, rows: Rows, inputs: LifetimeInputs | None, columns: Sequence[int] | None = None
    ) -> NDArray[Any]:
        """Give the values of some rows (in these columns only), and behind them what ``inputs`` derive."""
        values = (
            self.values[rows]
            if columns is None
            else self.values[rows[:, None], np.asarray(columns)]
        )
        if inputs is None:
            return values
        return np.hstack(
            [values, inputs.derived(self.values[rows[:, None], np.array(inputs.columns)])]
        )

    def tree_rows(
        self,
        rows: Rows,
        offset: Floats | None,
        inputs: LifetimeInputs | None = None,
        columns: Sequence[int] | None = None,
    ) -> TreeRows:
        """Gather what the trees need of some rows."""
        per_customer = len(rows) / len(np.unique(self.customer[rows]))
        design = self.design(rows, inputs, columns)
        return TreeRows(design, self.outcome[rows], self.weights(rows), offset, per_customer)


@dataclass(frozen=True)
class Split:
    """Row numbers to fit on and to judge, and columns to derive, from what ``fit`` alone shows."""

    fit: Rows
    judge: Rows
    inputs: LifetimeInputs | None = None


@dataclass(frozen=True)
class OutOfFold:
    """Log-odds of one contender on the judged rows, and the setting that gave them."""

    logit: Floats
    setting: float
    per_split: list[Any]


def table_of(task: Task, rows: pd.DataFrame, half_life_days: float | None) -> Table:
    """Give the labelled rows of a task, as ``labelled_rows`` ordered them, as arrays."""
    return Table(
        rows[list(task.feature_names)].to_numpy(dtype=np.float32, na_value=np.nan),
        rows["label"].to_numpy(dtype=np.float64),
        rows["as_of_date"].to_numpy().astype("datetime64[D]"),
        np.unique(rows["customer_id"].to_numpy(dtype=np.str_), return_inverse=True)[1],
        half_life_days,
    )


def make_splits(
    table: Table, horizon_days: int, max_folds: int, seed: int
) -> tuple[list[Split], bool]:
    """Give the splits, and whether they go forward in time."""
    forward = _time_splits(table, horizon_days, max_folds)
    return (forward, True) if forward else (_customer_splits(table, seed), False)


def _time_splits(table: Table, horizon_days: int, max_folds: int) -> list[Split]:
    days = [day.astype(date) for day in np.unique(table.day)]
    splits = []
    for fold in rolling_folds(days, horizon_days, max_folds):
        fit = _thin_out(table, np.flatnonzero(table.day <= np.datetime64(fold.fit[-1])))
        judge = np.flatnonzero(
            (table.day >= np.datetime64(fold.validate[0]))
            & (table.day <= np.datetime64(fold.validate[-1]))
        )
        if _least_class(table, fit) >= LEAST_CLASS_ROWS and _least_class(table, judge) > 0:
            splits.append(Split(fit, judge))
    return splits


def _customer_splits(table: Table, seed: int) -> list[Split]:
    """Deal the customers into groups, alike in outcome; a customer's rows stay together."""
    count = int(table.customer.max()) + 1
    positives = np.bincount(table.customer, weights=table.outcome, minlength=count)
    rate = positives / np.bincount(table.customer, minlength=count)
    dealt = np.lexsort((np.random.default_rng(seed).permutation(count), rate))
    group = np.empty(count, dtype=np.intp)
    group[dealt] = np.arange(count) % CUSTOMER_GROUPS
    of_row = group[table.customer]
    return [
        Split(_thin_out(table, np.flatnonzero(of_row != g)), np.flatnonzero(of_row == g))
        for g in range(CUSTOMER_GROUPS)
    ]


def _thin_out(table: Table, rows: Rows) -> Rows:
    """Keep at most about MAX_FIT_ROWS rows: every k-th cut-off back from the latest.

    Neighbouring cut-offs repeat most of each other, customers do not.
    """
    days = np.unique(table.day[rows])
    keep_every = min(-(-len(rows) // MAX_FIT_ROWS), max(1, len(days) // 4))
    return rows[np.isin(table.day[rows], days[::-1][::keep_every])]


def _least_class(table: Table, rows: Rows) -> int:
    positives = int(table.outcome[rows].sum())
    return min(positives, len(rows) - positives)


def judged_rows(splits: Sequence[Split]) -> Rows:
    """Give the numbers of all judged rows, in the order of the splits."""
    return np.concatenate([split.judge for split in splits])


def rule_out_of_fold(table: Table, splits: Sequence[Split], column: int) -> OutOfFold:
    """Predict with the rule on one column."""
    models = [
        SimpleRule.fit(table.values[s.fit], table.outcome[s.fit], table.weights(s.fit), column)
        for s in splits
    ]
    parts = [m.logit(table.values[s.judge]) for m, s in zip(models, splits, strict=True)]
    return OutOfFold(np.concatenate(parts), float(column), models)


def logistic_out_of_fold(table: Table, splits: Sequence[Split], threads: int) -> OutOfFold:
    """Predict with the ridge whose pooled log-loss is lowest; of equals the strongest.

    Splits are fitted side by side, each on one BLAS thread, so that ``threads`` changes no bit.
    """

    def fit(split: Split) -> list[RegularisedLogistic]:
        rows = split.fit
        return RegularisedLogistic.fit_path(
            table.design(rows, split.inputs), table.outcome[rows], table.weights(rows), RIDGES
        )

    # The limit is one for the whole process: set by each fit alone, the first to end would lift it.
    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        paths = list(pool.map(fit, splits))
    parts = [
        RegularisedLogistic.path_logits(path, table.design(split.judge, split.inputs))
        for path, split in zip(paths, splits, strict=True)
    ]
    outcome = table.outcome[judged_rows(splits)]
    candidates = [
        OutOfFold(
            np.concatenate([part[number] for part in parts]),
            ridge,
            [path[number] for path in paths],
        )
        for number, ridge in enumerate(RIDGES)
    ]
    return min(candidates, key=lambda c: log_loss(outcome, sigmoid(c.logit)))
