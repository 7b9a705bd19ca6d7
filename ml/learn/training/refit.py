"""The model that serves: the winner out of fold, fitted once more on every row."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from ml.learn.models.blend import Blend
from ml.learn.models.bundle import ModelBundle
from ml.learn.models.extended import ExtendedModel, Inner
from ml.learn.models.lifetime_model import LifetimeInputs
from ml.learn.models.lifetimes import CURVES
from ml.learn.models.linear import RegularisedLogistic, SimpleRule
from ml.learn.models.parts import Model
from ml.learn.models.trees import BoostedTrees
from ml.learn.training.calibration import Calibrator
from ml.learn.training.crossfit import OutOfFold, Table
from ml.learn.training.returning import fit_lifetime_model, lifetime_columns, lifetime_inputs
from ml.learn.training.task import Task

BASE_RATE_ROWS = 1000
"""The base rate is that of the latest cut-offs that together hold this many rows."""


def fit_bundle(
    task: Task,
    table: Table,
    found: dict[str, OutOfFold],
    name: str,
    calibrator: Calibrator,
    grade: str,
) -> ModelBundle:
    """Fit the contender ``name`` with its setting of ``found`` on all rows, and bundle it with what it needs."""
    days = [day.astype(date) for day in np.unique(table.day)]
    return ModelBundle(
        target=task.target,
        horizon_days=task.horizon_days,
        feature_names=task.feature_names,
        model=_refit(task, table, found, name),
        calibrator=calibrator,
        grade=grade,
        base_rate=_base_rate(table),
        cutoffs=tuple(days),
        trained_until=days[-1] + timedelta(days=task.horizon_days),
    )


def _refit(task: Task, table: Table, found: dict[str, OutOfFold], served: str) -> Model:
    """Fit the winner, with the settings found out of fold, on every row."""
    everything = np.arange(len(table.outcome))
    weights = table.weights(everything)
    if served.startswith("rule:"):
        column = int(found[served].setting)
        return SimpleRule.fit(table.values, table.outcome, weights, column)
    columns = lifetime_columns(task)
    if served in CURVES and columns is not None:
        return fit_lifetime_model(task, table, everything, served, columns)
    inputs = lifetime_inputs(task, table, everything, columns)
    inner = _refit_inner(task, table, found, served, inputs)
    return inner if inputs is None else ExtendedModel(inputs, inner)


def _refit_inner(
    task: Task,
    table: Table,
    found: dict[str, OutOfFold],
    served: str,
    inputs: LifetimeInputs | None,
) -> Inner:
    """Fit logistic model and trees on the features and the columns derived from them."""
    rows = table.tree_rows(np.arange(len(table.outcome)), None, inputs)
    rounds = 0 if served == "logistic" else int(found[served].setting)
    if served == "trees":
        return BoostedTrees.fit(rows, rounds, task.seed, task.threads, None, task.trees)
    (logistic,) = RegularisedLogistic.fit_path(
        rows.values, rows.outcome, rows.weights, [found["logistic"].setting]
    )
    if served == "blend":
        trees = BoostedTrees.fit(rows, rounds, task.seed, task.threads, None, task.trees)
        return Blend(logistic, trees)
    if rounds == 0:
        return logistic
    rows = replace(rows, offset=logistic.logit(rows.values))
    return BoostedTrees.fit(rows, rounds, task.seed, task.threads, logistic, task.on_logistic())


def _base_rate(table: Table) -> float:
    days, counts = np.unique(table.day, return_counts=True)
    enough = np.flatnonzero(counts[::-1].cumsum() >= BASE_RATE_ROWS)
    first = days[::-1][enough[0]] if len(enough) else days[0]
    return float(table.outcome[table.day >= first].mean())
