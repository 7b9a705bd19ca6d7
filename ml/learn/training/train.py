"""Training of one target: contenders out of fold, the best one refitted on everything mature.

The steps: join labels and features in a fixed order; count customers; split forward in time;
predict every contender out of fold; choose settings, winner and correction there; grade; refit.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ml.learn.judging import metrics
from ml.learn.judging.backtests import backtests
from ml.learn.judging.drift import DriftProfile, drift_profile, thinned
from ml.learn.judging.promotion import Comparison, compare
from ml.learn.judging.reliability import reliability_table
from ml.learn.models.bundle import ModelBundle
from ml.learn.models.linear import sigmoid
from ml.learn.training.calibration import Calibrator
from ml.learn.training.choice import Choice, choose
from ml.learn.training.crossfit import (
    OutOfFold,
    Split,
    Table,
    judged_rows,
    logistic_out_of_fold,
    make_splits,
    rule_out_of_fold,
    trees_out_of_fold,
)
from ml.learn.training.frames import KEYS, labelled_rows
from ml.learn.training.leaks import check_for_leaks
from ml.learn.training.refit import fit_bundle
from ml.learn.training.result import TrainingResult
from ml.learn.training.task import Task

__all__ = ["Comparison", "TrainingResult", "compare", "train"]


def train(
    features: pd.DataFrame,
    feature_names: Sequence[str],
    labels: pd.DataFrame,
    *,
    target: str,
    horizon_days: int,
    rule_columns: Sequence[str],
    min_class_customers: int = 200,
    seed: int = 0,
    threads: int = 2,
    max_folds: int = 3,
    half_life_days: float | None = None,
    families: Mapping[str, str] | None = None,
    slices: pd.DataFrame | None = None,
    today: pd.DataFrame | None = None,
    allowed_strong: Sequence[str] = (),
    on_progress: Callable[[str], None] | None = None,
) -> TrainingResult:
    """Train, choose and grade the model of one target and horizon.

    ``features``: customer_id, as_of_date, numeric columns (NaN = unknown). ``labels``: customer_id,
    as_of_date, label (0/1), and where there, target and horizon_days, which must then match.
    Rows without a label are ignored; so is the order of the rows. ``rule_columns`` are the features
    that may stand alone as a simple rule. ``half_life_days`` lets older cut-offs weigh less. ``families``
    names the family of each feature, ``slices`` (keys and judging.reliability.SLICE_KINDS) the groups to judge by
    themselves, ``today`` holds the features of the population at the run's own date, ``allowed_strong`` features that
    may tell the label as well as they do.

    Raises LeakFound, a ValueError, for a feature that plainly knows the label (see training.leaks).
    Raises ValueError on repeated keys, labels other than 0 and 1, a labelled customer without
    features, unknown feature names, no rule column, or min_class_customers below 2.
    """
    task = Task(
        target,
        horizon_days,
        tuple(feature_names),
        tuple(rule_columns),
        seed,
        threads,
        on_progress or (lambda _: None),
    )
    _check_arguments(task, min_class_customers)
    rows = labelled_rows(features, task.feature_names, labels, target, horizon_days)
    with_it = rows.loc[rows["label"] == 1, "customer_id"].nunique()
    without_it = rows.loc[rows["label"] == 0, "customer_id"].nunique()
    counts = TrainingResult(
        "thin_data", target, horizon_days, with_it, without_it, min_class_customers
    )
    if min(with_it, without_it) < min_class_customers:
        return counts
    table = Table(
        rows[list(task.feature_names)].to_numpy(dtype=np.float32, na_value=np.nan),
        rows["label"].to_numpy(dtype=np.float64),
        rows["as_of_date"].to_numpy().astype("datetime64[D]"),
        np.unique(rows["customer_id"].to_numpy(dtype=np.str_), return_inverse=True)[1],
        half_life_days,
    )
    splits, out_of_time = make_splits(table, horizon_days, max_folds, seed)
    task.tell(
        f"{target}: {len(rows)} rows at {len(np.unique(table.day))} cut-offs, "
        f"{len(splits)} folds {'forward in time' if out_of_time else 'across customers'}"
    )
    alarms = check_for_leaks(
        task, table, splits, out_of_time, families=families, allowed=allowed_strong, today=today
    )
    for alarm in alarms:
        task.tell(f"{target}: leak alarm: {alarm.feature} {alarm.words}")
    found = _run_contenders(task, table, splits)
    judged = judged_rows(splits)
    choice = choose(table, judged, out_of_time, found, horizon_days, seed, bool(alarms))
    task.tell(f"{target}: {choice.served} serves, grade {choice.grade}; fitting it on all rows")
    rule = fit_bundle(task, table, found, choice.best_rule, Calibrator(), "D")
    served = rule
    if choice.served != choice.best_rule:
        served = fit_bundle(task, table, found, choice.served, choice.calibrator, choice.grade)
    oof = rows.loc[judged, ["customer_id", "as_of_date", "label"]].reset_index(drop=True)
    oof = oof.assign(
        **{name: sigmoid(contender.logit) for name, contender in found.items()},
        served=choice.probability,
        out_of_time=out_of_time,
    ).sort_values(KEYS, ignore_index=True)
    parameters = _parameters(task, table, found, len(splits), choice.calibrator)
    result = _result(counts, oof, choice, (served, rule), parameters)
    return replace(
        result,
        leak_alarms=tuple(alarms),
        backtest=backtests(oof, choice.best_rule, seed),
        reliability=reliability_table(oof, slices, seed),
        drift=_drift(task, rows, served, today),
    )


def _check_arguments(task: Task, min_class_customers: int) -> None:
    strange = [name for name in task.rule_columns if name not in task.feature_names]
    if strange or not task.rule_columns:
        raise ValueError(
            f"rule columns must be features, at least one; found {list(task.rule_columns)}"
        )
    if min_class_customers < 2:
        raise ValueError(f"min_class_customers must be at least 2, found {min_class_customers}")


def _run_contenders(task: Task, table: Table, splits: list[Split]) -> dict[str, OutOfFold]:
    """Give the out-of-fold predictions of every contender, the simplest first."""
    found: dict[str, OutOfFold] = {}
    for column in task.rule_columns:
        number = task.feature_names.index(column)
        found[f"rule:{column}"] = rule_out_of_fold(table, splits, number)
    task.tell(f"{task.target}: logistic model, and trees alone")
    with ThreadPoolExecutor(1) as pool:  # neither needs the other, nor keeps all threads busy
        logistic = pool.submit(logistic_out_of_fold, table, splits, task.threads)
        trees = trees_out_of_fold(table, splits, task.seed, task.threads, None)
        found["logistic"] = logistic.result()
    task.tell(f"{task.target}: trees on the logistic model")
    found["trees_on_logistic"] = trees_out_of_fold(
        table, splits, task.seed, task.threads, found["logistic"]
    )
    found["trees"] = trees
    return found


def _result(
    counts: TrainingResult,
    oof: pd.DataFrame,
    choice: Choice,
    bundles: tuple[ModelBundle, ModelBundle],
    parameters: dict[str, Any],
) -> TrainingResult:
    """Fill in what the counts of thin data leave open."""
    contenders = [n for n in oof.columns if n not in (*KEYS, "label", "out_of_time")]
    return replace(
        counts,
        status="trained",
        bundle=bundles[0],
        rule_bundle=bundles[1],
        served=choice.served,
        best_rule=choice.best_rule,
        grade=choice.grade,
        gain=choice.gain,
        gain_lower=choice.gain_lower,
        out_of_time=bool(oof["out_of_time"].all()),
        base_rate=bundles[0].base_rate,
        cutoffs=bundles[0].cutoffs,
        trained_until=bundles[0].trained_until,
        parameters=parameters,
        metrics={name: metrics.summary(oof["label"], oof[name]) for name in contenders},
        oof=oof,
        calibration_table=metrics.calibration_table(oof["label"], oof["served"]),
        lift_table=metrics.lift_table(oof["label"], oof["served"]),
    )


def _parameters(
    task: Task,
    table: Table,
    found: dict[str, OutOfFold],
    folds: int,
    calibrator: Calibrator,
) -> dict[str, Any]:
    return {
        "ridge": found["logistic"].setting,
        "rounds_trees": int(found["trees"].setting),
        "rounds_trees_on_logistic": int(found["trees_on_logistic"].setting),
        "calibration": calibrator.name,
        "folds": folds,
        "rows": len(table.outcome),
        "features": len(task.feature_names),
        "half_life_days": table.half_life_days,
        "seed": task.seed,
        "threads": task.threads,
    }


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
