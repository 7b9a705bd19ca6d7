"""dbt's parse of the project is kept: over days and homes, over processes, until a file or what it read has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml.home import DBT_PROJECT, Home

PROFILE = """
small:
  target: duckdb
  outputs: {duckdb: {type: duckdb, path: "{{ env_var('KITH_WAREHOUSE', 'kith.duckdb') }}", schema: main}}
"""
MODEL = (
    """{{ config(tags=[env_var('KITH_FEATURE_FAMILIES', '')]) }} select '{{ var("day") }}' as day"""
)
# Asks for the parse as each request says, and tells for each whether a new one was made and which nodes it holds.
ASK = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from parsed import runner
former = None
for environment, day, edit in json.loads(sys.argv[2]):
    os.environ.update(environment)
    if edit:
        open(edit, "w").write("select 1 as one")
    place = ["--project-dir", sys.argv[3], "--profiles-dir", sys.argv[3], "--target-path", sys.argv[3] + "/../target"]
    arguments = ["build", *place, "--vars", json.dumps({"day": day}), "--log-level-file", "none", "--quiet"]
    ready = runner(arguments)
    outcome = ready.invoke(arguments)
    code = {result.node.name: result.node.compiled_code for result in outcome.result.results}
    print("@", json.dumps([ready.manifest is not former, code]), flush=True)
    former = ready.manifest
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / "models").mkdir(parents=True)
    (place / "dbt_project.yml").write_text("{name: small, profile: small, vars: {day: none}}")
    (place / "profiles.yml").write_text(PROFILE)
    (place / "models" / "today.sql").write_text(MODEL)
    return place


def database(project: Path, home: str) -> Path:
    """The warehouse of a home; the file has the same name in each, and DuckDB calls the database by it."""
    folder = project.parent / home
    folder.mkdir(exist_ok=True)
    return folder / "kith.duckdb"


def ask(
    project: Path, *requests: tuple[dict[str, str], str, str]
) -> list[tuple[bool, dict[str, str]]]:
    """For each (environment, day, file to write): was the project parsed anew, and what was run."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(DBT_PROJECT), json.dumps(requests), str(project)],
        env={**os.environ, "PYTHONWARNINGS": "ignore", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(json.loads(line[1:])) for line in done.stdout.splitlines() if line[:1] == "@"]


def test_a_parse_serves_every_day_and_home_until_something_it_read_has_changed(
    project: Path,
) -> None:
    homes = [{"KITH_WAREHOUSE": str(database(project, name))} for name in ("one", "two")]
    answers = ask(
        project,
        (homes[0], "monday", ""),
        (homes[0], "tuesday", ""),
        (homes[1], "wednesday", ""),
        ({"KITH_FEATURE_FAMILIES": "orders"}, "thursday", ""),
        ({}, "friday", str(project / "models" / "more.sql")),
    )
    assert [anew for anew, _ in answers] == [True, False, False, True, True]
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    assert [code["today"].strip() for _, code in answers] == [
        f"select '{day}' as day" for day in days
    ]
    assert [list(code) for _, code in answers[3:]] == [["today"], ["more", "today"]]
    assert all(database(project, name).exists() for name in ("one", "two"))


def test_the_next_process_reads_the_parse_of_the_last(project: Path) -> None:
    written = []
    for day in ("monday", "tuesday"):
        ((_, code),) = ask(project, ({"KITH_WAREHOUSE": str(database(project, day))}, day, ""))
        assert code["today"].strip() == f"select '{day}' as day"
        (kept,) = (project / "target" / "parsed").rglob("partial_parse.msgpack")
        written.append(kept.stat().st_mtime_ns)
    assert written[0] == written[1]


def test_the_profile_without_a_home_names_the_database_as_every_home_does() -> None:
    profile = (DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8")
    assert f"env_var('KITH_WAREHOUSE', '{Home(Path('any')).database.name}')" in profile
