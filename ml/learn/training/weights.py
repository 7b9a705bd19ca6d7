"""How much the newest cut-offs weigh: equally much, unless another half-life clearly wins out of fold."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from ml.learn.judging.metrics import paired_bootstrap, row_log_loss
from ml.learn.models.linear import Floats, RegularisedLogistic, one_blas_thread, sigmoid
from ml.learn.training.crossfit import Split, Table, judged_rows
from ml.learn.training.sample import SAMPLE_RIDGE, sample_splits
from ml.learn.training.task import Task

HALF_LIVES = (2, 4, 8)
"""Half-lives tried, in horizons: a shorter one would leave little but the latest window."""

CLEAR_WIN_LEVEL = 0.95
"""Three are tried against none, so the bound is stricter than where one thing is tried."""


def choose_half_life(task: Task, table: Table, splits: Sequence[Split]) -> float | None:
    """Give the half-life in days, or None for equal weights, judged with a logistic model on a sample."""
    small = sample_splits(table, splits, task.seed)
    rows = judged_rows(small)
    customer = table.customer[rows]
    days = [float(horizons * task.horizon_days) for horizons in HALF_LIVES]
    equal, *faded = _losses(task, table, small, [None, *days])
    best, best_gain = None, 0.0
    for half_life, loss in zip(days, faded, strict=True):
        gain, lower = paired_bootstrap(equal, loss, customer, task.seed, CLEAR_WIN_LEVEL, 300)
        if lower > 0 and gain > best_gain:
            best, best_gain = half_life, gain
    return best


def _losses(
    task: Task, table: Table, splits: Sequence[Split], half_lives: Sequence[float | None]
) -> list[Floats]:
    """Give the losses of the judged rows under each half-life, the columns standardised once."""
    tables = [replace(table, half_life_days=half_life) for half_life in half_lives]

    def logits(split: Split) -> Floats:
        fit = table.design(split.fit, split.inputs)
        weights = [faded.weights(split.fit) for faded in tables]
        paths = RegularisedLogistic.fit_paths(
            fit, table.outcome[split.fit], weights, [SAMPLE_RIDGE]
        )
        judged = table.design(split.judge, split.inputs)
        return RegularisedLogistic.path_logits([model for (model,) in paths], judged)

    with one_blas_thread(), ThreadPoolExecutor(task.threads) as pool:
        found = np.concatenate(list(pool.map(logits, splits)), axis=1)
    outcome = table.outcome[judged_rows(splits)]
    return [row_log_loss(outcome, sigmoid(logit)) for logit in found]
