"""The services of docker-compose.yml, started natively: a run through Airflow's REST API, its results read back.

The commands, variables, health checks and their order are those of the file; tests/services/native.py replaces
addresses and folders only.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import requests

from ml.data.demo import DEMO_AS_OF_DATE, write_demo
from ml.data.targets import read_targets
from ml.home import Home
from ml.learn.registry import Registry
from tests.flow.worlds import SMALL_BRAND
from tests.services.compose_file import ENV_EXAMPLE, dotenv
from tests.services.native import NativeServices

pytestmark = pytest.mark.slow
TARGETS = "target,horizon_days,population_days\nnext_purchase,30,365\n"
DAG = "customer_360_daily"
LONG_RUNNING = [
    "database",
    "mlflow",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
]
DEADLINE_SECONDS = 420


class Airflow:
    """Airflow's REST API, as somebody outside uses it."""

    def __init__(self, url: str, password: str) -> None:
        self.url = url
        answer = requests.post(
            f"{url}/auth/token", json={"username": "admin", "password": password}, timeout=30
        )
        answer.raise_for_status()
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def ask(self, method: str, path: str, **json_body: Any) -> dict[str, Any]:
        answer = requests.request(
            method,
            f"{self.url}/api/v2{path}",
            headers=self.headers,
            json=json_body or None,
            timeout=30,
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return dict(answer.json())

    def knows(self, path: str) -> bool:
        return requests.get(f"{self.url}/api/v2{path}", headers=self.headers, timeout=30).ok


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    """.env: every empty line of the example gets a value of its own, and one target is predicted."""
    example = dotenv(ENV_EXAMPLE.read_text(encoding="utf-8"))
    made = {
        name: value or base64.urlsafe_b64encode(os.urandom(32)).decode()
        for name, value in example.items()
    }
    return {**made, "KITH_TARGETS": "/kith/home/targets.csv"}


@pytest.fixture(scope="module")
def services(
    secrets: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NativeServices]:
    services = NativeServices(tmp_path_factory.mktemp("services"), secrets)
    write_demo(services.landing, services.root / "truth", customers=300, months=8, seed=5)
    (services.home / "kith.toml").write_text(SMALL_BRAND, encoding="utf-8")
    (services.home / "targets.csv").write_text(TARGETS, encoding="utf-8")
    try:
        services.up(*LONG_RUNNING)
        for name in LONG_RUNNING:
            services.wait_until_healthy(name)
        yield services
    finally:
        services.down()


@pytest.fixture(scope="module")
def airflow(services: NativeServices, secrets: dict[str, str]) -> Airflow:
    return Airflow(services.airflow_url, secrets["KITH_ADMIN_PASSWORD"])


@pytest.fixture(scope="module")
def run(services: NativeServices, airflow: Airflow) -> dict[str, Any]:
    """One run of the daily DAG, from the request to its end."""
    services.wait(lambda: airflow.knows(f"/dags/{DAG}"), f"the DAG {DAG}", 90)
    airflow.ask("PATCH", f"/dags/{DAG}", is_paused=False)
    run_id = airflow.ask(
        "POST", f"/dags/{DAG}/dagRuns", logical_date=None, conf={"as_of_date": str(DEMO_AS_OF_DATE)}
    )["dag_run_id"]

    def ended() -> dict[str, Any] | None:
        run = airflow.ask("GET", f"/dags/{DAG}/dagRuns/{run_id}")
        return run if run["state"] in ("success", "failed") else None

    return dict(services.wait(ended, f"the run {run_id}", DEADLINE_SECONDS))


@pytest.fixture(scope="module")
def tasks(run: dict[str, Any], airflow: Airflow) -> dict[str, dict[str, Any]]:
    found = airflow.ask("GET", f"/dags/{DAG}/dagRuns/{run['dag_run_id']}/taskInstances")
    return {task["task_id"]: task for task in found["task_instances"]}


def test_the_run_succeeds_task_by_task(
    run: dict[str, Any], tasks: dict[str, dict[str, Any]], services: NativeServices
) -> None:
    for name, task in sorted(tasks.items(), key=lambda item: item[1]["start_date"] or ""):
        print(f"{name}: {task['state']}, {task['duration'] or 0:.1f} s")
    assert run["state"] == "success", services.logs()
    assert {task["state"] for task in tasks.values()} == {"success"}
    assert {"read_landing", "train_when_due", "publish_version"} <= set(tasks)


def test_it_published_scores_of_the_day(run: dict[str, Any], services: NativeServices) -> None:
    published = Home(services.home).published
    current = json.loads((published / "current.json").read_text(encoding="utf-8"))
    assert current["as_of_date"] == str(DEMO_AS_OF_DATE)
    scores = pd.read_parquet(
        published / "versions" / current["version"] / "customer_scores.parquet"
    )
    scored = scores[scores["status"] == "scored"]
    assert set(scored["target"]) == {"next_purchase"}
    assert scored["probability"].between(0, 1).all()


def test_the_model_server_gives_back_the_models_that_serve(
    run: dict[str, Any], services: NativeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(services.home)
    assert not (home.mlflow / "mlflow.db").exists(), "the models belong to the server"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", services.mlflow_url)
    registry = Registry(home)
    current = json.loads((home.published / "current.json").read_text(encoding="utf-8"))
    manifest = json.loads(
        (home.published / "versions" / current["version"] / "manifest.json").read_text(
            encoding="utf-8"
        )
    )
    (entry,) = manifest["models"]
    (target,) = read_targets(services.home / "targets.csv")
    (model,) = registry.versions(target, DEMO_AS_OF_DATE)
    assert model.serves_from == DEMO_AS_OF_DATE
    # The version names the model and what stands beside its probabilities, as one.
    assert model.tags["sha256"].startswith(entry["model_version"])
    assert registry.load(model).sha256 == model.tags["model_sha256"]
    assert any((services.root / "models").rglob("*"))


def test_the_api_server_shows_the_log_of_a_step(
    run: dict[str, Any], airflow: Airflow, tasks: dict[str, dict[str, Any]]
) -> None:
    log = airflow.ask(
        "GET", f"/dags/{DAG}/dagRuns/{run['dag_run_id']}/taskInstances/read_landing/logs/1"
    )
    assert "rows" in json.dumps(log["content"])


def test_every_service_is_well_after_the_run(run: dict[str, Any], services: NativeServices) -> None:
    assert [name for name in LONG_RUNNING if not services.is_healthy(name)] == []


def test_nobody_enters_without_the_password(
    services: NativeServices, secrets: dict[str, str]
) -> None:
    for password in ("admin", "", secrets["POSTGRES_PASSWORD"]):
        answer = requests.post(
            f"{services.airflow_url}/auth/token",
            json={"username": "admin", "password": password},
            timeout=30,
        )
        assert answer.status_code in (400, 401, 422), password
    assert requests.get(f"{services.airflow_url}/api/v2/dags", timeout=30).status_code == 401


def test_the_model_server_refuses_a_name_that_is_not_its_own(services: NativeServices) -> None:
    url = f"{services.mlflow_url}/api/2.0/mlflow/registered-models/search"
    assert requests.get(url, timeout=30).status_code == 200
    assert requests.get(url, headers={"Host": "example.org"}, timeout=30).status_code == 403


def test_no_secret_is_written_down(
    run: dict[str, Any], services: NativeServices, secrets: dict[str, str]
) -> None:
    generated = {name: value.encode() for name, value in secrets.items() if "/" not in value}
    assert len(generated) == 7
    kept = services.root / "run" / "passwords.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    found = {
        (name, str(file.relative_to(services.root)))
        for file in services.root.rglob("*")
        if file.is_file() and file != kept
        for name, secret in generated.items()
        if secret in file.read_bytes()
    }
    assert found == set()


def test_the_health_checks_see_what_is_gone(services: NativeServices) -> None:
    """Last, because it ends what the others need."""
    for name in ("airflow-dag-processor", "airflow-scheduler", "mlflow", "airflow-api-server"):
        services.stop(name)
        services.wait(lambda name=name: not services.is_healthy(name), f"{name} to be ill", 60)
        assert services.is_healthy("database")
    services.stop("database")
    assert not services.is_healthy("database")
