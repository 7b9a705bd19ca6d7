"""All that may serve, each judged on rows it has not seen: the simplest first."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any

from ml.learn.judging.metrics import log_loss
from ml.learn.models.linear import sigmoid
from ml.learn.training.crossfit import (
    OutOfFold,
    Split,
    Table,
    judged_rows,
    logistic_out_of_fold,
    rule_out_of_fold,
)
from ml.learn.training.grown import SplitBins, trees_out_of_fold
from ml.learn.training.returning import lifetimes_out_of_fold
from ml.learn.training.search import search_trees
from ml.learn.training.task import Task

SETTINGS = {
    "ridge": "logistic",
    "rounds_trees": "trees",
    "rounds_trees_on_logistic": "trees_on_logistic",
}


def rules_out_of_fold(task: Task, table: Table, splits: Sequence[Split]) -> dict[str, OutOfFold]:
    """Predict with each simple rule, named "rule:<column>"."""
    return {
        f"rule:{column}": rule_out_of_fold(table, splits, task.feature_names.index(column))
        for column in task.rule_columns
    }


def run_contenders(
    task: Task, table: Table, splits: Sequence[Split], search_trials: int
) -> tuple[Task, dict[str, OutOfFold]]:
    """Give the out-of-fold predictions of every contender, and the task with the trees' settings.

    Of equals the first is chosen, so what is simpler comes first.
    """
    found = rules_out_of_fold(task, table, splits)
    found |= lifetimes_out_of_fold(task, table, splits)
    task.tell(f"{task.target}: logistic model, and trees alone")
    with ThreadPoolExecutor(1) as pool:  # neither needs the other, nor keeps all threads busy
        logistic = pool.submit(logistic_out_of_fold, table, splits, task.threads)
        bins = SplitBins(table, splits, task.seed, task.threads)
        trees = trees_out_of_fold(table, splits, bins, task.seed, task.threads, None, task.trees)
        found["logistic"] = logistic.result()
    if search_trials > 1:
        task.tell(f"{task.target}: {search_trials} settings of the trees")
        searched = search_trees(task, table, splits, bins, trees, search_trials)
        task, trees = replace(task, trees=searched.settings), searched.trees
    task.tell(f"{task.target}: trees on the logistic model")
    found["trees_on_logistic"] = trees_out_of_fold(
        table,
        splits,
        bins,
        task.seed,
        task.threads,
        found["logistic"],
        task.on_logistic(),
        to_beat=log_loss(table.outcome[judged_rows(splits)], sigmoid(trees.logit)),
    )
    found["trees"] = trees
    found["blend"] = OutOfFold((found["logistic"].logit + trees.logit) / 2.0, trees.setting, [])
    return task, found


def settings_of(task: Task, table: Table, found: dict[str, OutOfFold]) -> dict[str, Any]:
    """Give what the contenders were fitted with, by name, for the record."""
    chosen: dict[str, Any] = {}
    for key, name in SETTINGS.items():
        if name in found:
            chosen[key] = found[name].setting if key == "ridge" else int(found[name].setting)
    if "trees" in found:
        trees = {key: value for key, value in asdict(task.trees).items() if key != "monotone"}
        chosen |= {f"trees_{key}": value for key, value in trees.items()}
    return chosen | {
        "rows": len(table.outcome),
        "features": len(task.feature_names),
        "half_life_days": table.half_life_days,
        "seed": task.seed,
        "threads": task.threads,
    }
