"""What the compose file is held against: the project's own files, and what Airflow and MLflow know of themselves."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import tomllib
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import click
import yaml

from ml.airflow_home import ADMIN_PASSWORD
from ml.settings import Settings
from tests.services.compose_file import REPOSITORY, VARIABLE

Tree = dict[str, Any]
AIRFLOW_COMMAND = ["python", "-m", "ml.airflow_home"]
MLFLOW_SERVER = ["mlflow", "server"]
# The image of PostgreSQL says so of itself.
POSTGRES_PORT, POSTGRES_DATA = 5432, "/var/lib/postgresql/data"


def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


@cache
def pyproject() -> Tree:
    return tomllib.loads(text_of("pyproject.toml"))


@cache
def airflow_options() -> dict[str, Any]:
    """Airflow's options as variable names, with their defaults; Airflow itself is not imported."""
    spec = importlib.util.find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "config_templates" / "config.yml"
    sections = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        f"AIRFLOW__{section.upper()}__{name.upper()}": option["default"]
        for section, content in sections.items()
        for name, option in content["options"].items()
    }


def airflow_knows(arguments: list[str]) -> bool:
    """Does Airflow have this command, with these options?"""
    from airflow.cli.cli_parser import get_parser

    try:
        with contextlib.redirect_stderr(io.StringIO()):
            get_parser().parse_args(arguments)
    except SystemExit:
        return False
    return True


@cache
def mlflow_command() -> click.Group:
    """MLflow's command line; to import it gives warnings to MLflow's own developers."""
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
        name, subcommand, rest = found.resolve_command(context, rest)
        assert subcommand is not None
        found = subcommand
    return dict(found.make_context(name, rest).params)


def mlflow_variables() -> set[str]:
    """Variables that MLflow reads."""
    mlflow_command()
    import mlflow.environment_variables as known

    # Two that MLflow keeps with the module that reads them.
    return {*vars(known), "MLFLOW_DISABLE_TELEMETRY", "MLFLOW_TRACKING_URI"}


@cache
def kith_variables() -> set[str]:
    """Settings, and the other KITH_* names that the code reads from its environment."""
    sources = [*(REPOSITORY / "ml").rglob("*.py"), *(REPOSITORY / "dags").rglob("*.py")]
    reading = re.compile(r"(?:environ\.get\(|envvar=)\"(KITH_\w+)\"")
    read = {name for path in sources for name in reading.findall(path.read_text(encoding="utf-8"))}
    return {f"KITH_{name.upper()}" for name in Settings.model_fields} | read | {ADMIN_PASSWORD}


def services(compose: Tree) -> Iterator[tuple[str, Tree]]:
    yield from compose["services"].items()


def command_of(service: Tree) -> list[str]:
    return list(service.get("command", []))


def environment_of(service: Tree) -> dict[str, str]:
    return dict(service.get("environment", {}))


def is_kith(service: Tree) -> bool:
    """Does it run Kith's own image?"""
    return str(service["image"]).startswith("kith:")


def is_airflow(service: Tree) -> bool:
    return command_of(service)[:3] == AIRFLOW_COMMAND


def keeps_running(service: Tree) -> bool:
    return service.get("restart") != "no"


def port_of(service: Tree) -> int | None:
    """The port that a service answers on, by what it is started with."""
    command = command_of(service)
    if not is_kith(service):
        return POSTGRES_PORT
    if is_airflow(service) and "api-server" in command:
        name = "AIRFLOW__API__PORT"
        return int(environment_of(service).get(name) or airflow_options()[name])
    if command[:2] == MLFLOW_SERVER:
        return int(mlflow_options(command)["port"])
    return None


def mounts(service: Tree) -> dict[str, Tree]:
    """Volumes and memory of a service, by where they are mounted."""
    found: dict[str, Tree] = {}
    for volume in service.get("volumes", []):
        if isinstance(volume, str):
            source, target, *mode = VARIABLE.sub("/given", volume).split(":")
            volume = {"source": source, "target": target, "read_only": mode == ["ro"]}
        found[volume["target"]] = volume
    for memory in service.get("tmpfs", []):
        found[memory.split(":")[0]] = {"type": "tmpfs"}
    return found


def strings(tree: Any) -> Iterator[str]:
    """Every text in a tree."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list):
        for value in tree:
            yield from strings(value)
    elif isinstance(tree, str):
        yield tree


def dockerfile(compose: Tree) -> str:
    """The lines of Kith's image, continued lines joined."""
    files = {its["build"]["dockerfile_inline"] for _, its in services(compose) if is_kith(its)}
    assert len(files) == 1, "every service of Kith runs the same image"
    return re.sub(r" *\\\n *", " ", files.pop())
