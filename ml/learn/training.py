"""Training of one target: contenders out of fold, the best one refitted on everything mature.

The steps: join labels and features in a fixed order; count customers; split forward in time;
predict every contender out of fold; choose settings, winner and correction there; grade; refit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ml.learn import metrics
from ml.learn.bundle import ModelBundle
from ml.learn.calibration import Calibrator, choose_calibration
from ml.learn.crossfit import (
    OutOfFold,
    Split,
    Table,
    judged_rows,
    logistic_out_of_fold,
    make_splits,
    rule_out_of_fold,
    trees_out_of_fold,
)
from ml.learn.linear import RegularisedLogistic, SimpleRule, sigmoid
from ml.learn.models import Model
from ml.learn.promotion import Comparison, compare
from ml.learn.result import TrainingResult, grade_of
from ml.learn.trees import BoostedTrees

__all__ = ["Comparison", "TrainingResult", "compare", "train"]

KEYS = ["as_of_date", "customer_id"]
BASE_RATE_ROWS = 1000
"""The base rate is that of the latest cut-offs that together hold this many rows."""


@dataclass(frozen=True)
class Task:
    """The arguments of a training that its steps share."""

    target: str
    horizon_days: int
    feature_names: tuple[str, ...]
    rule_columns: tuple[str, ...]
    seed: int
    threads: int
    tell: Callable[[str], None]


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
    on_progress: Callable[[str], None] | None = None,
) -> TrainingResult:
    """Train, choose and grade the model of one target and horizon.

    ``features``: customer_id, as_of_date, numeric columns (NaN = unknown). ``labels``: customer_id,
    as_of_date, label (0/1), and where there, target and horizon_days, which must then match.
    Rows without a label are ignored; so is the order of the rows. ``rule_columns`` are the features
    that may stand alone as a simple rule. ``half_life_days`` lets older cut-offs weigh less.

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
    _check_names(task, features, min_class_customers)
    rows = _labelled_rows(task, features, labels)
    with_it = rows.loc[rows["label"] == 1, "customer_id"].nunique()
    without_it = rows.loc[rows["label"] == 0, "customer_id"].nunique()
    counts = (target, horizon_days, with_it, without_it, min_class_customers)
    if min(with_it, without_it) < min_class_customers:
        return TrainingResult("thin_data", *counts)
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
    found = _run_contenders(task, table, splits)
    return _conclude(task, table, rows, splits, out_of_time, found, counts)


def _check_names(task: Task, features: pd.DataFrame, min_class_customers: int) -> None:
    unknown = [name for name in task.feature_names if name not in features.columns]
    if unknown:
        raise ValueError(f"features not in the table: {', '.join(unknown[:10])}")
    strange = [name for name in task.rule_columns if name not in task.feature_names]
    if strange or not task.rule_columns:
        raise ValueError(
            f"rule columns must be features, at least one; found {list(task.rule_columns)}"
        )
    if min_class_customers < 2:
        raise ValueError(f"min_class_customers must be at least 2, found {min_class_customers}")


