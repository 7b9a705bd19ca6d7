"""The DAGs run by Airflow itself, with a stub in the place of `kith`."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from stub_home import StubHome

AIRFLOW = ("-m", "ml.airflow_home")
DAILY, WEEKLY = "customer_360_daily", "propensity_training_weekly"
ACTIVATION = "activation_daily"
pytestmark = pytest.mark.slow


def asset_events(home: StubHome, task_id: str) -> list[dict[str, str]]:
    with sqlite3.connect(home.root / "airflow" / "airflow.db") as database:
        found = database.execute(
            "SELECT extra FROM asset_event WHERE source_task_id = ? ORDER BY id", [task_id]
        )
        return [json.loads(extra) for (extra,) in found]


def test_make_run_writes_the_brand_runs_its_dags_and_gives_its_account(
    stub_home: StubHome,
) -> None:
    status, output = stub_home.run(
        "-m", "ml.demo_run", "--as-of-date", "2026-03-02", AIRFLOW__CORE__DEFAULT_TIMEZONE="UTC"
    )
    assert status == 0, output
    calls = stub_home.calls()
    assert calls[0].startswith("demo --landing")
    assert calls[-1].startswith("account --home")
    steps = calls[1:-1]
    # The brand's zone lies west of UTC, and Airflow reads a date as 00:00 UTC: it is that date, not the one before.
    assert {step.split("--as-of-date ")[1] for step in steps} == {"2026-03-02"}
    names = [step.split(" --as-of-date")[0] for step in steps]
    assert len(names) == 17 + 14 + 4
    assert names.index("build --part labels") == 6
    assert names[16:18] == ["monitor", "build --part landing"]
    assert names[29:31] == ["publish", "docs"]
    assert names[31:] == ["recommend", "uplift", "plan", "export --all --planned"]
    for line in (
        f"DAG {WEEKLY}, as of 2026-03-02",
        "  train_churn",
        "    the stub does train",
        "  publish_version: 0 s",
        f"DAG {ACTIVATION}, as of 2026-03-02",
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
    status, output = stub_home.run("-m", "ml.demo_run", STUB_STOPS_AT="evaluate")
    assert status == 1
    paragraph = "More than 2 % of the rows are bad: 7 of 100 in orders. Mend them."
    log = stub_home.root / "logs" / "airflow.log"
    told = rf"{re.escape(paragraph)} \(The whole log is in {re.escape(str(log))}\. `make run` again .*\)"
    assert re.fullmatch(
        rf"kith: evaluate_\w+: {told}",
        output.splitlines()[-1],
    )
    assert "Traceback" not in output
    calls = [call for call in stub_home.calls() if "--as-of-date" in call]
    steps = [call.split(" --as-of-date")[0] for call in calls]
    assert [step.split()[0] for step in steps[-6:]] == ["train"] * 3 + [
        "evaluate"
    ] * 3  # a stop is not retried
    assert len(steps) == 7 + 6
    assert (
        "as of 2026-07-01" in output
    )  # read as 00:00 of the brand's zone, since nothing else is set
    assert {call.split("--as-of-date ")[1] for call in calls} == {"2026-07-01"}


def test_a_run_waits_for_one_that_still_runs(stub_home: StubHome) -> None:
    sleeping, log = stub_home.root / "sleeping.txt", stub_home.root / "second.log"
    first = stub_home.start(*AIRFLOW, "dags", "test", DAILY, "2011-09-02", STUB_SLEEPS_AT="build")
    wait_for(sleeping.exists)
    with log.open("w") as sink:
        second = stub_home.start(
            *AIRFLOW, "dags", "test", WEEKLY, "2011-09-05", output=sink, PYTHONUNBUFFERED="1"
        )
    try:
        wait_for(lambda: f"of {DAILY} holds this home" in log.read_text())
    finally:
        for process in (second, first):
            process.kill()
            process.wait()
        os.kill(int(sleeping.read_text()), signal.SIGKILL)
    assert {call.split("--as-of-date ")[1] for call in stub_home.calls()} == {"2011-09-02"}


def test_a_stopped_demo_leaves_no_step_behind(stub_home: StubHome) -> None:
    sleeping = stub_home.root / "sleeping.txt"
    sleeping.unlink(missing_ok=True)
    demo = stub_home.start("-m", "ml.demo_run", STUB_SLEEPS_AT="build")
    wait_for(sleeping.exists)
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=180)
    assert demo.returncode == 1
    assert output.splitlines()[-1] == "kith: stopped"
    assert not Path(f"/proc/{sleeping.read_text()}").exists()


def test_a_day_before_schedule_start_is_refused_and_not_called_a_success(
    stub_python: Path, tmp_path: Path
) -> None:
    (tmp_path / "kith.toml").write_text('schedule_start = "2026-05-01"\n')
    home = StubHome(tmp_path, stub_python)
    for arguments in (
        (*AIRFLOW, "dags", "test", DAILY, "2026-04-30"),
        ("-m", "ml.demo_run", "--as-of-date", "2026-04-30"),
    ):
        status, output = home.run(*arguments)
        assert status == 1
        assert "found 2026-04-30, and schedule_start 2026-05-01" in output
        assert len(output.splitlines()) == 1
    assert home.calls() == []


def wait_for(condition: Callable[[], bool], seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.1)
