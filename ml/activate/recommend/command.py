"""The step `kith recommend`: read the warehouse of the day, write what to offer beside the published version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ml.activate.recommend.methods import BOUGHT_BEFORE, POPULARITY
from ml.activate.recommend.offer import Plan, Question, offered, plan_offers
from ml.activate.recommend.report import quality_plot, write_page
from ml.activate.recommend.tables import (
    OFFER_COLUMNS,
    QUALITY,
    QUALITY_COLUMNS,
    RECOMMENDATIONS,
    quality_table,
    write_table,
)
from ml.data.maturity import complete_until_of
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.learn.registry import Registry
from ml.run import Run, RunState
from ml.serve.versions import Version, Versions

EXPERIMENT = "recommend"


@dataclass
class _Counted:
    """Offers passing by on their way to the file, counted by the beginning of their reason."""

    customers: int = 0
    why: dict[str, int] = field(default_factory=dict)

    def count(self, parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
        for part in parts:
            self.customers += int((part["place"].to_numpy() == 1).sum())
            kinds = part["why"].to_pandas().str.extract(r"^((?:\D+?)(?= with| in |[\d,;]|$))")[0]
            for words, count in kinds.str.strip().value_counts().items():
                self.why[str(words)] = self.why.get(str(words), 0) + int(count)
            yield part


def recommend(run: Run) -> Plan:
    """Write `recommendations.parquet` and `recommendation_quality.parquet` of the run's published version.

    Raises:
        KithError: the day has not been published, or the warehouse holds another day by now.
    """
    state = RunState(run).require("publish", "run")
    version = _version_of(run, str(state["run_id"]))
    first = state["first_fact"]
    question = Question.of(
        run.home.settings,
        run.as_of_date,
        date.fromisoformat(str(first)) if first else None,
        complete_until_of(run, state).date(),
    )
    with connect(run.home, read_only=True) as connection:
        plan = plan_offers(connection, question)
    folder = run.home.activation_version(version.name)
    quality = quality_table(plan.choice, plan.kind or "")
    counted = _Counted()
    rows = write_table(
        folder / RECOMMENDATIONS, OFFER_COLUMNS, counted.count(_parts(run, version, plan))
    )
    write_table(folder / QUALITY, QUALITY_COLUMNS, [quality])
    said = _said(plan, rows, counted.customers, quality.to_pandas())
    for line in said:
        run.report(f"what to offer: {line}")
    why = pd.Series(counted.why, dtype="int64").sort_values(ascending=False, kind="stable")
    write_page(run.home.recommendation_page, str(run.as_of_date), said, quality.to_pandas(), why)
    _log(run, version, plan, quality.to_pandas())
    return plan


def _parts(run: Run, version: Version, plan: Plan) -> Iterator[pa.Table]:
    """Offers for everybody of the published version who may be profiled."""
    if plan.offers is None or plan.choice is None:
        return
    customers = Versions(run.home).folder / version.name / "customers.parquet"
    ids = pq.read_table(customers, columns=["customer_id"])["customer_id"]
    yield from offered(plan.offers, plan.choice.method.weights, ids.to_numpy(zero_copy_only=False))


def _version_of(run: Run, run_id: str) -> Version:
    for version in Versions(run.home).all():
        if version.manifest["run_id"] == run_id:
            return version
    raise KithError(
        f"What to offer belongs to a published version, and the run {run_id[:12]} that the warehouse in "
        f"{run.home.root} holds for {run.as_of_date} is not among the published ones. Run `kith run` for that day first."
    )


def _said(plan: Plan, rows: int, customers: int, quality: pd.DataFrame) -> list[str]:
    """What a person should know of this day's offers."""
    if plan.kind is None or plan.choice is None:
        return [f"nothing: {plan.reason}"]
    choice = plan.choice
    lines = [
        f"{rows:,} places for {customers:,} customers, kind {plan.kind}, method {choice.method.name} "
        f"({choice.method.meaning}); {choice.reason}"
    ]
    if choice.judged is None:
        return [*lines, "not judged: too few people took anything in a window of the past"]
    window = choice.judged
    found = quality.loc[quality["metric"] == "hit_rate_3"].set_index("method")
    served = found.loc[choice.method.name]
    lines.append(
        f"from {window.start} to before {window.end}, {served['value']:.1%} of {window.customers:,} people who took "
        f"anything took one of three ({served['low']:.1%} to {served['high']:.1%}); popularity "
        f"{found.loc[POPULARITY, 'value']:.1%}, bought before {found.loc[BOUGHT_BEFORE, 'value']:.1%}"
    )
    return lines


def _log(run: Run, version: Version, plan: Plan, quality: pd.DataFrame) -> None:
    """One MLflow run per day of the experiment `recommend`."""
    metrics = {f"{r['method']}.{r['metric']}": r["value"] for r in quality.to_dict("records")}
    figures = {"hit_rate_3.png": quality_plot(quality)} if len(quality) else {}
    choice = plan.choice
    Registry(run.home).log_in(
        EXPERIMENT,
        f"{run.as_of_date}",
        tags={"as_of_date": run.as_of_date.isoformat(), "version": version.name},
        parameters={
            "kind": plan.kind or "none",
            "method": choice.method.name if choice else "none",
            "reason": plan.reason,
            **({f"weight.{k}": w for k, w in choice.method.weights.items()} if choice else {}),
        },
        metrics=metrics,
        figures=figures,
    )
