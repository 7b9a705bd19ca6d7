"""Both DAGs run by Airflow itself, with a stub in the place of `kith`."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from stub_home import StubHome

AIRFLOW = ("-m", "ml.airflow_home")
DAILY, WEEKLY = "customer_360_daily", "propensity_training_weekly"
pytestmark = pytest.mark.slow


def asset_events(home: StubHome, task_id: str) -> list[dict[str, str]]:
    with sqlite3.connect(home.root / "airflow" / "airflow.db") as database:
        found = database.execute(
            "SELECT extra FROM asset_event WHERE source_task_id = ? ORDER BY id", [task_id]
        )
        return [json.loads(extra) for (extra,) in found]


def test_make_run_writes_the_brand_runs_both_dags_and_shows_the_status(stub_home: StubHome) -> None:
    status, output = stub_home.run("-m", "ml.demo_run", "--as-of-date", "2026-03-02")
    assert status == 0, output
    calls = stub_home.calls()
    assert calls[0].startswith("demo --landing")
    assert calls[-1].startswith("status --home")
    steps = calls[1:-1]
    # schedule_start is later and the zone lies west of UTC: the steps run all the same, for the day named.
    assert {step.split("--as-of-date ")[1] for step in steps} == {"2026-03-02"}
    names = [step.split(" --as-of-date")[0] for step in steps]
    assert len(names) == 16 + 15
    assert names.index("build --part labels") == 6
    assert names[16] == "build --part landing"
    assert names[-1] == "publish"
    for line in (
        f"DAG {WEEKLY}, as of 2026-03-02",
        "  train_churn",
        "    the stub does train",
        "  publish_version: 0 s",
    ):
        assert line in output.splitlines()
    assert "[info" not in output
    assert asset_events(stub_home, "publish_version") == [
        {"as_of_date": "2026-03-02", "version": "2026-03-02-stub"}
    ]
    assert asset_events(stub_home, "promote_churn") == [
        {"as_of_date": "2026-03-02", "target": "churn"}
    ]


def test_a_step_that_stops_ends_the_run_with_its_own_paragraph(stub_home: StubHome) -> None:
    status, output = stub_home.run("-m", "ml.demo_run", STUB_STOPS_AT="expect")
    assert status == 1
    assert output.splitlines()[-1] == (
        "kith: check_landing: More than 2 % of the rows are bad: 7 of 100 in orders. Mend them. "
        f"(The whole log is in {stub_home.root / 'logs' / 'airflow.log'}.)"
    )
    assert "Traceback" not in output
    steps = [call.split(" --as-of-date")[0] for call in stub_home.calls() if "--as-of-date" in call]
    assert steps == ["build --part landing", "expect landing"]  # once: a stop is not retried


def test_a_date_alone_is_that_date_also_where_airflow_thinks_in_utc(stub_home: StubHome) -> None:
    status, output = stub_home.run(
        *AIRFLOW, "dags", "test", DAILY, "2011-09-01", AIRFLOW__CORE__DEFAULT_TIMEZONE="UTC"
    )
    assert status == 0, output
    assert stub_home.calls()[0] == "build --part landing --as-of-date 2011-09-01"


def test_a_run_waits_for_one_that_still_runs_and_not_for_one_that_is_gone(
    stub_home: StubHome,
) -> None:
    sleeping = stub_home.root / "sleeping.txt"
    first = stub_home.start(*AIRFLOW, "dags", "test", DAILY, "2011-09-02", STUB_SLEEPS_AT="audit")
    wait_for(lambda: sleeping.exists())
    second = stub_home.start(*AIRFLOW, "dags", "test", WEEKLY, "2011-09-05")
    claim = stub_home.root / "airflow" / "claim.json"
    try:
        log = stub_home.root / "second.log"
        wait_for(
            lambda: "2011-09-05" in (stub_home.root / "calls.txt").read_text() or waits(second, log)
        )
        assert "2011-09-05" not in (stub_home.root / "calls.txt").read_text()
        assert json.loads(claim.read_text())["dag_id"] == DAILY
    finally:
        for process in (second, first):
            process.kill()
            process.wait()
        os.kill(int(sleeping.read_text()), signal.SIGKILL)


def waits(process: object, log: Path) -> bool:
    return False


def wait_for(condition: object, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.1)
