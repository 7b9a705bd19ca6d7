"""What docker-compose.yml must agree with: the project's own settings, the lock, Airflow's and MLflow's options.

A rule takes the parsed file and yields a sentence for each thing that is wrong. test_compose.py runs them on the file
as it stands, which must give none, and on spoilt copies, each of which must give the sentence that belongs to it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import re
import tomllib
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import Any, cast
from urllib.parse import urlsplit

import click
import yaml

from ml.airflow_home import ADMIN_PASSWORD, PASSWORDS_FILE, airflow_environment
from ml.home import Home
from ml.run import CODE_FOLDERS
from ml.settings import Settings
from tests.compose_file import ENV_EXAMPLE, REPOSITORY, VARIABLE, dotenv

Tree = dict[str, Any]
AIRFLOW_COMMAND = ["python", "-m", "ml.airflow_home"]
HEALTH_COMMAND = ["python", "-m", "ml.health"]
SECRET_NAME = re.compile(r"PASSWORD$|SECRET|FERNET_KEY")
ADDRESS = re.compile(r"\b(?:https?|postgresql\+\w+)://[^\s,\"']+")
# The image's documentation names its port and where it keeps its data.
POSTGRES_PORT, POSTGRES_DATA = 5432, "/var/lib/postgresql/data"


def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


@cache
def pyproject() -> Tree:
    return tomllib.loads(text_of("pyproject.toml"))


@cache
def airflow_options() -> dict[str, Any]:
    """Airflow's options as variable names, with their defaults, read without importing Airflow."""
    spec = importlib.util.find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    file = f"{spec.origin.removesuffix('__init__.py')}config_templates/config.yml"
    with open(file, encoding="utf-8") as source:
        sections = yaml.safe_load(source)
    return {
        f"AIRFLOW__{section.upper()}__{name.upper()}": option["default"]
        for section, content in sections.items()
        for name, option in content["options"].items()
    }


@cache
def kith_variables() -> set[str]:
    """Settings, and the KITH_* names that the code reads from its environment."""
    sources = [*(REPOSITORY / "ml").rglob("*.py"), *(REPOSITORY / "dags").rglob("*.py")]
    reading = re.compile(r"(?:environ\.get\(|envvar=)\"(KITH_\w+)\"")
    read = {name for path in sources for name in reading.findall(path.read_text(encoding="utf-8"))}
    return {f"KITH_{name.upper()}" for name in Settings.model_fields} | read | {ADMIN_PASSWORD}


def services(compose: Tree) -> Iterator[tuple[str, Tree]]:
    yield from compose["services"].items()


def is_kith(service: Tree) -> bool:
    return str(service["image"]).startswith("kith:")


def is_airflow(service: Tree) -> bool:
    return list(service.get("command", []))[:3] == AIRFLOW_COMMAND


def runs_on(service: Tree) -> bool:
    return service.get("restart") != "no"


def environment(service: Tree) -> dict[str, str]:
    return service.get("environment", {})


def strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for value in tree.values():
            yield from strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value)
    elif isinstance(tree, str):
        yield tree


@cache
def mlflow_command() -> click.Group:
    """MLflow's command line; importing it says things to MLflow's own developers."""
    with warnings.catch_warnings(action="ignore"):
        from mlflow.cli import cli
    return cast(click.Group, cli)


def mlflow_options(command: list[str]) -> dict[str, Any]:
    """What MLflow's own parser makes of a command line.

    Raises:
        click.ClickException: MLflow has no such command or option.
    """
    found: click.Command = mlflow_command()
    context, rest = click.Context(found), command[1:]
    while isinstance(found, click.Group):
        name, found, rest = found.resolve_command(context, rest)
    return dict(found.make_context(name, rest).params)


def port_of(service: Tree) -> int | None:
    """The port that a service answers on, by what it is started with."""
    command = list(service.get("command", []))
    if str(service["image"]).startswith("postgres:"):
        return POSTGRES_PORT
    if is_airflow(service) and "api-server" in command:
        name = "AIRFLOW__API__PORT"
        return int(environment(service).get(name) or airflow_options()[name])
    if command[:2] == ["mlflow", "server"]:
        return int(mlflow_options(command)["port"])
    return None


def mounts(service: Tree) -> dict[str, Tree]:
    """Where volumes and memory are mounted in a service."""
    found: dict[str, Tree] = {}
    for volume in service.get("volumes", []):
        if isinstance(volume, str):
            source, target, *mode = VARIABLE.sub("/given", volume).split(":")
            volume = {"source": source, "target": target, "read_only": mode == ["ro"]}
        found[volume["target"]] = volume
    for memory in service.get("tmpfs", []):
        found[memory.split(":")[0]] = {"source": "tmpfs", "target": memory}
    return found