def _labelled_rows(task: Task, features: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Join labels to features, one row per (as_of_date, customer_id), in that order."""
    chosen = labels
    for column, value in (("target", task.target), ("horizon_days", task.horizon_days)):
        if column in chosen.columns:
            chosen = chosen[chosen[column] == value]
    if not chosen["label"].isin([0, 1]).all():
        raise ValueError(f"labels of {task.target} must be 0 or 1")
    left, right = (_with_plain_keys(frame) for frame in (chosen[[*KEYS, "label"]], features))
    for name, frame in (("labels", left), ("features", right)):
        if frame.duplicated(KEYS).any():
            raise ValueError(f"{name} of {task.target} repeat a customer at one as_of_date")
    rows = left.merge(right[[*KEYS, *task.feature_names]], on=KEYS, how="inner")
    if len(rows) != len(left):
        raise ValueError(
            f"every label of {task.target} needs a row of features; "
            f"{len(left) - len(rows)} of {len(left)} have none"
        )
    return rows.sort_values(KEYS, ignore_index=True)


def _with_plain_keys(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        customer_id=frame["customer_id"].astype(str),
        as_of_date=pd.to_datetime(frame["as_of_date"]).astype("datetime64[s]"),
    )


def _run_contenders(task: Task, table: Table, splits: list[Split]) -> dict[str, OutOfFold]:
    """Give the out-of-fold predictions of every contender, the simplest first."""
    found: dict[str, OutOfFold] = {}
    for column in task.rule_columns:
        number = task.feature_names.index(column)
        found[f"rule:{column}"] = rule_out_of_fold(table, splits, number)
    task.tell(f"{task.target}: logistic model")
    found["logistic"] = logistic_out_of_fold(table, splits)
    for name, base in (("trees_on_logistic", found["logistic"]), ("trees", None)):
        task.tell(f"{task.target}: {name}")
        found[name] = trees_out_of_fold(table, splits, task.seed, task.threads, base)
    return found


def _conclude(
    task: Task,
    table: Table,
    rows: pd.DataFrame,
    splits: list[Split],
    out_of_time: bool,
    found: dict[str, OutOfFold],
    counts: tuple[str, int, int, int, int],
) -> TrainingResult:
    """Choose, grade and refit."""
    judged = judged_rows(splits)
    outcome = table.outcome[judged]
    names = rows["customer_id"].to_numpy(dtype=np.str_)[judged]
    losses = {n: metrics.log_loss(outcome, sigmoid(o.logit)) for n, o in found.items()}
    best_rule = min((n for n in found if n.startswith("rule:")), key=losses.__getitem__)
    served = min(found, key=losses.__getitem__)
    calibrator, probability = Calibrator(), sigmoid(found[served].logit)
    if out_of_time and served != best_rule:
        calibrator, probability = choose_calibration(
            found[served].logit, outcome, table.day[judged], names, task.horizon_days, task.seed
        )
    rule_loss = metrics.row_log_loss(outcome, sigmoid(found[best_rule].logit))
    saved, saved_lower = metrics.paired_bootstrap(
        rule_loss, metrics.row_log_loss(outcome, probability), names, task.seed
    )
    gain, gain_lower = saved / losses[best_rule], saved_lower / losses[best_rule]
    grade = grade_of(served == best_rule, gain, gain_lower, out_of_time)
    task.tell(f"{task.target}: {served} serves, grade {grade}; fitting it on all rows")
    days = [day.astype(date) for day in np.unique(table.day)]
    trained_until = days[-1] + timedelta(days=task.horizon_days)
    bundle = ModelBundle(
        task.target,
        task.horizon_days,
        task.feature_names,
        _refit(task, table, found, served),
        calibrator,
        grade,
        _base_rate(table),
        tuple(days),
        trained_until,
    )
    oof = rows.loc[judged, ["customer_id", "as_of_date", "label"]].reset_index(drop=True)
    oof = oof.assign(**{n: sigmoid(o.logit) for n, o in found.items()}, served=probability)
    oof = oof.sort_values(KEYS, ignore_index=True)
    return TrainingResult(
        "trained",
        *counts,
        bundle,
        served,
        best_rule,
        grade,
        gain,
        gain_lower,
        out_of_time,
        bundle.base_rate,
        bundle.cutoffs,
        trained_until,
        parameters=_parameters(task, table, found, splits, calibrator),
        metrics={n: metrics.summary(oof["label"], oof[n]) for n in [*found, "served"]},
        oof=oof,
        backtest=_backtest(oof, ("served", best_rule)),
        calibration_table=metrics.calibration_table(oof["label"], oof["served"]),
        lift_table=metrics.lift_table(oof["label"], oof["served"]),
    )


def _refit(task: Task, table: Table, found: dict[str, OutOfFold], served: str) -> Model:
    """Fit the winner, with the settings found out of fold, on every row."""
    everything = np.arange(len(table.outcome))
    weights = table.weights(everything)
    if served.startswith("rule:"):
        column = int(found[served].setting)
        return SimpleRule.fit(table.values, table.outcome, weights, column)
    base = None
    if served != "trees":
        (base,) = RegularisedLogistic.fit_path(
            table.values, table.outcome, weights, [found["logistic"].setting]
        )
    rounds = 0 if served == "logistic" else int(found[served].setting)
    if base is not None and rounds == 0:
        return base
    offset = None if base is None else base.logit(table.values)
    return BoostedTrees.fit(
        table.tree_rows(everything, offset), rounds, task.seed, task.threads, base
    )


def _base_rate(table: Table) -> float:
    days, counts = np.unique(table.day, return_counts=True)
    enough = np.flatnonzero(counts[::-1].cumsum() >= BASE_RATE_ROWS)
    first = days[::-1][enough[0]] if len(enough) else days[0]
    return float(table.outcome[table.day >= first].mean())


def _parameters(
    task: Task,
    table: Table,
    found: dict[str, OutOfFold],
    splits: list[Split],
    calibrator: Calibrator,
) -> dict[str, Any]:
    return {
        "ridge": found["logistic"].setting,
        "rounds_trees": int(found["trees"].setting),
        "rounds_trees_on_logistic": int(found["trees_on_logistic"].setting),
        "calibration": calibrator.name,
        "folds": len(splits),
        "rows": len(table.outcome),
        "features": len(task.feature_names),
        "half_life_days": table.half_life_days,
        "seed": task.seed,
        "threads": task.threads,
    }


def _backtest(oof: pd.DataFrame, contenders: tuple[str, str]) -> pd.DataFrame:
    """Judge at each cut-off: as_of_date, contender, rows, base_rate, auc, log_loss, ece."""
    lines = []
    for day, group in oof.groupby("as_of_date"):
        for contender in contenders:
            figures = metrics.summary(group["label"], group[contender])
            kept = {k: figures[k] for k in ("rows", "base_rate", "auc", "log_loss", "ece")}
            lines.append({"as_of_date": day, "contender": contender, **kept})
    return pd.DataFrame(lines)
