"""Rules on addresses, volumes, health checks and order in docker-compose.yml; each yields what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import SplitResult, urlsplit

from ml.airflow_home import PASSWORDS_FILE
from tests.services.facts import (
    MLFLOW_SERVER,
    POSTGRES_DATA,
    POSTGRES_PORT,
    Tree,
    command_of,
    dockerfile,
    environment_of,
    is_airflow,
    is_kith,
    keeps_running,
    mlflow_options,
    mounts,
    port_of,
    services,
    strings,
)

ADDRESS = re.compile(r"\b(?:https?|postgresql\+\w+)://[^\s,\"']+")
EXECUTION_API = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
HEALTH_COMMAND = ["python", "-m", "ml.health"]
AIRFLOW_HEALTH = "/api/v2/monitor/health"
PARTS = {"api-server", "scheduler", "dag-processor"}


def called(service: Tree) -> list[SplitResult]:
    """The addresses that a service, or its health check, asks."""
    sources = [service.get(key) for key in ("command", "environment", "healthcheck")]
    return [urlsplit(address) for text in strings(sources) for address in ADDRESS.findall(text)]


def addresses(compose: Tree) -> Iterator[str]:
    """Whoever is called is there, at the port it answers on, with the database that is asked for."""
    ports = {name: port_of(service) for name, service in services(compose)}
    script = compose["configs"]["databases"]["content"]
    for name, service in services(compose):
        for address in called(service):
            host = name if address.hostname == "localhost" else str(address.hostname)
            if host not in ports or address.port != ports[host]:
                yield f"{name}: nothing answers at {address.hostname}:{address.port}"
            role, base = address.username, address.path.removeprefix("/")
            made = (
                f"create role {role} login" in script
                and f"create database {base} owner {role};" in script
            )
            if address.scheme.startswith("postgresql") and not made:
                yield f"{name}: nobody makes the database {base} for {role}"
        execution = environment_of(service).get(EXECUTION_API)
        if execution is not None and urlsplit(execution).path != "/execution/":
            yield f"{name}: the execution API is at /execution/"


def ports(compose: Tree) -> Iterator[str]:
    """Published to this machine only, and by names that MLflow lets in."""
    for name, service in services(compose):
        own = port_of(service)
        for published in service.get("ports", []):
            host, _, inside = published.split(":")
            if host != "127.0.0.1":
                yield f"{name}: {published} is open to other machines"
            if int(inside) != own:
                yield f"{name}: {published} leads to a port on which it does not answer"
        if command_of(service)[:2] == MLFLOW_SERVER:
            allowed = mlflow_options(command_of(service))["allowed_hosts"].split(",")
            callers = [f"{host}:{own}" for host in (name, "localhost", "127.0.0.1")]
            if missing := [host for host in callers if host not in allowed]:
                yield f"{name}: refuses to be called {missing}"


def volumes(compose: Tree) -> Iterator[str]:
    """What must outlive a container is mounted where the settings say, and can be written there."""
    used = set()
    owned = " ".join(re.findall(r"chown kith:kith ([^&\n]+)", dockerfile(compose))).split()
    for name, service in services(compose):
        mounted = mounts(service)
        used |= {
            mount["source"]
            for mount in mounted.values()
            if re.match(r"\w", mount.get("source", ""))
        }
        for what, place in _wanted(service).items():
            over = [at for at in mounted if PurePosixPath(place).is_relative_to(at)]
            mount = mounted[over[0]] if over else {}
            if not over:
                yield f"{name}: {what} ({place}) would be lost with the container"
            elif what == "KITH_LANDING" and not mount.get("read_only"):
                yield f"{name}: the landing zone is not read-only"
            elif what == PASSWORDS_FILE and mount.get("type") != "tmpfs":
                yield f"{name}: the password would be kept on a disk"
            elif what in ("KITH_HOME", "--artifacts-destination") and place not in owned:
                yield f"{name}: {place} does not belong to the user of the image"
    if set(compose["volumes"]) != used:
        yield f"volumes declared and used differ: {sorted(set(compose['volumes']) ^ used)}"


def _wanted(service: Tree) -> dict[str, str]:
    names = ("KITH_HOME", "KITH_LANDING", PASSWORDS_FILE)
    wanted = {name: value for name, value in environment_of(service).items() if name in names}
    if command_of(service)[:2] == MLFLOW_SERVER:
        options = mlflow_options(command_of(service))
        wanted["--artifacts-destination"] = options["artifacts_destination"]
    if not is_kith(service):
        wanted["the data of PostgreSQL"] = POSTGRES_DATA
    return wanted


def health(compose: Tree) -> Iterator[str]:
    """Every service that stays has a check that asks for something that exists."""
    from airflow.api_fastapi.core_api.datamodels.monitor import HealthInfoResponse

    for name, service in services(compose):
        check = service.get("healthcheck", {})
        if not keeps_running(service):
            continue
        if not {"test", "interval", "timeout", "retries", "start_period"} <= set(check):
            yield f"{name}: has no whole health check"
            continue
        kind, *command = check["test"]
        if command[:3] == HEALTH_COMMAND:
            parts, path = command[4:], urlsplit(command[3]).path
            unknown = sorted(set(parts) - set(HealthInfoResponse.model_fields))
            if unknown or (path, bool(parts)) != (
                (AIRFLOW_HEALTH, True) if is_airflow(service) else ("/health", False)
            ):
                yield f"{name}: {path} says nothing of {unknown or parts}"
        elif (
            is_kith(service)
            or command[0] != "pg_isready"
            or f"--port={POSTGRES_PORT}" not in command
        ):
            yield f"{name}: `{' '.join(command)}` is no health check of it"
        if kind != "CMD":
            yield f"{name}: the health check needs a shell"


def order(compose: Tree) -> Iterator[str]:
    """Whoever needs a database waits for it, and runs of Airflow for everything they call."""
    every = dict(services(compose))

    def before(name: str) -> set[str]:
        direct = set(every[name].get("depends_on", {}))
        return direct.union(*(before(other) for other in direct))

    for name, service in services(compose):
        for other, how in service.get("depends_on", {}).items():
            wanted = (
                "service_healthy"
                if keeps_running(every[other])
                else "service_completed_successfully"
            )
            if how["condition"] != wanted:
                yield f"{name}: waits for {other} to be {how['condition']}, not {wanted}"
        needed = {str(address.hostname) for address in called(service)} & set(every) - {name}
        if "scheduler" not in command_of(service):
            needed &= {"database"}
        if missing := sorted(needed - before(name)):
            yield f"{name}: does not wait for {missing}"
        if is_airflow(service) and keeps_running(service) and "prepare-airflow" not in before(name):
            yield f"{name}: starts before its database is prepared"
    if missing := sorted(PARTS - {word for its in every.values() for word in command_of(its)}):
        yield f"no service runs {missing}"


def caution(compose: Tree) -> Iterator[str]:
    """Nobody is root, and what ends by itself is started again."""
    made = re.findall(r"useradd [^&\n]*?(\w+) *(?:&&|$)", dockerfile(compose), re.MULTILINE)
    for name, service in services(compose):
        if service.get("user") not in {"postgres", *made}:
            yield f"{name}: runs as {service.get('user', 'root')}"
        if service.get("cap_drop") != ["ALL"] or service.get("privileged"):
            yield f"{name}: keeps privileges"
        if keeps_running(service) and service.get("restart") != "unless-stopped":
            yield f"{name}: is not started again"
