"""What the relationship costs: every step of a run without learning, in a process of its own, on a made-up brand."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from costs import Cost, cost_of_process
from relationship_made_up import AS_OF_DATE, write_made_up_brand

from ml.data.build import build_events, build_features, build_identity
from ml.data.stage import build_landing
from ml.data.warehouse import connect
from ml.run import Run
from ml.serve.audit import audit_tables
from ml.serve.publish import publish_version
from ml.serve.score import score_customers
from ml.serve.tables import build_tables

BENCH = Path(__file__).with_name("bench_relationship.py")
WRITE = "write"
# `tables` are the models of the relationship and those that are published.
RUN_STEPS: dict[str, Callable[[Run], object]] = {
    "landing": build_landing,
    "identity": build_identity,
    "events": build_events,
    "features": build_features,
    "score": score_customers,
    "tables": build_tables,
    "audit": audit_tables,
    "publish": publish_version,
}
STEPS = (WRITE, *RUN_STEPS)
WEEKLY = "customer_level_snapshots"
SLOWEST = 12
COUNTED = {
    "orders": "events.fct_orders",
    "people brought": "relationship.int_referrals",
    "levels": "published.customer_levels",
    "tags": "published.customer_tags",
    "super users": "published.super_users",
}


def run_step(step: str, folder: Path, customers: int) -> None:
    """One step, in this process."""
    landing = folder / "landing"
    if step == WRITE:
        write_made_up_brand(landing, customers)
    else:
        (folder / "home").mkdir(exist_ok=True)
        RUN_STEPS[step](Run.of(folder / "home", landing, AS_OF_DATE, report=print))


def scale(sizes: list[int], folder: Path) -> None:
    """Print one line per size and step, as each ends; then the slowest models of each size."""
    print("| customers | step | seconds | processor seconds | peak GB | growth |")
    print("|--:|---|--:|--:|--:|---|")
    former: dict[str, Cost] = {}
    last = 0
    models = {}
    for size in sizes:
        place = folder / str(size)
        place.mkdir(parents=True, exist_ok=True)
        costs = {}
        for step in STEPS:
            command = [sys.executable, str(BENCH), "step", step, str(place), str(size)]
            cost = costs[step] = cost_of_process(command, place / f"{step}.log")
            growth = cost.growth(former[step], size / last) if step in former else ""
            print(line(f"{size:,}", step, cost, growth), flush=True)
            if step == "tables":
                models[size] = model_seconds(place / "home")
        whole = [cost for step, cost in costs.items() if step != WRITE]
        together = Cost(
            sum(cost.seconds for cost in whole),
            sum(cost.processor for cost in whole),
            max(cost.memory for cost in whole),
        )
        print(line(f"{size:,}", "**all but write**", together, ""))
        print(f"<!-- {counts(place)} -->", flush=True)
        former, last = costs, size
    print("\n" + slowest_models(models))


def line(size: str, step: str, cost: Cost, growth: str) -> str:
    """One row of the table."""
    return f"| {size} | {step} | {cost.seconds:,.0f} | {cost.processor:,.0f} | {cost.memory:.2f} | {growth} |"


def model_seconds(home: Path) -> dict[str, float]:
    """Seconds of each model of the step that ran last, by name."""
    told = json.loads((home / "warehouse" / "dbt" / "run_results.json").read_text(encoding="utf-8"))
    return {
        result["unique_id"].rsplit(".", 1)[-1]: result["execution_time"]
        for result in told["results"]
        if result["unique_id"].startswith("model.")
    }


def slowest_models(models: dict[int, dict[str, float]]) -> str:
    """The models that took longest at the greatest size, and how they grew."""
    largest = models[max(models)]
    names = sorted(largest, key=lambda name: -largest[name])[:SLOWEST]
    head = "| model | " + " | ".join(f"{size:,} customers" for size in models) + " |"
    rows = [
        f"| {name} | "
        + " | ".join(f"{times.get(name, float('nan')):,.1f} s" for times in models.values())
        + " |"
        for name in names
    ]
    return "\n".join([head, "|---|" + "--:|" * len(models), *rows])


def counts(folder: Path) -> str:
    """What says how large the task was, and how long one week of levels took."""
    home = Run.of(folder / "home", folder / "landing", AS_OF_DATE, report=print).home
    found = {}
    with connect(home, read_only=True) as connection:
        for name, table in COUNTED.items():
            row = connection.execute(f"select count(*) from {table}").fetchone()
            found[name] = row[0] if row else 0
        row = connection.execute(
            "select count(distinct as_of_date) from published.relationship_funnel"
        ).fetchone()
    told = [f"{name} {count:,}" for name, count in found.items()]
    weeks = row[0] if row else 0
    return ", ".join(
        [
            *told,
            f"{weeks} weeks of levels in {model_seconds(folder / 'home').get(WEEKLY, 0.0):.1f} s",
        ]
    )
