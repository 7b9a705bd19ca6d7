"""The home folder: one process at a time, and the second one is told who holds it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ml.errors import KithError
from ml.home import Home
from tests.conftest import another_process

KITH = Path(sys.executable).parent / "kith"
HOLD = """
import sys
from pathlib import Path
from ml.home import Home
with Home(Path(sys.argv[1])).lock("kith run --as-of-date 2024-06-01"):
    print("held", flush=True)
    input()
"""


def holder_of(home: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """Another process that holds a home as long as the block lasts."""
    return another_process(HOLD, str(home))


def test_the_second_process_says_who_holds_the_lock_and_stops(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with holder_of(home) as holder:
        finished = subprocess.run(
            [str(KITH), "rollback", "--home", str(home)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert (
        f"kith: {home} is in use: `kith run --as-of-date 2024-06-01` (process {holder.pid} on "
        in finished.stderr
    )
    assert "Wait until it has ended, or stop that process" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_the_lock_is_free_when_its_holder_has_ended_or_was_killed(tmp_path: Path) -> None:
    with holder_of(tmp_path):
        pass
    with Home(tmp_path).lock("kith build"):
        pass
    with holder_of(tmp_path) as holder:
        holder.kill()
        holder.wait()
        assert (tmp_path / "lock.json").exists()
        with Home(tmp_path).lock("kith build"):
            assert json.loads((tmp_path / "lock.json").read_text())["pid"] == os.getpid()


def test_the_lock_is_free_after_a_failure(tmp_path: Path) -> None:
    home = Home(tmp_path / "new" / "home")
    with pytest.raises(ZeroDivisionError), home.lock("kith build"):
        raise ZeroDivisionError
    assert not (home.root / "lock.json").exists()
    with home.lock("kith build"):
        assert json.loads((home.root / "lock.json").read_text())["doing"] == "kith build"


def test_a_holder_that_left_no_name(tmp_path: Path) -> None:
    with holder_of(tmp_path):
        (tmp_path / "lock.json").write_text("{")
        with (
            pytest.raises(KithError, match="another process holds the lock"),
            Home(tmp_path).lock("kith build"),
        ):
            pass


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    with (
        pytest.raises(KithError, match=r"home cannot be used as a home folder: .*--home"),
        Home(tmp_path / "home").lock("kith build"),
    ):
        pass


def test_every_place_lies_in_the_home_folder(tmp_path: Path) -> None:
    home = Home(tmp_path)
    places = [
        home.database,
        home.raw,
        home.run_state,
        home.mlflow,
        home.published,
        home.reports,
        home.logs,
    ]
    assert len(set(places)) == 7
    assert all(place.is_relative_to(tmp_path) for place in places)
