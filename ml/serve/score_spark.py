"""Scoring by Spark: the batches of one machine, in as many processes as Spark has.

What decides a number is the same `Scorer`, sent to every process. What it says is written as Parquet beside the
lake's tables and read from there by the desk, which hands it to the lake with everything else that it holds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from ml.data import spark
from ml.data.lake import Lake, to_spark
from ml.data.sql_text import literal
from ml.run import Run
from ml.serve.expect import EXPECTED, TIMING
from ml.serve.scorer import PREDICTIONS, Scorer

TABLES = (
    "features.customer_features",
    "features.customer_population",
    "events.int_customer__refusals",
    "interests.customer_interests",
)
INTERESTS = "interests_of_customer"
INTEREST_COLUMNS = ["category", "bought", "looked"]
# A customer's curve in one row: the days, and the probability by each.
CURVE = {"curve_days": "array<int>", "curve": "array<double>"}


@dataclass(frozen=True)
class SparkScores:
    """What Spark has scored: a folder of Parquet."""

    folder: Path

    def insert(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Put it into the desk's tables."""
        scored = f"read_parquet({literal(self.folder / '*.parquet')})"
        told = ", ".join(PREDICTIONS)
        connection.execute(f"insert into scores.predictions select {told} from {scored}")
        parts = {"days": "unnest(curve_days)", "probability": "unnest(curve)"}
        curve = ", ".join(parts.get(column, column) for column in TIMING)
        connection.execute(f"insert into scores.purchase_timing select {curve} from {scored}")


@contextmanager
def scored_by_spark(run: Run, scorer: Scorer) -> Iterator[SparkScores]:
    """Score everybody whom the scorer's target asks about; the result is there for the length of a `with` block."""
    folder = run.home.lake / "scoring" / scorer.target.key
    people = _people(run, scorer)
    columns = {name: to_spark(kind) for name, kind in PREDICTIONS.items()} | CURVE
    schema = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
    try:
        people.mapInPandas(batches_of(scorer), schema).write.mode("overwrite").parquet(str(folder))
        yield SparkScores(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def batches_of(
    scorer: Scorer,
) -> Callable[[Iterable[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """The function that Spark maps over batches of features; it brings the scorer along."""

    def scored(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            predictions, timing = scorer.score(batch, _interests(batch))
            yield _with_curve(predictions, timing)

    return scored


def _people(run: Run, scorer: Scorer) -> Any:
    """A frame of Spark: people as `population_batches` reads them, with interests where the model asks for them."""
    session = spark.session(run.home)
    tables = TABLES if scorer.expectations.asks_interests else TABLES[:-1]
    spark.show_tables(session, Lake(run.home.lake), {name: name.split(".")[1] for name in tables})
    drawn, kept = "", ""
    if scorer.expectations.asks_interests:
        struct = (
            "struct(category, cast(bought as double) as bought, cast(looked as double) as looked)"
        )
        drawn = (
            f", interested as (select customer_id, collect_list({struct}) as {INTERESTS} "
            "from customer_interests where as_of_date = :day group by customer_id)"
        )
        kept = f", {INTERESTS}"
    return session.sql(
        "with asked as (select customer_id from customer_population "
        f"where as_of_date = :day and target = :target and horizon_days = :horizon_days){drawn} "
        f"select features.*{kept} from customer_features as features "
        "inner join asked on features.customer_id = asked.customer_id "
        "left anti join int_customer__refusals as refusals on features.customer_id = refusals.customer_id "
        f"{'left join interested on features.customer_id = interested.customer_id ' if kept else ''}"
        "where features.as_of_date = :day",
        args={
            "day": run.as_of_date,
            "target": scorer.target.name,
            "horizon_days": scorer.target.horizon_days,
        },
    )


def _interests(batch: pd.DataFrame) -> pd.DataFrame:
    """What `interests_of` gives, from the column that holds each customer's own."""
    if INTERESTS not in batch.columns:
        return pd.DataFrame()
    own = batch[["customer_id", INTERESTS]].dropna().explode(INTERESTS)
    drawn = pd.DataFrame([dict(one) for one in own[INTERESTS]], columns=INTEREST_COLUMNS)
    return drawn.assign(customer_id=own["customer_id"].to_numpy())


def _with_curve(predictions: pd.DataFrame, timing: pd.DataFrame) -> pd.DataFrame:
    numbers = [name for name, kind in EXPECTED.items() if kind == "double"]
    told = predictions.astype(dict.fromkeys(numbers, np.float64))
    if timing.empty:
        return told.assign(**dict.fromkeys(CURVE))
    for name, column in zip(CURVE, ("days", "probability"), strict=True):
        told[name] = pd.Series(list(timing[column].to_numpy().reshape(len(told), -1)))
    return told
