"""Too few outcomes to learn from: a buy-till-you-die model serves, where enough customers came back.

It needs histories, not outcomes. With outcomes of a few customers it is compared with the simple rules
out of fold; with none (a brand younger than the horizon) it serves unjudged. Either way it earns a C.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.learn.judging.metrics import log_loss, paired_bootstrap, row_log_loss
from ml.learn.models.bundle import ModelBundle
from ml.learn.models.lifetimes import CURVES, Histories, fit_curve
from ml.learn.models.linear import Floats, sigmoid
from ml.learn.training.calibration import Calibrator
from ml.learn.training.choice import Choice, Contest
from ml.learn.training.contenders import rules_out_of_fold
from ml.learn.training.crossfit import CUSTOMER_GROUPS, OutOfFold, Table, judged_rows, make_splits
from ml.learn.training.frames import KEYS, with_plain_keys
from ml.learn.training.result import TrainingResult
from ml.learn.training.returning import (
    curve_model,
    histories,
    lifetime_columns,
    lifetimes_out_of_fold,
    thinned,
)
from ml.learn.training.task import Task

GRADE = "C"
LEAST_JUDGED_CUSTOMERS = 2 * CUSTOMER_GROUPS
"""Customers with, and without, the outcome from which every group of customers holds some of both."""


def customers_who_returned(task: Task, frames: Sequence[pd.DataFrame | None]) -> int:
    """Count the customers with two order days or more in any of these frames of features."""
    if lifetime_columns(task) is None:
        return 0
    back = [
        frame.loc[frame["order_days_count_all"] >= 2, "customer_id"].astype(str)
        for frame in frames
        if frame is not None
    ]
    return int(pd.concat(back).nunique()) if back else 0


def thin_contest(
    task: Task, table: Table, outcomes: tuple[int, int], least_returned: int, max_folds: int
) -> Contest | None:
    """Judge the likelier curve against the rules; None where outcomes or histories are too few.

    ``outcomes`` are the customers with and without the outcome.
    """
    columns = lifetime_columns(task)
    if columns is None or min(outcomes) < LEAST_JUDGED_CUSTOMERS:
        return None
    own = histories(table, np.arange(len(table.outcome)), columns)
    if _returned(own) < least_returned:
        return None
    kind = _likelier_kind(own)
    splits, out_of_time = make_splits(table, task.horizon_days, max_folds, task.seed)
    found = rules_out_of_fold(task, table, splits)
    curve = lifetimes_out_of_fold(task, table, splits, [kind])
    if not curve:
        return None
    found |= curve
    choice = _curve_serves(task, table, judged_rows(splits), found, kind)
    return Contest(splits, out_of_time, found, choice)


def unjudged_bundle(
    task: Task, frames: Sequence[pd.DataFrame | None], least_returned: int
) -> ModelBundle | None:
    """Fit the likelier curve on each customer's latest row of features in these frames, without outcomes.

    None where too few customers came back. The bundle's one cut-off is the latest day, which is also
    when its training ends; its base rate is what it expects of that day's customers.
    """
    columns = lifetime_columns(task)
    there = [
        with_plain_keys(frame)[[*KEYS, *task.feature_names]]
        for frame in frames
        if frame is not None and not frame.empty
    ]
    if columns is None or not there:
        return None
    rows = pd.concat(there).sort_values(KEYS).drop_duplicates("customer_id", keep="last")
    rows = rows.sort_values("customer_id")
    values = rows[list(task.feature_names)].to_numpy(dtype=np.float32, na_value=np.nan)
    own = thinned(values[:, list(columns)])
    if _returned(own) < least_returned:
        return None
    curve, _ = fit_curve(_likelier_kind(own), Histories.of(own))
    model = curve_model(task, curve, own, columns)
    latest = rows["as_of_date"].max()
    day: date = latest.date()
    return ModelBundle(
        target=task.target,
        horizon_days=task.horizon_days,
        feature_names=task.feature_names,
        model=model,
        calibrator=Calibrator(),
        grade=GRADE,
        base_rate=float(model.predict(values[rows["as_of_date"] == latest]).mean()),
        cutoffs=(day,),
        trained_until=day,
    )


def unjudged_result(counts: TrainingResult, bundle: ModelBundle) -> TrainingResult:
    """Fill in what is known of a model that nothing could be held against."""
    nothing = {
        "as_of_date": "datetime64[s]",
        "customer_id": "object",
        "label": "int64",
        "served": "float64",
        "out_of_time": "bool",
    }
    return replace(
        counts,
        status="trained",
        bundle=bundle,
        served=bundle.kind,
        grade=bundle.grade,
        base_rate=bundle.base_rate,
        cutoffs=bundle.cutoffs,
        trained_until=bundle.trained_until,
        parameters={"calibration": "none", "features": len(bundle.feature_names), "rows": 0},
        oof=pd.DataFrame({name: pd.Series(dtype=sort) for name, sort in nothing.items()}),
    )


def _returned(own: Floats) -> int:
    return int((own[:, 0] >= 2).sum())


def _likelier_kind(own: Floats) -> str:
    seen = Histories.of(own)
    return max(CURVES, key=lambda kind: fit_curve(kind, seen)[1])


def _curve_serves(
    task: Task, table: Table, judged: NDArray[np.intp], found: dict[str, OutOfFold], kind: str
) -> Choice:
    outcome = table.outcome[judged]
    losses = {name: log_loss(outcome, sigmoid(oof.logit)) for name, oof in found.items()}
    best_rule = min((name for name in found if name != kind), key=losses.__getitem__)
    probability = sigmoid(found[kind].logit)
    saved, lower = paired_bootstrap(
        row_log_loss(outcome, sigmoid(found[best_rule].logit)),
        row_log_loss(outcome, probability),
        table.customer[judged],
        task.seed,
    )
    gain, gain_lower = saved / losses[best_rule], lower / losses[best_rule]
    return Choice(kind, best_rule, Calibrator(), probability, gain, gain_lower, GRADE)
