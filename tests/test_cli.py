"""The command line as its users meet it: exit status, one paragraph, no traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ml.commands.options import DAY
from ml.errors import KithError
from ml.home import Home
from ml.serve.versions import Versions
from tests.conftest import Finished, kith_here
from tests.serve.who_worlds import Warehouse

KITH = Path(sys.executable).parent / "kith"
COMMANDS = [
    "demo",
    "import",
    "check",
    "run",
    "build",
    "expect",
    "train",
    "evaluate",
    "promote",
    "experiment",
    "score",
    "audit",
    "publish",
    "monitor",
    "docs",
    "backfill",
    "rollback",
    "erase",
    "status",
    "account",
    "plan",
    "who",
    "audiences",
    "export",
    "uplift",
    "lift",
    "recommend",
]
STEPS = [
    "run",
    "build",
    "train",
    "evaluate",
    "promote",
    "experiment",
    "score",
    "audit",
    "publish",
    "monitor",
    "docs",
    "uplift",
    "lift",
    "recommend",
]
ORDERS = "source,order_id,occurred_at,amount\nweb,1,2024-05-01,10\n"


Kith = Callable[..., Finished]


@pytest.fixture
def kith(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Kith:
    """Run `kith` in this process, in an empty folder, and look at its exit status and words."""
    for name in [name for name in os.environ if name.startswith("KITH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Finished:
        return kith_here(arguments, monkeypatch, capsys)

    return run


def landing_with(tmp_path: Path, name: str = "orders.csv", text: str = ORDERS) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_help_names_every_command_of_the_contract(kith: Kith) -> None:
    told = kith("--help")
    assert told.status == 0
    assert {command for command in COMMANDS if f"  {command} " not in told.out} == set()
    for command in COMMANDS:
        told = kith(command, "-h")
        assert told.status == 0
        assert f" {command} [OPTIONS]" in told.out
    for command in STEPS:
        out = kith(command, "--help").out
        assert {
            name for name in ("--landing", "--home", "--as-of-date", "--targets") if name not in out
        } == set()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Usage:"),
        (["divine"], "No such command 'divine'"),
        (["run", "--as-of-date", "2024-06-01"], "Missing option '--landing'"),
        (["run", "--landing", "x"], "Missing option '--as-of-date'"),
        (
            ["run", "--landing", "x", "--as-of-date", "yesterday"],
            "'yesterday' is not a day written YYYY-MM-DD",
        ),
        (
            ["run", "--landing", "x", "--as-of-date", "2024-02-30"],
            "'2024-02-30' is not a day written YYYY-MM-DD",
        ),
        (
            ["build", "--landing", "x", "--as-of-date", "2024-06-01", "--part", "roof"],
            "'roof' is not one of",
        ),
        (
            ["expect", "heaven", "--landing", "x", "--as-of-date", "2024-06-01"],
            "'heaven' is not one of",
        ),
        (["import", "netflix", "x", "--landing", "y"], "'netflix' is not one of"),
        (["demo", "--landing", "x", "--customers", "0"], "0 is not in the range"),
        (
            ["backfill", "--landing", "x", "--from", "2024-06-02", "--to", "2024-06-01"],
            "lies before --from 2024-06-02",
        ),
        (["erase", "--landing", "x"], "Name the person by --customer ID or by --key SOURCE KEY"),
        (
            ["erase", "--landing", "x", "--customer", "c1", "--key", "web", "k1"],
            "Name the person by --customer ID or by --key SOURCE KEY",
        ),
        (["erase", "--landing", "x", "--key", "web"], "'--key' requires 2 arguments"),
        (["erase", "--customer", "c1"], "Missing option '--landing'"),
        (["status", "--loud"], "No such option"),
        (["export"], "Name an AUDIENCE and --to a destination, or give --all alone"),
        (["export", "ready_to_buy"], "Name an AUDIENCE and --to a destination"),
        (["export", "ready_to_buy", "--to", "email", "--all"], "or give --all alone"),
        (["export", "--all", "--to", "email"], "or give --all alone"),
        (["export", "ready_to_buy", "--to", "fax"], "'fax' is not one of"),
        (["who"], "Name one record by SOURCE KEY, a customer by its id"),
        (["who", "web", "1", "more"], "Name one record by SOURCE KEY, a customer by its id"),
        (["who", "web", "1", "--same", "web:1", "web:2"], "Name one record by SOURCE KEY"),
        (["who", "--same", "a:1", "a:2", "--different", "a:1", "a:2"], "Name one record"),
        (["who", "--same", "web:1"], "'--same' requires 2 arguments"),
        (["who", "--different", "a:1", "a:2"], "name it by --landing"),
    ],
)
def test_wrong_usage_is_status_2(
    arguments: list[str], told: str, kith: Kith, tmp_path: Path
) -> None:
    finished = kith(*arguments)
    assert finished.status == 2
    assert told in finished.err
    assert "Traceback" not in finished.err
    assert list(tmp_path.iterdir()) == []


def stopped(finished: Finished) -> str:
    """The one paragraph of a stop with a reason."""
    assert finished.status == 1
    assert finished.err.startswith("kith: ")
    assert finished.err.count("\n") == 1
    assert "Traceback" not in finished.err
    assert "fault of Kith" not in finished.err
    return finished.err


def test_a_landing_zone_that_is_not_there(kith: Kith, tmp_path: Path) -> None:
    for command in (
        ["check"],
        ["build", "--as-of-date", "2024-06-01"],
        ["run", "--as-of-date", "2024-06-01"],
    ):
        assert f"{tmp_path}/nowhere is not a folder" in stopped(
            kith(*command, "--landing", "nowhere")
        )


def test_bad_files_settings_and_targets_are_told(kith: Kith, tmp_path: Path) -> None:
    landing = landing_with(tmp_path, "orders.csv", "source,order_id,amount\n")
    step = ["build", "--landing", landing, "--as-of-date", "2024-06-01", "--home", "h"]
    assert "orders.csv lacks the required column occurred_at" in stopped(kith(*step))
    assert "orders.csv lacks the required column occurred_at" in stopped(
        kith("check", "--landing", landing)
    )
    (tmp_path / "targets.csv").write_text("target,horizon_days,population_days\nluck,1,1\n")
    assert "row 1: 'luck' is not a known target" in stopped(kith(*step, "--targets", "targets.csv"))
    assert "nowhere.csv cannot be read" in stopped(kith(*step, "--targets", "nowhere.csv"))
    landing_with(tmp_path)
    (tmp_path / "h" / "kith.toml").write_text("threads = 'all'\n")
    assert "threads: Input should be a valid integer" in stopped(kith(*step))
    (tmp_path / "h" / "kith.toml").unlink()
    (tmp_path / "file").write_text("x")
    assert "file cannot be used as a home folder" in stopped(kith(*step[:-1], "file"))
    assert not (tmp_path / "kith-fault.log").exists()


def test_a_step_without_its_predecessor_says_what_to_run_first(kith: Kith, tmp_path: Path) -> None:
    options = ["--landing", landing_with(tmp_path), "--as-of-date", "2024-06-01"]
    for command, needed in {
        "train": "kith build",
        "evaluate": "kith build",
        "promote": "kith build",
        "score": "kith build",
        "audit": "kith score",
        "publish": "kith audit",
        "docs": "kith score",
    }.items():
        message = stopped(kith(command, *options))
        assert "nothing was built yet" in message
        assert f"Run `{needed}" in message
    assert "nothing was built yet" in stopped(kith("expect", "landing", *options))


def test_a_fault_of_ours_is_one_paragraph_and_a_log(
    kith: Kith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(home: Home) -> list[str]:
        raise RuntimeError("the inside of it")

    monkeypatch.setattr("ml.serve.status.describe_home", fall)
    finished = kith("status")
    assert finished.status == 1
    assert finished.err.count("\n") == 1
    assert (
        f"a fault of Kith, not of your data. What happened is in {tmp_path}/kith-fault.log"
        in finished.err
    )
    assert "the inside of it" not in finished.err
    log = (tmp_path / "kith-fault.log").read_text()
    assert "in fall" in log
    assert "RuntimeError: (its words are left out" in log


@pytest.mark.parametrize("stop", [KithError("rule, value, place, way out"), KeyboardInterrupt()])
def test_a_stop_is_status_1(
    stop: BaseException, kith: Kith, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(home: Home) -> list[str]:
        raise stop

    monkeypatch.setattr("ml.serve.status.describe_home", end)
    finished = kith("status")
    assert finished.status == 1
    assert finished.err.strip() in ("kith: rule, value, place, way out", "kith: stopped")


def add_version(home: Path, day: str) -> None:
    folder = home / "published" / "versions" / f"{day}-abc"
    folder.mkdir(parents=True)
    audit = {"result": "passed", "rules": 24}
    manifest = {"as_of_date": day, "complete_until": day, "audit": audit, "models": [], "files": []}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    Versions(Home(home)).make_current_if_not_older(folder.name, DAY.convert(day, None, None))


def test_status_and_rollback(kith: Kith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing is published yet" in kith("status", "--home", "new").out
    assert not (tmp_path / "new").exists()
    assert "nothing to go back from" in stopped(kith("rollback", "--home", "new"))
    for day in ("2024-06-01", "2024-06-02"):
        add_version(tmp_path / "h", day)
    assert kith("status", "--home", "h").out.startswith("current version: 2024-06-02-abc\n")
    assert kith("rollback", "--home", "h").out == "current version: 2024-06-01-abc\n"
    monkeypatch.setenv("KITH_HOME", "h")
    assert kith("status").out.startswith("current version: 2024-06-01-abc\n")
    assert kith("rollback", "--to", "2024-06-02-abc").out == "current version: 2024-06-02-abc\n"
    assert (
        "no version is named soon. Published versions: 2024-06-01-abc, 2024-06-02-abc."
        in stopped(kith("rollback", "--to", "soon"))
    )


def test_who_is_who_and_a_decision(
    kith: Kith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse().people(["web:1"], ["web:2"])
    profile = {"source": "web", "source_key": "1", "known_at": "2024-01-01", "name": "Nguyễn Linh"}
    warehouse.add("stg_profiles", profile).build(tmp_path / "h")
    told = kith("who", "web", "1", "--home", "h")
    assert told.status == 0
    assert told.out.startswith("Customer c00000000000000000000 since 2024-02-01\n")
    assert "  web:1  Nguyễn Linh  2024-01-01 09:00  2024-02-01\n" in told.out
    assert "has this key" in stopped(kith("who", "web", "9", "--home", "h"))
    landing_with(tmp_path)
    monkeypatch.setenv("KITH_HOME", "h")
    monkeypatch.setenv("KITH_LANDING", "landing")
    assert "web:1 and web:2 are the same person" in kith("who", "--same", "web:1", "web:2").out
    told = kith("who", "--different", "web:1", "web:2", "--by", "Ann")
    assert "takes the place of the opposite decision" in told.out
    assert kith("who", "web", "1").status == 0
    rows = (tmp_path / "landing/links/decisions-by-hand.csv").read_text().splitlines()
    assert rows[1:] == ['"web","1","web","2","different","2024-06-01 00:00:00+00:00","Ann"']
    terminal = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(terminal, "ascii"))
    assert kith("who", "web", "1").status == 0
    assert b"web:1  Nguy?n Linh  " in terminal.getvalue()


def test_the_installed_command_says_the_same(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(KITH), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    assert run("--version").returncode == 0
    assert run("status", "--home", "h").stdout.startswith(f"{tmp_path}/h: nothing is published yet")
    assert run("rollback", "--home", "h").returncode == 1
    assert run("status", "--loud").returncode == 2
