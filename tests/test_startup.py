"""What a command costs before it does anything: no more is loaded than it needs, and `kith status` answers at once."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

LANDED = ["--landing", "l", "--home", "h", "--as-of-date", "2026-07-01"]
# What takes long to load, from the quickest upwards.
FILES = {"yaml", "pyarrow", "numpy"}
FRAMES = {"pandas", "scipy"}
PLOTS = {"matplotlib"}
MATCHING = {"splink", "sqlglot", "phonenumbers", "networkx"}
LEARNING = {"sklearn", "lightgbm"}
REGISTRY = {"mlflow", "sqlalchemy", "polars"}
OTHERS = {"airflow", "dbt", "great_expectations", "pyspark"}
EVERYTHING = {"duckdb"} | FILES | FRAMES | PLOTS | MATCHING | LEARNING | REGISTRY | OTHERS
ONLY_SQL = EVERYTHING - {"duckdb"} - FILES

# Command line, and what must not be loaded for it. On an empty home a step stops once it is loaded.
COMMANDS: list[tuple[list[str], set[str]]] = [
    (["--help"], EVERYTHING),
    (["run", "--help"], EVERYTHING),
    (["status", "--home", "h"], EVERYTHING),
    (["rollback", "--home", "h"], EVERYTHING),
    (["expect", "landing", *LANDED], EVERYTHING),
    (["who", "web", "1", "--home", "h"], EVERYTHING - {"duckdb"}),
    *((["build", "--part", part, *LANDED], ONLY_SQL) for part in ("landing", "features", "tables")),
    (["audit", *LANDED], ONLY_SQL),
    (["publish", *LANDED], ONLY_SQL),
    (["build", "--part", "identity", *LANDED], PLOTS | LEARNING | REGISTRY | OTHERS),
    (["docs", *LANDED], MATCHING | LEARNING | REGISTRY | OTHERS),
    (
        ["export", "--all", "--home", "h", "--as-of-date", "2026-07-01"],
        MATCHING | LEARNING | REGISTRY,
    ),
    (["promote", *LANDED], PLOTS | MATCHING | LEARNING),
    (["account", "--home", "h"], PLOTS | MATCHING | LEARNING),
    (["score", *LANDED], PLOTS | MATCHING),
]
# Every command in a copy of one process, so that none finds what another has loaded. `mlflow` names packages that it
# would load on demand; such a name is no loaded module yet.
PROGRAM = """
import json, os, sys
from types import ModuleType
import ml.cli
watched = set(sys.argv[2:])
for number, arguments in enumerate(json.loads(sys.argv[1])):
    if os.fork() == 0:
        sys.argv = ["kith", *arguments]
        try:
            ml.cli.main()
        except SystemExit:
            pass
        loaded = sorted(name for name in watched if type(sys.modules.get(name)) is ModuleType)
        print("@", json.dumps([number, loaded]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> list[set[str]]:
    """Of each command, what it has loaded of what takes long."""
    place = tmp_path_factory.mktemp("startup")
    (place / "l").mkdir()
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([line for line, _ in COMMANDS]), *EVERYTHING],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line[1:]) for line in finished.stdout.splitlines() if line[:1] == "@"]
    assert [number for number, _ in found] == list(range(len(COMMANDS))), finished.stderr
    return [set(names) for _, names in found]


@pytest.mark.parametrize(
    "number", range(len(COMMANDS)), ids=[" ".join(line[:3]) for line, _ in COMMANDS]
)
def test_a_command_loads_nothing_that_it_does_not_need(loaded: list[set[str]], number: int) -> None:
    assert loaded[number] & COMMANDS[number][1] == set()


def test_what_is_loaded_is_seen(loaded: list[set[str]]) -> None:
    of = {line[0]: names for (line, _), names in zip(COMMANDS, loaded, strict=True)}
    assert "duckdb" in of["audit"]
    assert of["score"] >= {"lightgbm", "sklearn", "mlflow"}


def test_status_answers_at_once_however_many_versions_there_are(tmp_path: Path) -> None:
    for number in range(30):
        _publish(tmp_path / "h", date(2026, 6, 1) + timedelta(days=number))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subprocess.run(
        [sys.executable, "-m", "ml.cli", "status", "--home", "h"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert finished.stdout.startswith("current version: 2026-06-30-x\n")
    assert "customers.parquet: 30 rows" in finished.stdout
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 0 < seconds < 1, "0.2 seconds of processor where nothing is loaded that it does not need"


def _publish(home: Path, day: date) -> None:
    version = {"version": f"{day}-x", "as_of_date": day.isoformat()}
    manifest = {
        **version,
        "complete_until": f"{day}T00:00:00",
        "audit": {"result": "passed", "rules": 60},
        "models": [],
        "files": [{"name": "customers.parquet", "rows": day.day}],
    }
    folder = home / "published" / "versions" / version["version"]
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (home / "published" / "current.json").write_text(json.dumps(version), encoding="utf-8")
