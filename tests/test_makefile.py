"""`make mlflow` shows the models of a home folder, and says what to do where there are none."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from ml.data.targets import Target
from ml.home import REPOSITORY, Home
from ml.learn.registry import Registry

# Everything that the targets need is installed beside this Python: only the recipe itself is run.
MAKE = ["make", "--no-print-directory", "-o", "setup", f"VENV={Path(sys.executable).parent.parent}"]
CARD = "# A card\n"


def test_a_home_without_models_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [*MAKE, "mlflow", f"KITH_HOME={tmp_path}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout.startswith(f"no models in {tmp_path} yet: make run trains some")


@pytest.mark.slow
def test_models_and_cards_are_shown(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    run_id = Registry(Home(home)).log_run(
        Target("churn", 90, 90), "train", tags={}, parameters={}, metrics={"served.auc": 0.75}, texts={"card.md": CARD}
    )  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*MAKE, "mlflow", f"KITH_HOME={home}", f"MLFLOW_PORT={port}"],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        assert "MLflow" in wait_for(base, server)
        run = json.loads(read(f"{base}/api/2.0/mlflow/runs/get?run_id={run_id}"))["run"]
        assert [metric["value"] for metric in run["data"]["metrics"]] == [0.75]
        assert read(f"{base}/get-artifact?path=card.md&run_uuid={run_id}") == CARD
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def wait_for(address: str, server: subprocess.Popen[bytes], seconds: float = 90) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server has ended"
        try:
            return read(address)
        except URLError:
            time.sleep(0.5)
    raise AssertionError(f"nothing answers at {address}")


def read(address: str) -> str:
    with urlopen(address, timeout=30) as answer:
        return str(answer.read().decode())