def dockerfile(compose: Tree) -> str:
    """The lines of Kith's image, continued lines joined."""
    found = {
        service["build"]["dockerfile_inline"]
        for _, service in services(compose)
        if is_kith(service)
    }
    assert len(found) == 1, "one image for all"
    return str(found.pop()).replace("\\\n", " ")


def images(compose: Tree) -> Iterator[str]:
    python = re.search(r"--python-version (\S+)", text_of("Makefile"))
    assert python is not None
    if f"FROM python:{python[1]}-" not in dockerfile(compose):
        yield f"the image has another Python than the lock ({python[1]})"
    for name, service in services(compose):
        tag = str(service["image"]).partition(":")[2]
        if is_kith(service) and tag != pyproject()["project"]["version"]:
            yield f"{name}: image {tag} is not this version of Kith"
        if not re.match(r"\d", tag):
            yield f"{name}: the image is not pinned"


def packages(compose: Tree) -> Iterator[str]:
    installs = re.findall(
        r"pip install (?:--quiet --disable-pip-version-check )(.+)", text_of("Makefile")
    )
    lines = dockerfile(compose)
    assert len(installs) == 2
    for options in installs:
        if f"pip install --no-cache-dir {options}" not in re.sub(r" +", " ", lines):
            yield f"the image does not install as the Makefile does: {options}"
    if lines.count("pip install") != len(installs):
        yield "the image installs what the lock does not know"
    locked = set(re.findall(r"^([a-z0-9-]+)==", text_of("requirements.lock"), re.MULTILINE))
    drivers = {
        driver for text in strings(compose) for driver in re.findall(r"postgresql\+(\w+):", text)
    }
    # Airflow asks PostgreSQL through asyncpg, too, whatever the address says.
    for driver in {*drivers, "asyncpg"}:
        if not {driver, f"{driver}-binary"} & locked:
            yield f"the driver {driver} is not in the lock"


