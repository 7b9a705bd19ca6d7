"""A bounded search for the settings of the trees (Optuna; tree-structured Parzen estimator, seeded).

The search sees all splits but the last, where what it found must beat the defaults beyond chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import optuna

from ml.learn.judging.metrics import log_loss, paired_bootstrap, row_log_loss
from ml.learn.models.linear import sigmoid
from ml.learn.models.trees import TreeSettings
from ml.learn.training.crossfit import OutOfFold, Split, Table, judged_rows
from ml.learn.training.grown import SplitBins, trees_out_of_fold
from ml.learn.training.sample import sample_splits
from ml.learn.training.task import Task

MOST_ROUNDS = 240
"""Trees of a trial, at most: slower learners than this allows are not worth their time in a daily run."""

WORTH_TRYING = 0.001
"""Share of the defaults' log-loss that a setting must save on the sample to be tried on all rows."""

SEARCHED = ("learning_rate", "num_leaves", "feature_fraction", "lambda_l2", "customers_per_leaf")

SEARCH_ROWS = 12_000
"""Rows of the largest fit of a trial, at most."""

FEW_CUSTOMERS: dict[str, Any] = {"num_leaves": 4, "feature_fraction": 0.25}
"""Smaller steps than the defaults; tried second. They won on shops of some thousand customers."""


@dataclass(frozen=True)
class Searched:
    """The settings to go on with, their out-of-fold predictions, and whether they are not the defaults."""

    settings: TreeSettings
    trees: OutOfFold
    is_adopted: bool


def search_trees(
    task: Task,
    table: Table,
    splits: Sequence[Split],
    bins: SplitBins,
    default: OutOfFold,
    trials: int,
) -> Searched:
    """Try ``trials`` settings of the trees alone, the defaults first, then FEW_CUSTOMERS.

    What is found serves only if it lowers the log-loss over all splits and, with a lower 80 % bound
    (paired by customer) above 0, on the last split, which the search never saw.
    """
    kept = Searched(task.trees, default, False)
    if trials < 2 or len(splits) < 2:
        return kept
    found = _best_settings(
        task, table, sample_splits(table, splits[:-1], task.seed, SEARCH_ROWS), trials
    )
    if found is None:
        return kept
    rows = judged_rows(splits)
    outcome, last = table.outcome[rows], np.arange(len(rows)) >= len(rows) - len(splits[-1].judge)
    rival = log_loss(outcome, sigmoid(default.logit))
    trees = trees_out_of_fold(
        table, splits, bins, task.seed, task.threads, None, found, MOST_ROUNDS, rival
    )
    before, after = (row_log_loss(outcome, sigmoid(oof.logit)) for oof in (default, trees))
    customer = table.customer[rows]
    _, lower = paired_bootstrap(before[last], after[last], customer[last], task.seed)
    return Searched(found, trees, True) if lower > 0 and after.mean() < before.mean() else kept


def _best_settings(
    task: Task, table: Table, splits: list[Split], trials: int
) -> TreeSettings | None:
    """Give the best settings found, None where nothing beats the defaults."""
    outcome = table.outcome[judged_rows(splits)]
    bins = SplitBins(table, splits, task.seed, task.threads)

    def loss(trial: optuna.Trial) -> float:
        settings = _suggested(trial, task.trees)
        oof = trees_out_of_fold(
            table, splits, bins, task.seed, task.threads, None, settings, MOST_ROUNDS
        )
        return log_loss(outcome, sigmoid(oof.logit))

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=task.seed, n_startup_trials=max(3, trials // 3))
    study = optuna.create_study(sampler=sampler)
    for start in (task.trees, replace(task.trees, **FEW_CUSTOMERS)):
        tried = {name: getattr(start, name) for name in SEARCHED}
        study.enqueue_trial(tried | {"extra_trees": True})
    study.optimize(loss, n_trials=trials)
    by_default = study.trials[0].value or 0.0
    is_worth_it = study.best_value < (1.0 - WORTH_TRYING) * by_default
    return None if not is_worth_it else replace(task.trees, **study.best_params)


def _suggested(trial: optuna.Trial, start: TreeSettings) -> TreeSettings:
    return replace(
        start,
        learning_rate=trial.suggest_float("learning_rate", 0.03, 0.2, log=True),
        num_leaves=trial.suggest_int("num_leaves", 3, 24, log=True),
        feature_fraction=trial.suggest_float("feature_fraction", 0.1, 0.9),
        lambda_l2=trial.suggest_float("lambda_l2", 1.0, 200.0, log=True),
        customers_per_leaf=trial.suggest_int("customers_per_leaf", 10, 100, log=True),
        extra_trees=trial.suggest_categorical("extra_trees", [True, False]),
    )
