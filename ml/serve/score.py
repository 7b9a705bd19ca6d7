"""Scoring: the champion of each target on everybody it asks about, with reasons, into the warehouse."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ml.data.targets import Target
from ml.data.warehouse import connect, frame, table_exists, write_table
from ml.learn.definition import definition_hash
from ml.learn.registry import RegisteredModel, Registry, model_name
from ml.run import Run, RunState
from ml.serve.reasons import top_reasons

BATCH_ROWS = 100_000

PREDICTIONS = {
    "customer_id": "varchar",
    "target": "varchar",
    "horizon_days": "integer",
    "probability": "double",
    "reason_1": "varchar",
    "reason_2": "varchar",
    "reason_3": "varchar",
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
    "model_kind": "varchar",
    "quality_grade": "varchar",
    "trained_as_of": "date",
    "sha256": "varchar",
    "definition_hash": "varchar",
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


def score_customers(run: Run, name: str | None = None) -> None:
    """Predict each target (or those of one name) for its population at the run's date.

    People who refused profiling are left out. An empty population and a target without a model are
    results: the verdict says so with its counts.
    """
    state = RunState(run).require("features", "build")
    registry = Registry(run.home)
    with connect(run.home) as connection:
        for table, columns in (("scores.predictions", PREDICTIONS), ("scores.verdicts", VERDICTS)):
            if not table_exists(connection, table):
                write_table(connection, table, columns, [])
    for target in run.target(name) if name else run.targets:
        verdict, predictions = _score_target(run, registry, target, state)
        _store(run, target, verdict, predictions)
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
) -> tuple[TargetVerdict, pd.DataFrame]:
    definition = definition_hash(run, target)
    population = population_features(run, target)
    key: dict[str, Any] = {
        "target": target.name,
        "horizon_days": target.horizon_days,
        "definition_hash": definition,
    }
    nobody = pd.DataFrame(columns=list(PREDICTIONS))
    champion = registry.champion(target, run.as_of_date, definition)
    if population.empty or champion is None:
        training = state.get(f"training_{target.key}", {})
        counts: dict[str, Any] = {
            name: training.get(name, 0) for name in ("customers_with", "customers_without")
        }
        counts["customers_needed"] = run.home.settings.min_class_customers
        reason = "empty_population" if population.empty else "thin_data"
        return TargetVerdict(
            status="not_scored", reason_code=reason, population=len(population), **key, **counts
        ), nobody
    verdict, predictions = _predict(registry, champion, population, target)
    return TargetVerdict(
        status="scored", reason_code=None, population=len(population), **key, **verdict
    ), predictions


def _predict(
    registry: Registry, champion: RegisteredModel, population: pd.DataFrame, target: Target
) -> tuple[dict[str, Any], pd.DataFrame]:
    bundle = registry.load(champion)
    tellable = [name for name in bundle.feature_names if population[name].nunique(dropna=False) > 1]
    batches = []
    for start in range(0, len(population), BATCH_ROWS):
        batch = population.iloc[start : start + BATCH_ROWS].reset_index(drop=True)
        probability = nine_digits(bundle.predict(batch))
        reasons = top_reasons(
            bundle.contributions(batch), batch, probability >= bundle.base_rate, tellable
        )
        batches.append(
            reasons.assign(
                customer_id=batch["customer_id"],
                target=target.name,
                horizon_days=target.horizon_days,
                probability=probability,
            )
        )
    verdict = {
        "base_rate": float(nine_digits(np.array([bundle.base_rate]))[0]),
        "model_name": model_name(target),
        "model_version": bundle.version,
        "model_kind": bundle.kind,
        "quality_grade": bundle.grade,
        "trained_as_of": champion.as_of_date,
        "sha256": bundle.sha256,
    }
    return verdict, pd.concat(batches, ignore_index=True)[list(PREDICTIONS)]


def population_features(run: Run, target: Target) -> pd.DataFrame:
    """Features at the run's date of everybody the target asks about and who may be profiled, by customer_id."""
    with connect(run.home, read_only=True) as connection:
        return frame(
            connection,
            "select features.* from features.customer_features as features "
            "inner join features.customer_population as population using (customer_id, as_of_date) "
            "left join events.int_customer__refusals as refusals using (customer_id) "
            "where features.as_of_date = ? and population.target = ? and population.horizon_days = ? "
            "and refusals.customer_id is null order by customer_id",
            [run.as_of_date, target.name, target.horizon_days],
        )


def nine_digits(values: np.ndarray) -> np.ndarray:
    """Round to nine significant digits, the precision in which ratios are stored."""
    with np.errstate(divide="ignore"):
        magnitude = np.where(values == 0, 0, np.floor(np.log10(np.abs(values))))
    factor = 10.0 ** (8 - magnitude)
    return np.asarray(np.round(values * factor) / factor)


def _store(run: Run, target: Target, verdict: TargetVerdict, predictions: pd.DataFrame) -> None:
    """Put one target's results beside the others' of this day; another day's are dropped first."""
    with connect(run.home) as connection:
        key = [target.name, target.horizon_days]
        for table in ("scores.predictions", "scores.verdicts"):
            connection.execute(f"delete from {table} where target = ? and horizon_days = ?", key)
        listed = [(other.name, other.horizon_days) for other in run.targets]
        for table in ("scores.predictions", "scores.verdicts"):
            stale = connection.execute(
                f"select distinct target, horizon_days from {table}"
            ).fetchall()
            for other in set(stale) - set(listed):
                connection.execute(
                    f"delete from {table} where target = ? and horizon_days = ?", list(other)
                )
        connection.register("predictions", predictions)
        connection.execute(
            f"insert into scores.predictions select {', '.join(PREDICTIONS)} from predictions"
        )
        values = asdict(verdict)
        connection.execute(
            f"insert into scores.verdicts values ({', '.join('?' for _ in VERDICTS)})",
            [values[field.name] for field in fields(verdict)],
        )
