"""How far a trained model is to be trusted: its backtests, its reliability, and what drift is measured from."""

from dataclasses import replace

import pandas as pd

from ml.learn.judging.backtests import backtests
from ml.learn.judging.drift import DriftProfile, drift_profile, thinned
from ml.learn.judging.reliability import reliability_table
from ml.learn.models.bundle import ModelBundle
from ml.learn.training.frames import KEYS
from ml.learn.training.result import TrainingResult
from ml.learn.training.task import Task


def held_against(
    task: Task,
    result: TrainingResult,
    rows: pd.DataFrame,
    slices: pd.DataFrame | None,
    today: pd.DataFrame | None,
) -> TrainingResult:
    """Add what says how far the model is to be trusted, where there is an outcome to hold it against."""
    if result.bundle is None or result.best_rule is None:
        return result
    return replace(
        result,
        backtest=backtests(result.oof, result.best_rule, task.seed),
        reliability=reliability_table(result.oof, slices, task.seed),
        drift=_drift(task, rows, result.bundle, today),
    )


def _drift(
    task: Task, rows: pd.DataFrame, served: ModelBundle, today: pd.DataFrame | None
) -> DriftProfile:
    """Describe the people learned from; today lies at least a horizon after the latest cut-off.

    Their scores are the served model's own on every cut-off, so that models of different folds are no drift.
    """
    elapsed = task.horizon_days
    if today is not None and len(today):
        latest = pd.to_datetime(today["as_of_date"]).max()
        elapsed = (latest - rows["as_of_date"].max()).days
    people = thinned(rows)
    scores = people[KEYS].assign(served=served.predict(people))
    return drift_profile(people, task.feature_names, scores, elapsed, task.seed)
