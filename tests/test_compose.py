"""docker-compose.yml agrees with the project, and the rules that say so can fail."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.services import image_rules, wiring_rules
from tests.services.compose_file import ENV_EXAMPLE, dotenv, filled_in, parsed
from tests.services.facts import Tree, services

# A command that does not parse has no ports to compare, so commands come first and alone.
RULES = [
    image_rules.images, image_rules.packages, image_rules.copies, image_rules.variables, image_rules.agreement,
    image_rules.secrets, wiring_rules.addresses, wiring_rules.ports, wiring_rules.volumes, wiring_rules.health,
    wiring_rules.order, wiring_rules.caution,
]  # fmt: skip
API, SCHEDULER, PROCESSOR = "airflow-api-server", "airflow-scheduler", "airflow-dag-processor"


def findings(compose: Tree) -> list[str]:
    """Everything that is wrong with a parsed compose file."""
    wrong = list(image_rules.commands(compose))
    return wrong or [found for rule in RULES for found in rule(compose)]


def test_the_file_agrees_with_the_project() -> None:
    assert findings(parsed()) == []
    assert len(list(services(parsed()))) == 7


def service(name: str, key: str, value: Any) -> Callable[[Tree], None]:
    def spoil(compose: Tree) -> None:
        compose["services"][name][key] = value

    return spoil


def without(name: str, *path: str) -> Callable[[Tree], None]:
    def spoil(compose: Tree) -> None:
        *way, last = path
        place = compose["services"][name]
        for key in way:
            place = place[key]
        del place[last]

    return spoil


def variable(name: str, key: str, value: str) -> Callable[[Tree], None]:
    def spoil(compose: Tree) -> None:
        compose["services"][name]["environment"][key] = value

    return spoil


def everywhere(old: str, new: str) -> Callable[[Tree], None]:
    """Replace a word in every value, as a careless edit would."""

    def change(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: change(value) for key, value in tree.items()}
        if isinstance(tree, list):
            return [change(value) for value in tree]
        return tree.replace(old, new) if isinstance(tree, str) else tree

    def spoil(compose: Tree) -> None:
        changed = change(compose)
        assert changed != compose, f"'{old}' does not stand in the file"
        compose.update(changed)

    return spoil


SPOILT: dict[str, tuple[Callable[[Tree], None], str]] = {
    "floating image": (service("database", "image", "postgres:latest"), "the image is not pinned"),
    "another version of Kith": (service(API, "image", "kith:9.9.9"), "is not this version of Kith"),
    "another Python": (everywhere("python:3.11-", "python:3.13-"), "another Python than the lock"),
    "no hashes": (everywhere("--require-hashes ", ""), "does not install as the Makefile does"),
    "a package beside the lock": (
        everywhere("useradd ", "pip install psycopg && useradd "),
        "what the lock does not know",
    ),
    "a driver that is not locked": (everywhere("+psycopg2:", "+pg8000:"), "pg8000 is not in the lock"),
    "SQL left out": (everywhere("COPY dbt_project dbt_project\n", ""), "the image lacks ['dbt_project']"),
    "everything copied in": (everywhere("COPY ml ml", "COPY . ."), "lets something else in"),
    "unknown Airflow command": (
        service(PROCESSOR, "command", ["python", "-m", "ml.airflow_home", "dag-parser"]),
        "is unknown to Airflow",
    ),
    "unknown Airflow option": (everywhere("--skip-serve-logs", "--no-logs"), "is unknown to Airflow"),
    "unknown MLflow command": (
        service("prepare-mlflow", "command", ["mlflow", "database", "upgrade"]),
        "is refused by MLflow",
    ),
    "unknown MLflow option": (everywhere("--serve-artifacts", "--artifacts"), "is refused by MLflow"),
    "a Kith variable nobody reads": (variable(API, "KITH_HOUSE", "x"), "nothing reads KITH_HOUSE"),
    "an Airflow option that is none": (
        variable(API, "AIRFLOW__CORE__SECRET", "x"),
        "nothing reads AIRFLOW__CORE__SECRET",
    ),
    "a fact held twice": (
        variable(API, "AIRFLOW__CORE__LOAD_EXAMPLES", "False"),
        "repeats what ml/airflow_home.py gives",
    ),
    "another JWT secret in one process": (
        variable(SCHEDULER, "AIRFLOW__API_AUTH__JWT_SECRET", "${AIRFLOW_SECRET_KEY:?make one}"),
        "its variables differ",
    ),
    "a literal secret": (
        variable(API, "AIRFLOW__CORE__FERNET_KEY", "c2VjcmV0"),
        "AIRFLOW__CORE__FERNET_KEY must come from .env",
    ),
    "a default password": (
        variable("database", "POSTGRES_PASSWORD", "${POSTGRES_PASSWORD:-airflow}"),
        "POSTGRES_PASSWORD must come from .env",
    ),
    "a secret that no example names": (
        variable("database", "POSTGRES_PASSWORD", "${DB_PASSWORD:?make one}"),
        ".env.example and the file differ",
    ),
    "a password in an address": (everywhere("airflow@database", "airflow:x@database"), "an address holds a password"),
    "a made-up admin password": (without(API, "environment", "KITH_ADMIN_PASSWORD"), "make up a password and print it"),
    "another port of MLflow": (everywhere("--port=5000", "--port=5001"), "nothing answers at mlflow:5000"),
    "an api server that moved": (
        variable(API, "AIRFLOW__API__PORT", "8081"),
        "nothing answers at airflow-api-server:8080",
    ),
    "a service that is not there": (everywhere("@database:", "@postgres:"), "nothing answers at postgres:5432"),
    "tasks that report to nowhere": (everywhere("/execution/", "/"), "the execution API is at /execution/"),
    "a database that nobody makes": (
        everywhere("create database mlflow", "create database runs"),
        "nobody makes the database mlflow",
    ),
    "a port open to the world": (service("mlflow", "ports", ["0.0.0.0:5000:5000"]), "is open to other machines"),
    "a port that leads nowhere": (service(API, "ports", ["127.0.0.1:8080:80"]), "leads to a port on which"),
    "a host name that MLflow refuses": (
        everywhere("--allowed-hosts=mlflow:5000,", "--allowed-hosts="),
        "refuses to be called ['mlflow:5000']",
    ),
    "a home that is not kept": (
        everywhere("home:/kith/home", "home:/kith/house"),
        "KITH_HOME (/kith/home) would be lost",
    ),
    "models that are not kept": (without("mlflow", "volumes"), "--artifacts-destination (/kith/models) would be lost"),
    "a database that is not kept": (without("database", "volumes"), "would be lost with the container"),
    "a home that nobody may write": (
        everywhere("chown kith:kith /kith/home ", "chown kith:kith "),
        "does not belong to the user",
    ),
    "a landing zone that may be written": (
        service(SCHEDULER, "volumes", ["home:/kith/home", "${KITH_LANDING_FOLDER:?name it}:/kith/landing"]),
        "the landing zone is not read-only",
    ),
    "a password on a disk": (everywhere("/run/kith/passwords", "/kith/home/passwords"), "would be kept on a disk"),
    "no health check": (without(PROCESSOR, "healthcheck"), "has no whole health check"),
    "health of an unknown part": (
        everywhere("dag_processor", "dag_parser"),
        "/api/v2/monitor/health says nothing of ['dag_parser']",
    ),
    "health of another database": (everywhere("--port=5432", "--port=5433"), "is no health check of it"),
    "health of another port": (
        everywhere("localhost:5000/health", "localhost:5001/health"),
        "nothing answers at localhost:5001",
    ),
    "no waiting for the database": (without("prepare-mlflow", "depends_on"), "does not wait for ['database']"),
    "no waiting for the tables": (without(API, "depends_on"), "starts before its database is prepared"),
    "waiting for a start only": (
        service(SCHEDULER, "depends_on", {API: {"condition": "service_started"}}),
        "not service_healthy",
    ),
    "no waiting for the models": (
        service(SCHEDULER, "depends_on", {API: {"condition": "service_healthy"}}),
        "does not wait for ['mlflow']",
    ),
    "a service too few": (lambda compose: compose["services"].pop(PROCESSOR), "no service runs ['dag-processor']"),
    "a program that is neither": (service("mlflow", "command", ["bash"]), "is neither Airflow nor MLflow"),
    "a file that is gone": (everywhere("COPY ml ml", "COPY ml mills ./"), "copies what is not there: ['mills']"),
    "a volume nobody uses": (lambda compose: compose["volumes"].update(spare=None), "['spare']"),
    "a shell in a health check": (
        lambda compose: compose["services"]["mlflow"]["healthcheck"].update(test=["CMD-SHELL", "true"]),
        "needs a shell",
    ),
    "processes that do not know each other": (
        without(PROCESSOR, "environment", "AIRFLOW__API_AUTH__JWT_SECRET"),
        "lacks ['AIRFLOW__API_AUTH__JWT_SECRET']",
    ),
    "root": (without(SCHEDULER, "user"), "runs as root"),
    "root's capabilities": (without("mlflow", "cap_drop"), "keeps privileges"),
    "no restart": (without(SCHEDULER, "restart"), "is not started again"),
}  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_spoilt_file_is_found_out(spoil: str) -> None:
    compose = copy.deepcopy(parsed())
    # YAML anchors are shared objects; each service gets its own, so that one can be spoilt alone.
    compose["services"] = {name: copy.deepcopy(its) for name, its in compose["services"].items()}
    change, sentence = SPOILT[spoil]
    change(compose)
    found = findings(compose)
    assert any(sentence in text for text in found), found


@pytest.mark.parametrize("name", sorted(dotenv(ENV_EXAMPLE.read_text(encoding="utf-8"))))
def test_it_does_not_start_without_a_secret(name: str) -> None:
    given = dict.fromkeys(dotenv(ENV_EXAMPLE.read_text(encoding="utf-8")), "x")
    filled_in(parsed(), given)
    with pytest.raises(LookupError, match=name):
        filled_in(parsed(), {**given, name: ""})
