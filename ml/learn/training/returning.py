"""Buy-till-you-die in a training: curves fitted on what a split may see, as contenders and as inputs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.learn.models.lifetime_model import LIFETIME_FEATURES, LifetimeInputs, LifetimeModel
from ml.learn.models.lifetimes import CURVES, Curve, Histories, fit_curve
from ml.learn.models.linear import FAINT_RIDGE, Floats, fit_path
from ml.learn.training.crossfit import OutOfFold, Rows, Split, Table
from ml.learn.training.task import Task

IS_LEAVING = {"next_purchase": False, "churn": True}
"""The targets that ask whether an order comes, and whether they ask for its absence."""

INPUT_CURVE = "bg_nbd"
MOST_HISTORIES = 5_000
"""Four parameters know as much from so many customers as they ever will."""

LEAST_CLASS_ROWS = 30
"""Rows with and without the outcome from which the curve's line is fitted to them."""

Columns = tuple[int, int, int]


def lifetime_columns(task: Task) -> Columns | None:
    """Give where the three columns stand, or None where one is missing or the target asks for no order."""
    names = task.feature_names
    if task.target not in IS_LEAVING or not set(LIFETIME_FEATURES) <= set(names):
        return None
    first, second, third = (names.index(name) for name in LIFETIME_FEATURES)
    return first, second, third


def histories(table: Table, rows: Rows, columns: Columns) -> Floats:
    """Give the three numbers of each customer at their latest of these rows, shape (customers, 3).

    The latest row of each, not the latest day: who has not bought for long leaves the population, and
    without them nobody would seem to leave. At most MOST_HISTORIES, evenly by customer_id.
    """
    latest_first = rows[::-1]
    _, places = np.unique(table.customer[latest_first], return_index=True)
    return thinned(table.values[latest_first[places]][:, list(columns)])


def thinned(own: NDArray[Any]) -> Floats:
    """Leave out histories with a number missing, and all but MOST_HISTORIES, evenly in their order."""
    whole = np.asarray(own, dtype=np.float64)
    whole = whole[np.isfinite(whole).all(axis=1)]
    return np.asarray(whole[:: -(-len(whole) // MOST_HISTORIES) or 1])


def with_lifetime_inputs(task: Task, table: Table, splits: Sequence[Split]) -> list[Split]:
    """Give the splits with the columns that their own curve derives, where there are orders to see."""
    columns = lifetime_columns(task)
    return [
        replace(split, inputs=lifetime_inputs(task, table, split.fit, columns)) for split in splits
    ]


def lifetime_inputs(
    task: Task, table: Table, rows: Rows, columns: Columns | None
) -> LifetimeInputs | None:
    """Fit the curve behind the derived columns on these rows; None without a history."""
    if columns is None or not len(own := histories(table, rows, columns)):
        return None
    curve, _ = fit_curve(INPUT_CURVE, Histories.of(own))
    return LifetimeInputs(columns, curve, task.horizon_days)


def fit_lifetime_model(
    task: Task, table: Table, rows: Rows, kind: str, columns: Columns
) -> LifetimeModel:
    """Fit a curve on the histories of these rows and its line on their outcomes."""
    own = histories(table, rows, columns)
    curve, _ = fit_curve(kind, Histories.of(own))
    return with_line(table, rows, curve_model(task, curve, own, columns))


def with_line(table: Table, rows: Rows, model: LifetimeModel) -> LifetimeModel:
    """Fit the model's line on the outcomes of these rows; leave it where they are too few."""
    outcome = table.outcome[rows]
    if min(outcome.sum(), len(outcome) - outcome.sum()) < LEAST_CLASS_ROWS:
        return model
    raw = model.logit(table.values[rows])
    center, scale = float(raw.mean()), max(float(raw.std()), 1e-9)
    design = ((raw - center) / scale)[:, None]
    ((level, (slope,)),) = fit_path(design, outcome, table.weights(rows), [FAINT_RIDGE])
    if slope <= 0:  # an outcome that runs against the curve is chance: keep the curve's own order
        return model
    slope = float(slope) / scale
    return replace(model, intercept=level - slope * center, slope=slope)


def curve_model(task: Task, curve: Curve, own: Floats, columns: Columns) -> LifetimeModel:
    """Put a curve to work for a task; ``own`` are the histories it was fitted on, (customers, 3)."""
    order_days, since_first, since_last = (float(value) for value in np.median(own, axis=0))
    return LifetimeModel(
        columns,
        len(task.feature_names),
        curve,
        task.horizon_days,
        IS_LEAVING[task.target],
        (order_days, since_first, since_last),
    )


def lifetimes_out_of_fold(
    task: Task, table: Table, splits: Sequence[Split], kinds: Sequence[str] = tuple(CURVES)
) -> dict[str, OutOfFold]:
    """Predict with each of these curves, where the features hold order days."""
    columns = lifetime_columns(task)
    if columns is None or not all(len(histories(table, s.fit, columns)) for s in splits):
        return {}
    found = {}
    for kind in kinds:
        models = [fit_lifetime_model(task, table, s.fit, kind, columns) for s in splits]
        parts = [m.logit(table.values[s.judge]) for m, s in zip(models, splits, strict=True)]
        found[kind] = OutOfFold(np.concatenate(parts), 0.0, list(models))
    return found
