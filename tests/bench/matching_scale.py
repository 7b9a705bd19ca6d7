"""What the matcher costs: each stage of production, in a process of its own, on a made-up brand."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from costs import Cost, cost_of_process
from matching_made_up import AS_OF_DATE, write_made_up_brand

from ml.data.control import write_control_tables
from ml.data.warehouse import connect
from ml.identity.assign import assign_customers
from ml.matching.match import match_records
from ml.run import Run
from ml.transform import run_models

BENCH = Path(__file__).with_name("bench_matching.py")
EVIDENCE = [
    "identifier_types",
    *(
        f"int_identity__{name}"
        for name in ("value_people", "holders", "sharing", "blocking_keys", "candidates")
    ),
]
EDGES = ["int_identity__doubts", "int_identity__edges"]
COUNTED = {
    "records": "identity.int_identity__records",
    "states": "identity.int_identity__profile_states",
    "candidates": "identity.int_identity__candidates",
    "matches": "matched.pairs",
    "doubts": "matched.doubts",
}


def make(run: Run, records: int) -> None:
    """The made-up brand, in the warehouse of a run's home."""
    with connect(run.home) as connection:
        write_made_up_brand(connection, records)
        write_control_tables(connection, run.home, run.targets)


def evidence(run: Run, _: int) -> None:
    """Holders, keys, candidates."""
    run_models(run.home, run.as_of_date, EVIDENCE, print)


def match(run: Run, _: int) -> None:
    """Learning, scoring, doubting."""
    match_records(run)


def edges(run: Run, _: int) -> None:
    """What the resolver reads."""
    run_models(run.home, run.as_of_date, EDGES, print)


def resolve(run: Run, _: int) -> None:
    """Customers over time."""
    with connect(run.home) as connection:
        assign_customers(connection, run.home.settings.max_customer_records)


STAGES: dict[str, Callable[[Run, int], None]] = {
    stage.__name__: stage for stage in (make, evidence, match, edges, resolve)
}


def run_stage(stage: str, home: Path, records: int) -> None:
    """One stage, in this process."""
    STAGES[stage](
        Run.of(home, home, date.fromisoformat(AS_OF_DATE), report=lambda _: None), records
    )


def cost_of(stage: str, home: Path, records: int) -> Cost:
    """One stage in a process of its own."""
    command = [sys.executable, str(BENCH), "stage", stage, str(home), str(records)]
    return cost_of_process(command, home / f"{stage}.log")


def counts(home: Path) -> dict[str, int]:
    """Rows of the tables that say how large the task was."""
    found = {}
    with connect(Run.of(home, home, date.fromisoformat(AS_OF_DATE)).home, True) as connection:
        for name, table in COUNTED.items():
            row = connection.execute(f"select count(*) from {table}").fetchone()
            found[name] = row[0] if row else 0
    return found


def digest(home: Path) -> str:
    """What was matched and doubted, as one short text: equal texts, equal results."""
    digest = hashlib.sha256()
    with connect(Run.of(home, home, date.fromisoformat(AS_OF_DATE)).home, True) as connection:
        for table in ("matched.pairs", "matched.doubts", "resolved.record_customers"):
            row = connection.execute(
                f"select count(*), cast(sum(hash(t)) as varchar) from {table} as t"
            ).fetchone()
            digest.update(repr(row).encode())
    return digest.hexdigest()[:12]


def scale(sizes: list[int], home: Path) -> None:
    """Print one line per size and stage, as each ends."""
    print("| records | stage | seconds | processor seconds | peak GB | growth |")
    print("|--:|---|--:|--:|--:|---|")
    former: dict[str, Cost] = {}
    last = 0
    for size in sizes:
        folder = home / str(size)
        folder.mkdir(parents=True, exist_ok=True)
        costs = {}
        for stage in STAGES:
            cost = costs[stage] = cost_of(stage, folder, size)
            growth = ""
            if stage in former:
                growth = cost.growth(former[stage], size / last)
            print(
                f"| {size:,} | {stage} | {cost.seconds:,.0f} | {cost.processor:,.0f} "
                f"| {cost.memory:.2f} | {growth} |",
                flush=True,
            )
        whole = [cost for stage, cost in costs.items() if stage != "make"]
        print(
            f"| {size:,} | **all but make** | {sum(cost.seconds for cost in whole):,.0f} "
            f"| {sum(cost.processor for cost in whole):,.0f} | {max(cost.memory for cost in whole):.2f} | |",
            flush=True,
        )
        told = ", ".join(f"{name} {count:,}" for name, count in counts(folder).items())
        print(f"<!-- {told}; digest of the result {digest(folder)} -->", flush=True)
        former, last = costs, size
