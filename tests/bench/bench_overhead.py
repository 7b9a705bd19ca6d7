"""What a day costs beyond its work: through Airflow, by hand, with dbt alone, and with nothing around it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from bench_ratios import parts_of_overhead
from flow_stages import ONLY_FOR_TRAINING, environment, kith, stages
from process_tree import TreeCost, cost_of_tree

from ml.airflow_home import AIRFLOW, airflow_environment, prepare_airflow
from ml.home import Home

BARE = Path(__file__).with_name("bare_run.py")
DAILY = "customer_360_daily"
RECORDED = ("landing", "identity", "events", "features", "tables")
"""Parts of `kith build` that a day without training runs: those that ask dbt for something."""
CHECKS = ("check landing", "check features", "check scores")
ASKING_MLFLOW = ("train", "promote")


def measure_overhead(
    by_hand: Mapping[str, Mapping[str, float]],
    before: Path,
    landing: Path,
    day: date,
    work: Path,
    say: Callable[[str], None],
) -> dict[str, object]:
    """The parts of one day's cost, in seconds of processors and in units of the bare work.

    Args:
        by_hand: what the same day cost stage by stage, without Airflow.
        before: the home as it was before that day; it is copied and left as it is.
        landing: the landing zone with that day's files.
        day: the as_of_date.
        work: scratch folder.
        say: receives lines of progress.
    """
    log = work / "overhead.log"
    whole = _through_airflow(before, landing, day, work, log)
    say(f"  the day through Airflow: {whole.processor:.1f} s of processors")
    store, home = _recorded(before, landing, day, work, log)
    again = work / "statements-again"
    shutil.copytree(store, again)
    dbt = _bare("dbt", again, log=log)
    shutil.rmtree(again)
    sql = _bare("replay", store, log=log)
    predictions = _bare("predict", home, day, log=log)
    say(f"  the same SQL: {sql.processor:.1f} s, predictions: {predictions.processor:.1f} s")
    hand = sum(cost["processor"] for cost in by_hand.values())
    docs = cost_of_tree(kith("docs", landing, home, day), log, environment())
    parts = {
        "Airflow": whole.processor - hand - docs.processor,
        "dbt": dbt.processor - sql.processor,
        "Great Expectations": sum(by_hand[stage]["processor"] for stage in CHECKS),
        "MLflow": sum(by_hand[stage]["processor"] for stage in ASKING_MLFLOW),
        "publishing": by_hand["publish"]["processor"],
        "the page of the docs": docs.processor,
    }
    bare = sql.processor + predictions.processor
    for folder in (store, home):
        shutil.rmtree(folder)
    return {
        "whole": whole.as_json(),
        "by_hand": round(hand, 2),
        "sql": sql.as_json(),
        "predictions": predictions.as_json(),
        "seconds": {name: round(seconds, 2) for name, seconds in parts.items()},
        "ratios": {
            name: round(value, 3)
            for name, value in parts_of_overhead(whole.processor, parts, bare).items()
        },
    }


def _through_airflow(before: Path, landing: Path, day: date, work: Path, log: Path) -> TreeCost:
    root = work / "airflow-home"
    shutil.copytree(before, root)
    home = Home(root)
    surroundings = {**airflow_environment(home, landing), **_code()}
    prepare_airflow(home, surroundings, log)
    cost = cost_of_tree([AIRFLOW, "dags", "test", DAILY, day.isoformat()], log, surroundings)
    shutil.rmtree(root)
    return cost


def _recorded(before: Path, landing: Path, day: date, work: Path, log: Path) -> tuple[Path, Path]:
    """One more such day on a home of its own, with what dbt was asked; gives the records and the home."""
    home, store = work / "recorded-home", work / "statements"
    shutil.copytree(before, home)
    for stage, command in stages().items():
        if stage in ONLY_FOR_TRAINING or stage in ("audit", "publish"):
            continue
        if stage in RECORDED:
            _bare("record", stage, landing, home, day, store, log=log)
            continue
        cost_of_tree(kith(command, landing, home, day), log, environment())
    return store, home


def _bare(*arguments: object, log: Path) -> TreeCost:
    return cost_of_tree([sys.executable, str(BARE), *map(str, arguments)], log, environment())


def _code() -> dict[str, str]:
    return {"PYTHONPATH": environment()["PYTHONPATH"]}