def copies(compose: Tree) -> Iterator[str]:
    lines = re.findall(r"^COPY (.+) \S+$", dockerfile(compose), re.MULTILINE)
    copied = {source for line in lines for source in line.split()}
    project = pyproject()
    needed = {name.split(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    needed |= {
        *CODE_FOLDERS,
        "dags",
        "pyproject.toml",
        "requirements.lock",
        project["project"]["readme"],
    }
    if missing := sorted(needed - copied):
        yield f"the image lacks {missing}"
    if absent := sorted(name for name in copied if not (REPOSITORY / name).exists()):
        yield f"the image copies what is not there: {absent}"
    rules = [line for line in text_of(".dockerignore").splitlines() if line and line[0] != "#"]
    if rules[0] != "*" or {rule[1:] for rule in rules if rule[0] == "!"} != copied:
        yield f"the image copies {sorted(copied)}, and .dockerignore lets something else in"


def commands(compose: Tree) -> Iterator[str]:
    for name, service in services(compose):
        command = list(service.get("command", []))
        if not is_kith(service):
            continue
        if is_airflow(service):
            fault = _airflow_fault(command[3:])
        elif command[:1] == ["mlflow"]:
            fault = _mlflow_fault(command)
        else:
            fault = "is not of Airflow or MLflow"
        if fault:
            yield f"{name}: the command `{' '.join(command)}` {fault}"


def _airflow_fault(arguments: list[str]) -> str | None:
    from airflow.cli.cli_parser import get_parser

    try:
        with contextlib.redirect_stderr(io.StringIO()):
            get_parser().parse_args(arguments)
    except (SystemExit, argparse.ArgumentError):
        return "is unknown to Airflow"
    return None


def _mlflow_fault(command: list[str]) -> str | None:
    try:
        mlflow_options(command)
    except click.ClickException as error:
        return f"is refused by MLflow: {error.message}"
    return None


def variables(compose: Tree) -> Iterator[str]:
    mlflow_command()
    import mlflow.environment_variables as of_mlflow

    given = airflow_environment(Home(REPOSITORY / "nowhere"), REPOSITORY / "nowhere")
    for name, service in services(compose):
        for variable, value in environment(service).items():
            if variable.startswith("KITH_") and variable not in kith_variables():
                yield f"{name}: nothing reads {variable}"
            if variable.startswith("AIRFLOW__") and variable not in airflow_options():
                yield f"{name}: Airflow has no option {variable}"
            if variable.startswith("MLFLOW_") and not (
                hasattr(of_mlflow, variable)
                or variable in ("MLFLOW_DISABLE_TELEMETRY", "MLFLOW_DATABASE_PASSWORD")
            ):
                yield f"{name}: MLflow knows no {variable}"
            if is_airflow(service) and given.get(variable) == value:
                yield f"{name}: {variable} repeats what ml/airflow_home.py gives"
    family = [
        (name, environment(service)) for name, service in services(compose) if is_airflow(service)
    ]
    own = {ADMIN_PASSWORD, PASSWORDS_FILE}
    for name, its in family:
        if {key: its[key] for key in its if key not in own} != {
            key: family[0][1][key] for key in family[0][1] if key not in own
        }:
            yield f"{name}: its variables differ from those of {family[0][0]}"
    for needed in ("KITH_HOME", "KITH_LANDING", "MLFLOW_TRACKING_URI", "AIRFLOW__API_AUTH__JWT_SECRET",
                   "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"):  # fmt: skip
        if needed not in family[0][1]:
            yield f"Airflow's services lack {needed}"


def secrets(compose: Tree) -> Iterator[str]:
    example = dotenv(ENV_EXAMPLE.read_text(encoding="utf-8"))
    required = {
        found["name"]
        for text in strings(compose)
        for found in VARIABLE.finditer(text)
        if found["kind"] == "?"
    }
    if required != set(example):
        yield f".env.example and the file differ in {sorted(required ^ set(example))}"
    if filled := sorted(name for name in example if SECRET_NAME.search(name) and example[name]):
        yield f".env.example holds a value for {filled}"
    for name, service in services(compose):
        for variable, value in environment(service).items():
            found = VARIABLE.fullmatch(str(value))
            is_asked_for = found is not None and found["kind"] == "?" and bool(found["text"])
            if (
                SECRET_NAME.search(variable) or variable.endswith("SECRET_KEY")
            ) and not is_asked_for:
                yield f"{name}: {variable} must come from .env, and say so when it is absent"
    for text in strings(compose):
        for address in ADDRESS.findall(text):
            if urlsplit(address).password:
                yield f"an address holds a password: {urlsplit(address).hostname}"
    if not any(ADMIN_PASSWORD in environment(service) for _, service in services(compose)):
        yield "Airflow would make up a password and print it"


def addresses(compose: Tree) -> Iterator[str]:
    ports = {name: port_of(service) for name, service in services(compose)}
    for name, service in services(compose):
        for address in ADDRESS.findall(
            "\n".join(
                strings([service.get(key) for key in ("command", "environment", "healthcheck")])
            )
        ):
            parts = urlsplit(address)
            host = name if parts.hostname == "localhost" else str(parts.hostname)
            if host not in ports or parts.port != ports[host]:
                yield f"{name}: nothing answers at {parts.hostname}:{parts.port}"
            if parts.scheme.startswith("postgresql") and not {
                f"create role {parts.username} login", f"create database {parts.path[1:]} owner {parts.username}",
            } <= {line.split(" password")[0].rstrip(";") for line in str(compose["configs"]["databases"]["content"]).splitlines()}:  # fmt: skip
                yield f"{name}: nobody makes the database {parts.path[1:]} for {parts.username}"
            if parts.path.startswith("/execution") != (
                address == environment(service).get("AIRFLOW__CORE__EXECUTION_API_SERVER_URL")
            ):
                yield f"{name}: the execution API is at /execution/"
        for published in service.get("ports", []):
            host, _, inside = str(published).split(":")
            if host != "127.0.0.1":
                yield f"{name}: {published} is open to other machines"
            if int(inside) != ports[name]:
                yield f"{name}: {published} leads to a port on which it does not answer"
        if list(service.get("command", []))[:2] == ["mlflow", "server"]:
            allowed = mlflow_options(service["command"])["allowed_hosts"].split(",")
            if missing := [
                host
                for host in (name, "localhost", "127.0.0.1")
                if f"{host}:{ports[name]}" not in allowed
            ]:
                yield f"{name}: refuses to be called {missing}"


def places(compose: Tree) -> Iterator[str]:
    declared, used = set(compose["volumes"]), set()
    chowned = " ".join(re.findall(r"chown kith:kith ([^&\n]+)", dockerfile(compose))).split()
    for name, service in services(compose):
        mounted = mounts(service)
        used |= {
            mount["source"]
            for mount in mounted.values()
            if "/" not in mount["source"] and mount["source"][0] != "$"
        } - {"tmpfs"}
        own = environment(service)
        wanted = {
            own[key]: key for key in ("KITH_HOME", "KITH_LANDING", PASSWORDS_FILE) if key in own
        }
        if list(service.get("command", []))[:2] == ["mlflow", "server"]:
            wanted[mlflow_options(service["command"])["artifacts_destination"]] = (
                "--artifacts-destination"
            )
        if not is_kith(service):
            wanted[POSTGRES_DATA] = "its data"
        for place, what in wanted.items():
            over = [target for target in mounted if PurePosixPath(place).is_relative_to(target)]
            if not over:
                yield f"{name}: {what} ({place}) would be lost with the container"
            elif what == "KITH_LANDING" and not mounted[over[0]].get("read_only"):
                yield f"{name}: the landing zone is not read-only"
            elif what == PASSWORDS_FILE and mounted[over[0]]["source"] != "tmpfs":
                yield f"{name}: the password would be kept on a disk"
            elif what in ("KITH_HOME", "--artifacts-destination") and place not in chowned:
                yield f"{name}: {place} does not belong to the user of the image"
    if declared != used:
        yield f"volumes declared and used differ: {sorted(declared ^ used)}"


def health(compose: Tree) -> Iterator[str]:
    from airflow.api_fastapi.core_api.datamodels.monitor import HealthInfoResponse

    known = set(HealthInfoResponse.model_fields)
    for name, service in services(compose):
        if not runs_on(service):
            continue
        check = service.get("healthcheck", {})
        if not {"test", "interval", "timeout", "retries", "start_period"} <= set(check):
            yield f"{name}: has no whole health check"
            continue
        kind, *command = check["test"]
        if kind != "CMD":
            yield f"{name}: the health check needs a shell"
        elif command[:3] == HEALTH_COMMAND:
            unknown = sorted(set(command[4:]) - known)
            of_airflow = command[3].endswith("/api/v2/monitor/health")
            if unknown or bool(command[4:]) != of_airflow or is_airflow(service) != of_airflow:
                yield f"{name}: Airflow's health says nothing of {unknown or command[3:]}"
        elif command[0] != "pg_isready" or f"--port={POSTGRES_PORT}" not in command:
            yield f"{name}: `{' '.join(command)}` is no health check of it"


def order(compose: Tree) -> Iterator[str]:
    every = dict(services(compose))

    def before(name: str, seen: tuple[str, ...] = ()) -> set[str]:
        assert name not in seen, f"{name} waits for itself"
        direct = set(every[name].get("depends_on", {}))
        return direct.union(*(before(other, (*seen, name)) for other in direct))

    for name, service in services(compose):
        for other, how in service.get("depends_on", {}).items():
            wanted = (
                "service_healthy" if runs_on(every[other]) else "service_completed_successfully"
            )
            if how["condition"] != wanted:
                yield f"{name}: waits for {other} to be {how['condition']}, not {wanted}"
        for other in every:
            talks = any(f"//{other}:" in text or f"@{other}:" in text for text in strings(service))
            starts_later = not runs_on(service) or service.get("command", [])[-1:] in (
                ["api-server"],
                ["dag-processor"],
            )
            if (
                talks
                and other != name
                and other not in before(name)
                and not (starts_later and other != "database")
            ):
                yield f"{name}: does not wait for {other}"
        if is_airflow(service) and runs_on(service) and "prepare-airflow" not in before(name):
            yield f"{name}: starts before the database is prepared"
    wanted = {"api-server", "scheduler", "dag-processor"}
    if missing := wanted - {
        word for service in every.values() for word in service.get("command", [])
    }:
        yield f"no service runs {sorted(missing)}"


def caution(compose: Tree) -> Iterator[str]:
    users = {"postgres", *re.findall(r"useradd [^&\n]*?(\w+) *(?:&&|$)", dockerfile(compose), re.M)}
    for name, service in services(compose):
        if service.get("user") not in users:
            yield f"{name}: runs as {service.get('user', 'root')}, whom no image knows"
        if service.get("cap_drop") != ["ALL"] or service.get("privileged"):
            yield f"{name}: keeps privileges"
        if runs_on(service) and service.get("restart") != "unless-stopped":
            yield f"{name}: is not started again"


RULES: list[Callable[[Tree], Iterator[str]]] = [
    images, packages, copies, variables, secrets, addresses, places, health, order, caution,
]  # fmt: skip


def findings(compose: Tree) -> list[str]:
    """Everything that is wrong with a parsed compose file; a command that does not parse hides the rest."""
    return list(commands(compose)) or [found for rule in RULES for found in rule(compose)]
