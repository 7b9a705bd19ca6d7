"""Training of one target: contenders out of fold, the best one refitted on everything mature.

The steps: join labels and features in a fixed order; count customers; split forward in time;
predict every contender out of fold; choose settings, winner and correction there; grade; refit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ml.learn.judging import metrics
from ml.learn.judging.promotion import Comparison, compare
from ml.learn.models.bundle import ModelBundle
from ml.learn.models.linear import sigmoid
from ml.learn.models.trees import tree_settings
from ml.learn.training.calibration import Calibrator
from ml.learn.training.choice import Choice, Contest, choose
from ml.learn.training.contenders import run_contenders, settings_of
from ml.learn.training.crossfit import Table, judged_rows, make_splits, table_of
from ml.learn.training.families import choose_families
from ml.learn.training.frames import KEYS, labelled_rows
from ml.learn.training.leaks import check_for_leaks
from ml.learn.training.refit import fit_bundle
from ml.learn.training.result import TrainingResult
from ml.learn.training.returning import with_lifetime_inputs
from ml.learn.training.task import Task
from ml.learn.training.thin import (
    customers_who_returned,
    thin_contest,
    unjudged_bundle,
    unjudged_result,
)
from ml.learn.training.trust import held_against
from ml.learn.training.weights import choose_half_life

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
    directions: Mapping[str, int] | None = None,
    slices: pd.DataFrame | None = None,
    search_trials: int = 0,
    today: pd.DataFrame | None = None,
    allowed_strong: Sequence[str] = (),
    min_returned_customers: int = 30,
    parameters: Mapping[str, float] | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> TrainingResult:
    """Train, choose and grade the model of one target and horizon.

    ``features``: customer_id, as_of_date, numeric columns (NaN = unknown). ``labels``: customer_id,
    as_of_date, label (0/1), and where there, target and horizon_days, which must then match.
    Rows without a label are ignored; so is the order of the rows. ``rule_columns`` are the features
    that may stand alone as a simple rule. ``half_life_days`` lets older cut-offs weigh less; None
    chooses out of fold, infinite means equal weights. ``parameters`` set fields of TreeSettings, of
    the trees alone.

    ``families`` names each feature's family: those that do not help are left out. ``directions``
    holds -1, 0 or +1 for features whose effect on the log-odds is known. ``today`` are the features
    of the population at the run's own date. ``slices`` (keys and judging.reliability.SLICE_KINDS)
    are the groups to judge by themselves, ``allowed_strong`` features that may tell the label as
    well as they do. ``search_trials`` settings of the trees are tried (below 2: the defaults serve).
    With fewer than ``min_class_customers`` customers with, or without, the outcome, a
    buy-till-you-die model serves if ``min_returned_customers`` bought on two days.

    Raises LeakFound, a ValueError, for a feature that plainly knows the label (see training.leaks).
    Raises ValueError on repeated keys, labels other than 0 and 1, a labelled customer without
    features, unknown feature names, a feature without family, no rule column, another direction, or
    min_class_customers below 2.
    """
    task = Task(
        target,
        horizon_days,
        tuple(feature_names),
        tuple(rule_columns),
        seed,
        threads,
        on_progress or (lambda _: None),
        tree_settings(parameters or {}, _directions(feature_names, directions or {})),
    )
    _check_arguments(task, min_class_customers)
    rows = labelled_rows(features, task.feature_names, labels, target, horizon_days)
    with_it = rows.loc[rows["label"] == 1, "customer_id"].nunique()
    without_it = rows.loc[rows["label"] == 0, "customer_id"].nunique()
    counts = TrainingResult(
        "thin_data", target, horizon_days, with_it, without_it, min_class_customers
    )
    table = table_of(task, rows, half_life_days)
    if min(with_it, without_it) < min_class_customers:
        counts = replace(
            counts,
            customers_returned=customers_who_returned(task, [rows, today]),
            returned_needed=min_returned_customers,
        )
        thin = _train_thin(task, counts, rows, table, today, max_folds)
        return held_against(task, thin, rows, slices, today)
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
    if families is not None and len({families.get(name) for name in feature_names}) > 1:
        told = choose_families(task, table, with_lifetime_inputs(task, table, splits), families)
        counts = replace(counts, families=told.table)
        task = task.narrowed(told.feature_names)
        table = table_of(task, rows, half_life_days)
        task.tell(f"{target}: {len(task.feature_names)} of {len(feature_names)} features kept")
    splits = with_lifetime_inputs(task, table, splits)
    if half_life_days is None and out_of_time:
        table = replace(table, half_life_days=choose_half_life(task, table, splits))
    task, found = run_contenders(task, table, splits, search_trials if out_of_time else 0)
    choice = choose(
        table, judged_rows(splits), out_of_time, found, horizon_days, seed, bool(alarms)
    )
    task.tell(f"{target}: {choice.served} serves, grade {choice.grade}; fitting it on all rows")
    result = _finish(task, counts, rows, table, Contest(splits, out_of_time, found, choice))
    return held_against(task, replace(result, leak_alarms=tuple(alarms)), rows, slices, today)


def _train_thin(
    task: Task,
    counts: TrainingResult,
    rows: pd.DataFrame,
    table: Table,
    today: pd.DataFrame | None,
    max_folds: int,
) -> TrainingResult:
    """Let a buy-till-you-die model serve, judged where there are outcomes, else as it is."""
    needed = counts.returned_needed or 0
    outcomes = (counts.customers_with, counts.customers_without)
    contest = thin_contest(task, table, outcomes, needed, max_folds)
    if contest is not None:
        task.tell(f"{task.target}: thin data, {contest.choice.served} serves")
        return _finish(task, counts, rows, table, contest)
    bundle = unjudged_bundle(task, [rows, today], needed)
    if bundle is None:
        return counts
    task.tell(f"{task.target}: too few outcomes to judge by, {bundle.kind} serves as it is")
    return unjudged_result(counts, bundle)


def _finish(
    task: Task, counts: TrainingResult, rows: pd.DataFrame, table: Table, contest: Contest
) -> TrainingResult:
    """Refit the winner and the best rule on all rows, and tell everything of the contest."""
    found, choice, judged = contest.found, contest.choice, judged_rows(contest.splits)
    rule = fit_bundle(task, table, found, choice.best_rule, Calibrator(), "D")
    served = rule
    if choice.served != choice.best_rule:
        served = fit_bundle(task, table, found, choice.served, choice.calibrator, choice.grade)
    oof = rows.loc[judged, ["customer_id", "as_of_date", "label"]].reset_index(drop=True)
    oof = oof.assign(
        **{name: sigmoid(contender.logit) for name, contender in found.items()},
        served=choice.probability,
        out_of_time=contest.out_of_time,
    ).sort_values(KEYS, ignore_index=True)
    parameters = settings_of(task, table, found) | {
        "calibration": choice.calibrator.name,
        "folds": len(contest.splits),
    }
    return _result(counts, oof, choice, (served, rule), parameters)


def _directions(feature_names: Sequence[str], directions: Mapping[str, int]) -> tuple[int, ...]:
    strange = {name: way for name, way in directions.items() if way not in (-1, 0, 1)}
    if strange:
        raise ValueError(f"a direction is -1, 0 or 1; found {strange}")
    bound = tuple(directions.get(name, 0) for name in feature_names)
    return bound if any(bound) else ()


def _check_arguments(task: Task, min_class_customers: int) -> None:
    strange = [name for name in task.rule_columns if name not in task.feature_names]
    if strange or not task.rule_columns:
        raise ValueError(
            f"rule columns must be features, at least one; found {list(task.rule_columns)}"
        )
    if min_class_customers < 2:
        raise ValueError(f"min_class_customers must be at least 2, found {min_class_customers}")


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
