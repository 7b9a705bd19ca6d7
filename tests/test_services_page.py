"""The commands in docs/services.md: the secrets it makes are enough, and what it types exists."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from ml.cli import cli
from tests.services.compose_file import ENV_EXAMPLE, REPOSITORY, dotenv, filled_in, parsed
from tests.services.facts import airflow_knows, mlflow_options

PAGE = REPOSITORY / "docs" / "services.md"
BLOCKS = re.findall(r"```sh(?: services)?\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
# SQL that a line hands to psql is not a command of the shell.
SHELL = re.sub(r"(.*)<<SQL\n.*?\nSQL\n", r"\1\n", "".join(BLOCKS[1:]), flags=re.DOTALL)
LINES = [shlex.split(line, comments=True) for line in SHELL.splitlines()]
AFTER_COMPOSE = {"up", "ps", "cp", "restart", "exec", "stop", "start", "build"}


def after(line: list[str], *words: str) -> list[str] | None:
    """What follows the words in a line, paths before a program aside; None where they do not stand."""
    names = [word.removeprefix(".venv/bin/") for word in line]
    for start in range(len(names)):
        if names[start : start + len(words)] == list(words):
            return names[start + len(words) :]
    return None


def found(*words: str) -> list[list[str]]:
    return [rest for line in LINES if (rest := after(line, *words)) is not None]


def test_the_secrets_are_made_and_enough(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(
        ENV_EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8"
    )
    subprocess.run(["bash", "-euc", BLOCKS[0]], cwd=tmp_path, check=True)
    made = dotenv((tmp_path / ".env").read_text(encoding="utf-8"))
    filled_in(parsed(), made)
    assert len(set(made.values())) == len(made)
    Fernet(made["AIRFLOW_FERNET_KEY"].encode())
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert ".env" in (REPOSITORY / ".gitignore").read_text(encoding="utf-8").splitlines()
    sourced = subprocess.run(
        ["bash", "-euc", 'set -a; . ./.env; echo "$AIRFLOW_JWT_SECRET"'],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert sourced.stdout.strip() == made["AIRFLOW_JWT_SECRET"]


def test_what_it_asks_of_compose_names_services() -> None:
    services = set(parsed()["services"])
    asked = found("docker", "compose")
    assert len(asked) > 10
    for verb, *rest in asked:
        assert verb in AFTER_COMPOSE
        if verb in ("restart", "stop", "start"):
            assert set(rest) <= services
        if verb == "exec":
            assert next(word for word in rest if word[0] != "-") in services
        if verb == "cp":
            (inside,) = [word for word in rest if ":" in word]
            name, _, path = inside.partition(":")
            mounted = [
                str(volume).split(":")[1]
                for volume in parsed()["services"][name]["volumes"]
                if isinstance(volume, str)
            ]
            assert any(path.startswith(place) for place in mounted), inside


@pytest.mark.parametrize("arguments", found("python", "-m", "ml.airflow_home"), ids=" ".join)
def test_airflow_knows_its_commands(arguments: list[str]) -> None:
    assert airflow_knows(arguments)


def test_the_page_starts_what_the_file_starts() -> None:
    started = [arguments for arguments in found("python", "-m", "ml.airflow_home") if arguments]
    for service in parsed()["services"].values():
        command = service.get("command", [])
        if command[:3] == ["python", "-m", "ml.airflow_home"]:
            assert command[3:] in started
    assert {arguments[0] for arguments in found("mlflow")} == {"server", "db"}
    for arguments in found("mlflow"):
        mlflow_options(["mlflow", *arguments])


def test_kith_knows_its_commands() -> None:
    commands = [rest[0] for rest in found("kith")]
    assert commands
    assert set(commands) <= set(cli.commands)
