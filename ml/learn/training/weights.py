"""How much the newest cut-offs weigh: equally much, unless another half-life clearly wins out of fold."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from ml.learn.judging.metrics import paired_bootstrap, row_log_loss
from ml.learn.models.linear import Floats, sigmoid
from ml.learn.training.crossfit import Split, Table, judged_rows
from ml.learn.training.sample import logistic_logits, sample_splits
from ml.learn.training.task import Task

HALF_LIVES = (2, 4, 8)
"""Half-lives tried, in horizons: a shorter one would leave little but the latest window."""

CLEAR_WIN_LEVEL = 0.95
"""Three are tried against none, so the bound is stricter than where one thing is tried."""


def choose_half_life(task: Task, table: Table, splits: Sequence[Split]) -> float | None:
    """Give the half-life in days, or None for equal weights, judged with a logistic model on a sample."""
    small = sample_splits(table, splits, task.seed)
    rows = judged_rows(small)
    outcome, customer = table.outcome[rows], table.customer[rows]
    equal = _losses(task, table, small, outcome)
    best, best_gain = None, 0.0
    for horizons in HALF_LIVES:
        days = float(horizons * task.horizon_days)
        faded = _losses(task, replace(table, half_life_days=days), small, outcome)
        gain, lower = paired_bootstrap(equal, faded, customer, task.seed, CLEAR_WIN_LEVEL, 300)
        if lower > 0 and gain > best_gain:
            best, best_gain = days, gain
    return best


def _losses(task: Task, table: Table, splits: Sequence[Split], outcome: Floats) -> Floats:
    columns = range(table.values.shape[1])
    with ThreadPoolExecutor(task.threads) as pool:
        found = list(pool.map(lambda s: logistic_logits(table, s, columns)[1], splits))
    return row_log_loss(outcome, sigmoid(np.concatenate(found)))
