"""Learn what stands beside a probability, where the served model has spoken out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml.learn.expected.amount import ValueModel, ValueRows, fit_value
from ml.learn.expected.bundle import ExpectedBundle, Own, own_columns
from ml.learn.expected.categories import Weights
from ml.learn.expected.timing import FollowUp, TimingModel, constant_rate, fit_timing, log_odds
from ml.learn.expected.totals import choose_factor
from ml.learn.models.linear import Floats, one_blas_thread
from ml.learn.training.frames import KEYS, with_plain_keys

MOST_ROWS = 100_000
"""Beyond, cut-offs are thinned out, the latest kept: neighbours repeat most of each other."""

VALUE_COMES_WITHOUT = ("churn",)
"""Targets whose customers bring something when the outcome does not come."""


@dataclass(frozen=True)
class ExpectedTask:
    """What is asked, and with which features: ``own`` where a customer's own means are kept."""

    target: str
    horizon_days: int
    feature_names: tuple[str, ...]
    own: Own
    seed: int
    threads: int


def fit_expected(
    task: ExpectedTask,
    features: pd.DataFrame,
    outcomes: pd.DataFrame,
    oof: pd.DataFrame,
    weights: Weights | None = None,
) -> ExpectedBundle:
    """Fit the curve (next_purchase) and the value of one target.

    ``features``: customer_id, as_of_date, numeric columns. ``outcomes``: customer_id, as_of_date,
    days_until_order, days_observed, window_amount, people_reached. ``oof``: customer_id, as_of_date,
    label, served. ``weights`` of the categories are only carried along.

    The rows are those judged out of fold: a probability that has seen its own outcome would be too
    good a guide. Where there are none, the curve is that of a constant rate. Raises ValueError when a
    row of ``oof`` has no outcome or no features.
    """
    event_is_label = task.target not in VALUE_COMES_WITHOUT
    has_curve = task.target == "next_purchase"
    bundle = ExpectedBundle(
        task.target,
        task.horizon_days,
        task.feature_names,
        task.own,
        event_is_label,
        timing=constant_rate(task.horizon_days) if has_curve else None,
        weights=weights,
    )
    if oof.empty:
        return bundle
    rows = _joined(task, features, outcomes, oof)
    with one_blas_thread():
        timing = _timing(task, rows) if has_curve else None
        value = _value(task, rows, event_is_label)
    return replace(bundle, timing=timing, value=value)


def _joined(
    task: ExpectedTask, features: pd.DataFrame, outcomes: pd.DataFrame, oof: pd.DataFrame
) -> pd.DataFrame:
    said = with_plain_keys(oof[[*KEYS, "label", "served"]])
    days = np.sort(said["as_of_date"].unique())[::-1]
    keep_every = min(-(-len(said) // MOST_ROWS), max(1, len(days) // 4))
    said = said[said["as_of_date"].isin(days[::keep_every])]
    own = [name for name in (task.own.total, task.own.count) if name]
    columns = list(dict.fromkeys([*task.feature_names, *own]))
    wanted = ["days_until_order", "days_observed", "window_amount", "people_reached"]
    rows = said.merge(with_plain_keys(outcomes[[*KEYS, *wanted]]), on=KEYS, how="inner")
    rows = rows.merge(with_plain_keys(features[[*KEYS, *columns]]), on=KEYS, how="inner")
    if len(rows) != len(said):
        raise ValueError(
            f"every row of {task.target} judged out of fold needs its outcome and its features; "
            f"{len(said) - len(rows)} of {len(said)} have none"
        )
    return rows.sort_values(KEYS, ignore_index=True)


def _timing(task: ExpectedTask, rows: pd.DataFrame) -> TimingModel:
    follow_up = FollowUp(
        log_odds(rows["served"].to_numpy(dtype=np.float64)),
        _values(task.feature_names, rows),
        rows["as_of_date"].to_numpy().astype("datetime64[D]"),
        rows["days_until_order"].to_numpy(dtype=np.float64, na_value=np.nan),
        rows["days_observed"].to_numpy(dtype=np.float64),
    )
    return fit_timing(follow_up, task.horizon_days, task.seed, task.threads)


def _value(task: ExpectedTask, rows: pd.DataFrame, event_is_label: bool) -> ValueModel | None:
    served = rows["served"].to_numpy(dtype=np.float64)
    brought = "people_reached" if task.target == "share" else "window_amount"
    total, count = own_columns(rows, task.own)
    value_rows = ValueRows(
        probability=served if event_is_label else 1.0 - served,
        own_sum=total,
        own_count=count,
        values=_values(task.feature_names, rows),
        day=rows["as_of_date"].to_numpy().astype("datetime64[D]"),
        customer=np.unique(rows["customer_id"].to_numpy(dtype=np.str_), return_inverse=True)[1],
        event=rows["label"].to_numpy() == int(event_is_label),
        value=rows[brought].to_numpy(dtype=np.float64, na_value=np.nan),
    )
    model = fit_value(value_rows, task.horizon_days, task.seed, task.threads)
    return None if model is None else replace(model, factor=_factor(task, value_rows, model))


def _factor(task: ExpectedTask, rows: ValueRows, model: ValueModel) -> float:
    """The factor of the totals. The level of the values is one number for all cut-offs, so it hides no trend."""
    expected = rows.probability * model.of_rows(rows)
    return choose_factor(rows.day, expected, rows.value, task.horizon_days)


def _values(names: Sequence[str], rows: pd.DataFrame) -> Floats:
    return rows[list(names)].to_numpy(dtype=np.float32, na_value=np.nan)
