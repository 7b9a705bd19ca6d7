"""The step `kith recommend`: read the warehouse of the day, write what to offer beside the published version."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ml.activate.recommend.methods import BOUGHT_BEFORE, POPULARITY
from ml.activate.recommend.offer import Plan, Question, offered, plan_offers
from ml.activate.recommend.report import quality_plot, write_recommendation_page
from ml.activate.recommend.tables import OFFER_COLUMNS, QUALITY_COLUMNS, quality_table
from ml.activate.tables import RECOMMENDATION_QUALITY, RECOMMENDATIONS, write_parts
from ml.data.maturity import complete_until_of
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.learn.registry import Registry
from ml.run import Run, RunState
from ml.serve.versions import Version, Versions

EXPERIMENT = "recommend"


_FIGURES = re.compile(r"\bonce\b|\btwice\b|\byesterday\b|\d+ (times|days ago)| with .*| in .*")


@dataclass
class _Counted:
    """Offers on their way to the file, counted by what their reasons say without figures and names."""

    customers: int = 0
    why: Counter[str] = field(default_factory=Counter)

    def count(self, parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
        for part in parts:
            self.customers += int((part["place"].to_numpy() == 1).sum())
            for words in part["why"].to_pylist():
                self.why[_FIGURES.sub(" …", words).replace(" …,", " …")] += 1
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
    rows = write_parts(
        folder / RECOMMENDATIONS, OFFER_COLUMNS, counted.count(_parts(run, version, plan))
    )
    write_parts(folder / RECOMMENDATION_QUALITY, QUALITY_COLUMNS, [quality])
    said = _said(plan, rows, counted.customers)
    for line in said:
        run.report(f"what to offer: {line}")
    write_recommendation_page(
        run.home.recommendation_page,
        run.as_of_date.isoformat(),
        said,
        quality.to_pandas(),
        plan.choice.methods if plan.choice else (),
        dict(sorted(counted.why.items(), key=lambda counted: (-counted[1], counted[0]))),
    )
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
        f"{run.home.root} holds for {run.as_of_date} is not among them. Run `kith run` for that day first."
    )


def _said(plan: Plan, rows: int, customers: int) -> list[str]:
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
    hit_rate = {m.name: window.judged.values[m.name, "hit_rate_3"] for m in choice.methods}
    low, high = window.judged.interval(choice.method.name, "hit_rate_3")
    lines.append(
        f"from {window.start} to before {window.end}, {hit_rate[choice.method.name]:.1%} of {window.customers:,} "
        f"people who took anything took one of three ({low:.1%} to {high:.1%}); popularity {hit_rate[POPULARITY]:.1%}, "
        f"bought before {hit_rate[BOUGHT_BEFORE]:.1%}"
    )
    return lines


def _log(run: Run, version: Version, plan: Plan, quality: pd.DataFrame) -> None:
    """One MLflow run per day of the experiment `recommend`."""
    metrics = {f"{r['method']}.{r['metric']}": r["value"] for r in quality.to_dict("records")}
    figures = {"hit_rate_3.png": quality_plot(quality)} if len(quality) else {}
    choice = plan.choice
    Registry(run.home).log_run(
        EXPERIMENT,
        run.as_of_date.isoformat(),
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
