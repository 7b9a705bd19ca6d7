"""`python -m expectations`: exit status and what people read, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from border_worlds import good_world, run_sql

from expectations.__main__ import main
from tests.conftest import database_in_use

REPOSITORY = Path(__file__).resolve().parents[2]


def _run(
    home: Path, border: str = "landing", day: str = "2026-07-01"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "expectations", border, "--home", str(home), "--as-of-date", day],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_good_data_is_one_line_and_a_report(tmp_path: Path) -> None:
    good_world("landing", tmp_path)
    before = (tmp_path / "warehouse" / "kith.duckdb").read_bytes()
    finished = _run(tmp_path)
    assert finished.returncode == 0
    assert finished.stdout == "border landing, 2026-07-01: 5 of 5 rules hold\n"
    assert finished.stderr == ""
    report = json.loads((tmp_path / "reports" / "expectations" / "landing.json").read_text())
    assert (report["result"], report["rules"], len(report["batches"])) == ("passed", 5, 3)
    assert (tmp_path / "reports" / "data_docs" / "landing" / "index.html").is_file()
    assert (tmp_path / "warehouse" / "kith.duckdb").read_bytes() == before


def test_bad_data_is_one_paragraph_and_status_1(tmp_path: Path) -> None:
    home = good_world("landing", tmp_path)
    run_sql(
        home,
        "update staging.landing_summary set rows_staged = 4000, rows_quarantined = 1000 where rows_in = 5000",
    )
    finished = _run(tmp_path)
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert finished.stderr.count("\n") == 1
    assert "2 of 5 rules broken" in finished.stderr
    assert "orders: 1,000 of 5,000 rows (20.0%)" in finished.stderr
    report = json.loads((tmp_path / "reports" / "expectations" / "landing.json").read_text())
    assert report["result"] == "failed"
    assert [broken["stops"] for broken in report["broken"]] == [True, True]


def test_what_cannot_be_judged_leaves_no_old_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "reports" / "expectations" / "landing.json"
    old.parent.mkdir(parents=True)
    old.write_text('{"result": "passed"}')
    assert main(["landing", "--home", str(tmp_path), "--as-of-date", "2026-07-01"]) == 1
    assert "there is no warehouse" in capsys.readouterr().err
    assert not old.exists()


def test_a_warehouse_that_is_being_written_is_told(tmp_path: Path) -> None:
    home = good_world("landing", tmp_path)
    with database_in_use(home.database):
        finished = _run(tmp_path)
    assert finished.returncode == 1
    assert "Conflicting lock is held" in finished.stderr
    assert "wait until that has ended" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["landing"],
        ["somewhere", "--home", "x", "--as-of-date", "2026-07-01"],
        ["landing", "--home", "x", "--as-of-date", "yesterday"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m expectations" in capsys.readouterr().err
