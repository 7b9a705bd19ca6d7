"""The operator that runs a step, and the claim that keeps two runs apart."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
)


@pytest.fixture
def steps(load_dag: Callable[..., Any]) -> ModuleType:
    """The module under test, imported the way the DAG files import it."""
    load_dag("customer_360_daily")
    import kith_steps

    return kith_steps


def context(run_id: str, states: dict[str, str] | None = None) -> dict[str, Any]:
    """What a task is told about its run; `states` holds the runs that Airflow knows."""

    def state_of(dag_id: str, run_id: str) -> str:
        from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
        from airflow.sdk.execution_time.comms import ErrorResponse

        if states is None or run_id not in states:
            raise AirflowRuntimeError(
                ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 404})
            )
        return states[run_id]

    return {
        "dag_run": SimpleNamespace(dag_id="a_dag", run_id=run_id),
        "ti": SimpleNamespace(
            get_dagrun_state=state_of, log=SimpleNamespace(warning=lambda *_: None)
        ),
        "outlet_events": {},
    }


def holder(home: Any) -> str:
    return str(json.loads((home.root / "airflow" / "claim.json").read_text())["run_id"])


def test_one_run_at_a_time_holds_the_home(steps: ModuleType) -> None:
    home = steps.Brand.from_environment().home
    steps.claim_home(home, context("first"))
    steps.claim_home(home, context("first"))
    for state in ("running", "queued"):
        with pytest.raises(AirflowRescheduleException):
            steps.claim_home(home, context("second", {"first": state}))
        assert holder(home) == "first"
    steps.claim_home(home, context("second", {"first": "failed"}))
    assert holder(home) == "second"
    steps.claim_home(home, context("third", {}))  # `second` is not in the database any more
    assert holder(home) == "third"


def test_a_run_that_has_long_been_silent_holds_nothing(steps: ModuleType) -> None:
    home = steps.Brand.from_environment().home
    steps.claim_home(home, context("dead"))
    file = home.root / "airflow" / "claim.json"
    claim = json.loads(file.read_text())
    since = (
        datetime.fromisoformat(claim["since"])
        - sys.modules["kith_claim"].SILENT_FOR
        - timedelta(minutes=1)
    )
    file.write_text(json.dumps({**claim, "since": since.isoformat()}))
    steps.claim_home(home, context("next", {"dead": "running"}))
    assert holder(home) == "next"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"run_id": 1}', '{"dag_id": "a", "run_id": "b", "since": "x"}']
)
def test_a_torn_claim_holds_nothing(steps: ModuleType, text: str) -> None:
    home = steps.Brand.from_environment().home
    file = home.root / "airflow" / "claim.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    steps.claim_home(home, context("next", {"b": "running"}))
    assert holder(home) == "next"


@pytest.mark.parametrize(
    ("script", "error", "text"),
    [
        (
            "echo working; echo 'kith: rule, value, way out' >&2; exit 1",
            AirflowFailException,
            "rule, value, way out",
        ),
        ("echo 'Error: no such option' >&2; exit 2", AirflowFailException, "no such option"),
        ("kill -9 $$", AirflowException, "ended from outside"),
    ],
)
def test_a_stop_is_final_and_a_killed_step_can_be_tried_again(
    steps: ModuleType, script: str, error: type[Exception], text: str
) -> None:
    step = steps.KithStep(task_id="a_step", brand=steps.Brand.from_environment(), step=["audit"])
    step.command = ["/bin/sh", "-c", script]
    with pytest.raises(error, match=text) as raised:
        step.execute(context("a_run"))
    assert type(raised.value) is error  # AirflowFailException is an AirflowException too


def test_the_publishing_step_says_which_version_it_published(
    steps: ModuleType, tmp_path: Path
) -> None:
    from airflow.sdk import Asset

    brand, asset = steps.Brand.from_environment(), Asset("customer_360")
    step = steps.KithStep(task_id="publish_version", brand=brand, step=["publish"], outlet=asset)
    assert step.command[step.command.index("--as-of-date") + 1].startswith("{{ as_of_date(")
    kith = tmp_path / "kith"
    kith.write_text(
        '#!/bin/sh\nmkdir -p "$5/warehouse" && echo \'{"version": "v1"}\' > "$5/warehouse/run.json"\n'
    )
    kith.chmod(0o755)
    step.command = [str(kith), *step.command[1:-1], "2026-07-01"]
    told = {**context("a_run"), "outlet_events": {asset: SimpleNamespace(extra={})}}
    step.execute(told)
    assert told["outlet_events"][asset].extra == {"as_of_date": "2026-07-01", "version": "v1"}


def test_the_day_of_an_asset_triggered_run_is_read_from_airflows_own_event_objects(
    steps: ModuleType,
) -> None:
    from airflow.sdk.execution_time.comms import AssetEventDagRunReferenceResult
    from airflow.sdk.execution_time.context import TriggeringAssetEventsAccessor

    event = AssetEventDagRunReferenceResult.model_validate(
        {
            "asset": {"name": "customer_360", "uri": "customer_360", "extra": {}},
            "extra": {"as_of_date": "2026-07-01", "version": "v1"},
            "source_task_id": "publish_version",
            "source_dag_id": "customer_360_daily",
            "source_run_id": "a_run",
            "source_map_index": -1,
            "source_aliases": [],
            "timestamp": datetime(2026, 7, 2, tzinfo=UTC),
        }
    )
    run = SimpleNamespace(logical_date=None, run_type="asset_triggered")
    brand = steps.Brand.from_environment()
    assert brand._as_of_date(run, {}, TriggeringAssetEventsAccessor.build([event])) == "2026-07-01"
    with pytest.raises(AirflowFailException, match="nothing says which"):
        brand._as_of_date(run, {}, TriggeringAssetEventsAccessor.build([]))
