"""Scoring: the champion of each target on everybody it asks about, with reasons, into the warehouse."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ml.data.targets import Target
from ml.data.warehouse import connect, table_exists, write_table
from ml.learn.definition import definition_hash
from ml.learn.registry import RegisteredModel, Registry, model_name
from ml.learn.training_rows import population_features
from ml.run import Run, RunState
from ml.serve.digits import nine_digits
from ml.serve.expect import EXPECTED, TIMING, Expectations
from ml.serve.judgements import forget_judgements, make_tables, write_judgements
from ml.serve.reasons import Teller

BATCH_ROWS = 100_000
# Of how many customers it is seen what usually pushes a score.
EXPLAINED_ROWS = 10_000

PREDICTIONS = {
    "customer_id": "varchar",
    "target": "varchar",
    "horizon_days": "integer",
    "probability": "double",
    "reason_1": "varchar",
    "reason_2": "varchar",
    "reason_3": "varchar",
    **EXPECTED,
}
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
    quality_grade: str | None = None
    trained_as_of: date | None = None
    sha256: str | None = None
    definition_hash: str | None = None


def score_customers(run: Run, name: str | None = None) -> None:
    """Predict each target (or those of one name) for its population at the run's date.

    People who refused profiling are left out. An empty population and a target without a model are
    results: the verdict says so with its counts.
    """
    state = RunState(run).require("features", "build")
    registry = Registry(run.home)
    with connect(run.home) as connection:
        for table, columns in TABLES.items():
            if not table_exists(connection, table):
                write_table(connection, table, columns, [])
    make_tables(run)
    for target in run.target(name) if name else run.targets:
        verdict, predictions, timing = _score_target(run, registry, target, state)
        _store(run, target, verdict, predictions, timing)
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
    return (
        f"{what}: not scored, thin data: {verdict.customers_with or 0:,} customers with the outcome and "
        f"{verdict.customers_without or 0:,} without were found, {verdict.customers_needed or 0:,} of each are needed"
    )


def _score_target(
    run: Run, registry: Registry, target: Target, state: dict[str, Any]
) -> tuple[TargetVerdict, pd.DataFrame, pd.DataFrame]:
    definition = definition_hash(run, target)
    population = population_features(run, target)
    key: dict[str, Any] = {
        "target": target.name,
        "horizon_days": target.horizon_days,
        "definition_hash": definition,
    }
    nobody, never = pd.DataFrame(columns=list(PREDICTIONS)), pd.DataFrame(columns=list(TIMING))
    champion = registry.champion(target, run.as_of_date, definition)
    if population.empty or champion is None:
        training = state.get(f"training_{target.key}", {})
        counts: dict[str, Any] = {
            name: training.get(name, 0) for name in ("customers_with", "customers_without")
        }
        counts["customers_needed"] = run.home.settings.min_class_customers
        reason = "empty_population" if population.empty else "thin_data"
        forget_judgements(run, target)
        return (
            TargetVerdict(
                status="not_scored", reason_code=reason, population=len(population), **key, **counts
            ),
            nobody,
            never,
        )
    verdict, predictions, timing = _predict(run, registry, champion, population, target)
    write_judgements(run, registry, target, champion, population, predictions["probability"])
    return (
        TargetVerdict(
            status="scored", reason_code=None, population=len(population), **key, **verdict
        ),
        predictions,
        timing,
    )


def _predict(
    run: Run,
    registry: Registry,
    champion: RegisteredModel,
    population: pd.DataFrame,
    target: Target,
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    bundle = registry.load(champion)
    beside = Expectations.of(run, target, registry.load_expected(champion))
    teller = Teller.of(population, bundle.contributions(explained_sample(population)))
    batches, curves = [], []
    for start in range(0, len(population), BATCH_ROWS):
        batch = population.iloc[start : start + BATCH_ROWS].reset_index(drop=True)
        probability = nine_digits(bundle.predict(batch))
        contributions = bundle.contributions(batch)
        reasons = teller.tell(contributions, batch, probability >= bundle.base_rate)
        expected, curve = beside.of_batch(batch, probability)
        curves.append(curve)
        batches.append(
            reasons.join(expected).assign(
                customer_id=batch["customer_id"],
                target=target.name,
                horizon_days=target.horizon_days,
                probability=probability,
            )
        )
    verdict = {
        "base_rate": float(nine_digits(np.array([bundle.base_rate]))[0]),
        "model_name": model_name(target),
        "model_version": champion.tags["sha256"][:12],
        "quality_grade": bundle.grade,
        "trained_as_of": champion.as_of_date,
        "sha256": champion.tags["sha256"],
    }
    predictions = pd.concat(batches, ignore_index=True)[list(PREDICTIONS)]
    return verdict, predictions, pd.concat(curves, ignore_index=True)[list(TIMING)]


def explained_sample(population: pd.DataFrame) -> pd.DataFrame:
    """An even sample of a population, large enough to see what usually pushes a score."""
    return population.iloc[:: len(population) // EXPLAINED_ROWS + 1]


def _store(
    run: Run,
    target: Target,
    verdict: TargetVerdict,
    predictions: pd.DataFrame,
    timing: pd.DataFrame,
) -> None:
    """Put one target's results beside the others' of this day; another day's are dropped first."""
    with connect(run.home) as connection:
        key = [target.name, target.horizon_days]
        for table in TABLES:
            connection.execute(f"delete from {table} where target = ? and horizon_days = ?", key)
        listed = [(other.name, other.horizon_days) for other in run.targets]
        for table in TABLES:
            stale = connection.execute(
                f"select distinct target, horizon_days from {table}"
            ).fetchall()
            for other in set(stale) - set(listed):
                connection.execute(
                    f"delete from {table} where target = ? and horizon_days = ?", list(other)
                )
        for table, columns, rows in (
            ("scores.predictions", PREDICTIONS, predictions),
            ("scores.purchase_timing", TIMING, timing),
        ):
            connection.register("rows_told", rows)
            connection.execute(f"insert into {table} select {', '.join(columns)} from rows_told")
        values = asdict(verdict)
        connection.execute(
            f"insert into scores.verdicts values ({', '.join('?' for _ in VERDICTS)})",
            [values[field.name] for field in fields(verdict)],
        )
