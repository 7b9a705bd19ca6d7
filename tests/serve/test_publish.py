"""Publishing: a version is written whole, is left alone when it is equal, and is never rewritten."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml.data.warehouse import connect, write_table
from ml.errors import KithError
from ml.home import Home
from ml.run import Run, RunState
from ml.serve.publish import publish_version
from ml.serve.score import VERDICTS
from ml.serve.tables import published_tables
from tests.conftest import query_parquet

DAY = date(2024, 6, 1)
RUN_ID = "0123456789abcdef0123456789abcdef"
NAME = "2024-06-01-0123456789ab"
LETTERS = "cabed"


def audited(root: Path, day: date = DAY, run_id: str = RUN_ID, letters: str = LETTERS) -> Run:
    """A run whose tables, five rows each in any order, have passed the audit."""
    run = Run(Home(root), root / "landing", day, [], lambda line: None)
    with connect(run.home) as connection:
        for table in published_tables():
            columns = dict.fromkeys([f'"{name}"' for name in table.key], "varchar") | {
                "told": "varchar"
            }
            rows = [[letter] * (len(table.key) + 1) for letter in letters]
            write_table(connection, f"published.{table.name}", columns, rows)
        verdict = dict.fromkeys(VERDICTS) | {
            "target": "churn",
            "horizon_days": 90,
            "trained_as_of": day,
        }
        write_table(connection, "scores.verdicts", VERDICTS, [list(verdict.values())])
    state = RunState(run)
    state.begin()
    audit = {"result": "passed", "rules": 24}
    state.note("audit", run_id=run_id, landing_digest="d1", label_lag_days=2, audit=audit)
    return run


def folder_of(run: Run, name: str = NAME) -> Path:
    return run.home.published / "versions" / name


def manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def current(run: Run) -> dict[str, str]:
    found: dict[str, str] = json.loads((run.home.published / "current.json").read_text())
    return found


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_a_version_holds_every_table_and_the_manifest_of_the_contract(tmp_path: Path) -> None:
    run = audited(tmp_path)
    assert publish_version(run) == NAME
    folder = folder_of(run)
    manifest = manifest_of(folder)
    assert {name: value for name, value in manifest.items() if name not in ("files", "models")} == {
        "version": NAME,
        "as_of_date": "2024-06-01",
        "run_id": RUN_ID,
        "landing_digest": "d1",
        "complete_until": "2024-05-30T00:00:00",
        "label_lag_days": 2,
        "audit": {"result": "passed", "rules": 24},
    }
    (model,) = manifest["models"]
    assert (model["target"], model["horizon_days"], model["trained_as_of"]) == (
        "churn",
        90,
        "2024-06-01",
    )
    assert len(manifest["files"]) == len(published_tables()) >= 13
    assert {file["name"] for file in manifest["files"]} == {
        path.name for path in folder.glob("*.parquet")
    }
    for file in manifest["files"]:
        path = folder / file["name"]
        assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert file["rows"] == len(LETTERS)
        assert query_parquet(f"select string_agg(told, '') from '{path}'") == [
            ("".join(sorted(LETTERS)),)
        ]
    assert (folder / "data_dictionary.md").stat().st_size > 1_000
    assert current(run) == {"version": NAME, "as_of_date": "2024-06-01"}
    assert (
        sorted(path.name for path in run.home.published.rglob("*") if "part" in path.suffix) == []
    )


def test_an_equal_version_is_left_untouched(tmp_path: Path) -> None:
    run = audited(tmp_path)
    publish_version(run)
    before = state_of(folder_of(run))
    # The same rows in another order, and refused rows that came in other files.
    again = audited(tmp_path, letters="abcde")
    with connect(again.home) as connection:
        connection.execute("update published.quarantine set file = 'elsewhere' || file")
    assert publish_version(again) == NAME
    assert state_of(folder_of(run)) == before


def test_other_content_under_the_same_name_stops_the_run(tmp_path: Path) -> None:
    run = audited(tmp_path)
    publish_version(run)
    before = state_of(folder_of(run))
    with connect(audited(tmp_path).home) as connection:
        connection.execute("update published.customers set told = 'other' where told = 'a'")
    with pytest.raises(KithError) as stop:
        publish_version(run)
    assert f"The version {NAME} is published already with other content (customers.parquet)" in str(
        stop.value
    )
    assert "Nothing was changed" in str(stop.value)
    assert state_of(folder_of(run)) == before
    assert [path.name for path in folder_of(run).parent.iterdir()] == [NAME]


def tamper(folder: Path, how: str) -> None:
    path, manifest = folder / "customers.parquet", folder / "manifest.json"
    match how:
        case "bytes":
            path.write_bytes(path.read_bytes()[:-1] + b"x")
        case "file removed":
            path.unlink()
        case "manifest":
            manifest.write_text(
                manifest.read_text().replace(
                    hashlib.sha256(path.read_bytes()).hexdigest(), "0" * 64
                )
            )
        case "manifest removed":
            manifest.unlink()


@pytest.mark.parametrize("how", ["bytes", "file removed", "manifest", "manifest removed"])
def test_a_version_that_somebody_touched_is_refused(how: str, tmp_path: Path) -> None:
    run = audited(tmp_path)
    publish_version(run)
    tamper(folder_of(run), how)
    before = state_of(folder_of(run))
    with pytest.raises(
        KithError, match=rf"{NAME} is published already with other content \(.*customers\.parquet"
    ):
        publish_version(run)
    assert state_of(folder_of(run)) == before


def test_an_older_day_is_published_and_readers_stay_where_they_are(tmp_path: Path) -> None:
    publish_version(audited(tmp_path))
    said: list[str] = []
    older = audited(tmp_path, date(2024, 5, 1), "f" * 32)
    run = Run(older.home, older.landing, older.as_of_date, [], said.append)
    assert publish_version(run) == "2024-05-01-ffffffffffff"
    assert (folder_of(run, "2024-05-01-ffffffffffff") / "manifest.json").is_file()
    assert current(run)["version"] == NAME
    assert any("the current version is of a later day" in line for line in said)


def test_nothing_is_published_without_its_audit(tmp_path: Path) -> None:
    run = audited(tmp_path)
    other = Run(run.home, run.landing, date(2024, 6, 2), [], lambda line: None)
    with pytest.raises(
        KithError,
        match="built for 2024-06-02, with the step 'audit' done; it was last built for 2024-06-01",
    ):
        publish_version(other)
    RunState(run).begin()
    with pytest.raises(
        KithError, match=r"for that day only nothing has been done. Run `kith audit`"
    ):
        publish_version(run)
    assert not (run.home.published / "current.json").exists()
    assert not list(run.home.published.rglob("*.parquet"))


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    run = audited(tmp_path)
    with connect(run.home) as connection:
        connection.execute("drop table published.super_users")
    with pytest.raises(Exception, match="super_users"):
        publish_version(run)
    assert list((run.home.published / "versions").iterdir()) == []
    assert not (run.home.published / "current.json").exists()
