"""Which past days have matured: how late facts come, until when they count as complete, and the cut-offs before."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb

from ml.learn.training.splits import cutoff_grid, most_cutoffs
from ml.run import Run


def training_plan(run: Run, state: dict[str, object]) -> list[tuple[str, int, date]]:
    """The cut-offs of every target whose label windows have closed: (target, horizon, cut-off)."""
    if state["first_fact"] is None:
        return []
    began = date.fromisoformat(str(state["first_fact"]))
    complete_until = complete_until_of(run, state)
    most = most_cutoffs(int(str(state["customers"])))
    return [
        (target.name, target.horizon_days, cutoff)
        for target in run.targets
        for cutoff in cutoff_grid(
            began, complete_until, target.horizon_days, most, run.as_of_date.weekday()
        )
    ]


def complete_until_of(run: Run, state: dict[str, object]) -> datetime:
    """The exclusive instant before which facts count as complete."""
    midnight = datetime.combine(run.as_of_date, datetime.min.time())
    return midnight - timedelta(days=int(str(state["label_lag_days"])))


def label_lag_days(connection: duckdb.DuckDBPyConnection, run: Run) -> int:
    """Whole days within which 99 % of the facts of the slowest source become known (or the setting)."""
    if run.home.settings.label_lag_days is not None:
        return run.home.settings.label_lag_days
    row = connection.execute(
        "select coalesce(max(lag_days), 0) from events.delivery_lags"
    ).fetchone()
    return int(row[0]) if row else 0


def first_fact(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The day of the first order, interaction or share; None without any."""
    row = connection.execute(
        "select min(occurred_on) from ("
        "select min(cast(occurred_at as date)) as occurred_on from events.fct_orders "
        "union all select min(cast(occurred_at as date)) from events.fct_interactions "
        "union all select min(cast(occurred_at as date)) from events.fct_shares)"
    ).fetchone()
    return row[0] if row else None
