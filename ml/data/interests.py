"""At which dates the interests of customers are known: the run's own, and a few cut-offs to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb

from ml.data.control import write_dates
from ml.data.snapshots import Snapshots
from ml.data.warehouse import frame, table_exists
from ml.run import Run

if TYPE_CHECKING:
    import pandas as pd

TABLE = ("interests", "customer_interests")
MOST_CUTOFFS = 3


def interest_cutoffs(plan: Sequence[tuple[str, int, date]]) -> list[date]:
    """The latest cut-offs of next_purchase whose windows do not overlap, at most MOST_CUTOFFS, ascending.

    `plan` holds (target, horizon, cut-off). With several horizons the shortest counts.
    """
    listed = [(horizon, day) for target, horizon, day in plan if target == "next_purchase"]
    if not listed:
        return []
    shortest = min(listed)[0]
    chosen: list[date] = []
    for day in sorted((day for horizon, day in listed if horizon == shortest), reverse=True):
        if not chosen or chosen[-1] - day >= timedelta(days=shortest):
            chosen.append(day)
    return sorted(chosen[:MOST_CUTOFFS])


def plan_interests(
    connection: duckdb.DuckDBPyConnection, run: Run, dates: list[date]
) -> list[date] | None:
    """Write down which of these dates lack their interests; None where there is nothing to build."""
    missing = Snapshots(connection, run, *TABLE).missing(dates)
    there = table_exists(connection, ".".join(TABLE))
    write_dates(connection, "control.interest_plan", missing)
    return None if there and not missing else missing


def record_interests(connection: duckdb.DuckDBPyConnection, run: Run, built: list[date]) -> None:
    """Remember the dates whose interests were just built."""
    Snapshots(connection, run, *TABLE).record(built)


def interests_of(
    connection: duckdb.DuckDBPyConnection, day: date, customers: pd.Series
) -> pd.DataFrame:
    """What these customers were drawn to on a day: customer_id, category, bought, looked."""
    connection.register("asked_of", customers.to_frame("customer_id"))
    return frame(
        connection,
        "select customer_id, category, bought, looked from interests.customer_interests "
        "inner join asked_of using (customer_id) where as_of_date = ? order by customer_id, category",
        [day],
    )


def category_sales(connection: duckdb.DuckDBPyConnection, day: date) -> pd.DataFrame:
    """What sold until a day: category, lines_count."""
    return frame(
        connection,
        "select category, lines_count from interests.category_sales where as_of_date = ? order by category",
        [day],
    )
