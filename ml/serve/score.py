"""Scoring: the champion of each target on everybody it asks about, with reasons, into the warehouse.

Customers come and go in batches, so that memory does not grow with the population. What is told of all of them
(what is usual, what has drifted) is told from a sample, which is everybody where they are few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from ml.data.interests import interests_of
from ml.data.targets import Target
from ml.data.warehouse import connect, is_desk, little_memory, table_exists, write_table
from ml.learn.definition import definition_hash
from ml.learn.models.bundle import ModelBundle
from ml.learn.registry import RegisteredModel, Registry, model_name
from ml.learn.training_rows import (
    BATCH_ROWS,
    population_batches,
    population_sample,
    population_size,
)
from ml.run import Run, RunState
from ml.serve.digits import nine_digits
from ml.serve.expect import TIMING, Expectations
from ml.serve.judgements import forget_judgements, make_tables, write_judgements
from ml.serve.scorer import PREDICTIONS, Scorer

VERDICTS = {
    "target": "varchar",
    "horizon_days": "integer",
    "status": "varchar",
    "reason_code": "varchar",
    "population": "bigint",
    "customers_with": "bigint",
    "customers_without": "bigint",
    "customers_needed": "bigint",
    "base_rate": "double",
    "model_name": "varchar",
    "model_version": "varchar",
    "model_kind": "varchar",
    "quality_grade": "varchar",
    "trained_as_of": "date",
    "sha256": "varchar",
    "definition_hash": "varchar",
}
TABLES = {
    "scores.predictions": PREDICTIONS,
    "scores.purchase_timing": TIMING,
    "scores.verdicts": VERDICTS,
}


@dataclass(frozen=True)
class TargetVerdict:
    """What became of one target on one day: scored by which model, or not, and why."""

    target: str
    horizon_days: int
    status: str
    reason_code: str | None
    population: int
    customers_with: int | None = None
    customers_without: int | None = None
    customers_needed: int | None = None
    base_rate: float | None = None
    model_name: str | None = None
    model_version: str | None = None
    model_kind: str | None = None
    quality_grade: str | None = None
    trained_as_of: date | None = None
    sha256: str | None = None
    definition_hash: str | None = None


def score_customers(run: Run, names: Sequence[str] = ()) -> None:
    """Predict each target (or those of some names) for its population at the run's date.

    People who refused profiling are left out. An empty population and a target without a model are
    results: the verdict says so with its counts.
    """
    state = RunState(run).require("features", "build")
    registry = Registry(run.home)
    with connect(run.home) as connection:
        for table, columns in TABLES.items():
            if not table_exists(connection, table):
                write_table(connection, table, columns, [])
        _forget_unlisted(connection, run)
    make_tables(run)
    chosen = [target for name in dict.fromkeys(names) for target in run.target(name)]
    for target in chosen or run.targets:
        verdict = _score_target(run, registry, target, state)
        run.report(describe(verdict))
    RunState(run).note("score")


def describe(verdict: TargetVerdict) -> str:
    """One line for people: scored by what, or not and why."""
    what = f"{verdict.target}_{verdict.horizon_days}d"
    if verdict.status == "scored":
        return (
            f"{what}: {verdict.population:,} customers scored by {verdict.model_name} {verdict.model_version} "
            f"(grade {verdict.quality_grade}, trained as of {verdict.trained_as_of})"
        )
    if verdict.reason_code == "empty_population":
        return f"{what}: not scored, nobody is in its population on this day"
    if verdict.reason_code == "no_model":
        return f"{what}: not scored, no model of today's definition serves; `kith train` and `kith promote` make one"
    return (
        f"{what}: not scored, thin data: {verdict.customers_with or 0:,} customers with the outcome and "
        f"{verdict.customers_without or 0:,} without were found, {verdict.customers_needed or 0:,} of each are needed"
    )


def _score_target(
    run: Run, registry: Registry, target: Target, state: dict[str, Any]
) -> TargetVerdict:
    """Put one target's results beside the others' of this day; another day's are dropped first."""
    definition = definition_hash(run, target)
    people = population_size(run, target)
    asked = TargetVerdict(
        target.name, target.horizon_days, "not_scored", None, people, definition_hash=definition
    )
    champion = registry.champion(target, run.as_of_date, definition)
    if not people or champion is None:
        training = state.get(f"training_{target.key}", {})
        verdict = replace(
            asked,
            reason_code=_why_nothing_serves(people, training),
            customers_with=training.get("customers_with", 0),
            customers_without=training.get("customers_without", 0),
            customers_needed=run.home.settings.min_class_customers,
        )
        forget_judgements(run, target)
        _store(run, target, verdict, lambda connection: None)
        return verdict
    bundle = registry.load(champion)
    sample = population_sample(run, target)
    beside = Expectations.of(run, target, registry.load_expected(champion))
    scorer = Scorer.of(target, bundle, beside, sample)
    verdict = _served(asked, target, champion, bundle)
    if is_desk(run.home):
        from ml.serve.score_spark import scored_by_spark

        with scored_by_spark(run, scorer) as scored:
            _store(run, target, verdict, scored.insert)
    else:
        _store(run, target, verdict, lambda connection: _score_batches(connection, run, scorer))
    write_judgements(run, registry, target, champion, sample, scorer.probability(sample))
    return verdict


def _why_nothing_serves(people: int, training: dict[str, Any]) -> str:
    """Nobody to ask about, too little to learn from, or enough, and nothing was learned or promoted."""
    if not people:
        return "empty_population"
    return "thin_data" if training.get("status") == "thin_data" else "no_model"


def _served(
    asked: TargetVerdict, target: Target, champion: RegisteredModel, bundle: ModelBundle
) -> TargetVerdict:
    return replace(
        asked,
        status="scored",
        base_rate=float(nine_digits(np.array([bundle.base_rate]))[0]),
        model_name=model_name(target),
        model_version=champion.tags["sha256"][:12],
        model_kind=bundle.kind,
        quality_grade=bundle.grade,
        trained_as_of=champion.as_of_date,
        sha256=champion.tags["sha256"],
    )


def _score_batches(connection: duckdb.DuckDBPyConnection, run: Run, scorer: Scorer) -> None:
    for batch in population_batches(connection.cursor(), run, scorer.target, BATCH_ROWS):
        interests = pd.DataFrame()
        if scorer.expectations.asks_interests:
            interests = interests_of(connection, run.as_of_date, batch["customer_id"])
        predictions, timing = scorer.score(batch, interests)
        for table, rows in (
            ("scores.predictions", predictions),
            ("scores.purchase_timing", timing),
        ):
            connection.register("rows_told", rows)
            connection.execute(
                f"insert into {table} select {', '.join(TABLES[table])} from rows_told"
            )


def _store(
    run: Run,
    target: Target,
    verdict: TargetVerdict,
    insert: Callable[[duckdb.DuckDBPyConnection], None],
) -> None:
    """Replace a target's rows in one transaction: whoever stops half-way finds what was there before."""
    key = [target.name, target.horizon_days]
    with connect(run.home) as connection, little_memory(connection):
        connection.execute("begin")
        for table in TABLES:
            connection.execute(f"delete from {table} where target = ? and horizon_days = ?", key)
        insert(connection)
        values = asdict(verdict)
        connection.execute(
            f"insert into scores.verdicts values ({', '.join('?' for _ in VERDICTS)})",
            [values[field.name] for field in fields(verdict)],
        )
        connection.execute("commit")


def _forget_unlisted(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    listed = {(target.name, target.horizon_days) for target in run.targets}
    for table in TABLES:
        known = connection.execute(f"select distinct target, horizon_days from {table}").fetchall()
        for stale in set(known) - listed:
            connection.execute(
                f"delete from {table} where target = ? and horizon_days = ?", list(stale)
            )
