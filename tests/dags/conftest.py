"""A Python whose neighbour `kith` is a stub, and DAG files loaded the way Airflow loads them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_home import DAGS, STUB, StubHome

# Airflow reads its configuration when it is imported, and makes its home then.
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")


@pytest.fixture(scope="session")
def stub_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of this environment under another name, so that `kith` beside it is the stub."""
    place = tmp_path_factory.mktemp("venv")
    (place / "bin").mkdir()
    python = place / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    (place / "pyvenv.cfg").write_text((Path(sys.prefix) / "pyvenv.cfg").read_text())
    (place / "lib").symlink_to(Path(sys.prefix) / "lib")
    kith = place / "bin" / "kith"
    kith.write_text(f"#!{sys.executable}\n" + STUB.read_text(encoding="utf-8"))
    airflow = place / "bin" / "airflow"
    airflow.write_text(
        f"#!{python}\nimport sys\nfrom airflow.__main__ import main\nsys.exit(main())\n"
    )
    for script in (kith, airflow):
        script.chmod(0o755)
    return python


@pytest.fixture(scope="session")
def stub_home(stub_python: Path, tmp_path_factory: pytest.TempPathFactory) -> StubHome:
    """A home in a zone west of UTC; its Airflow is made by the first command."""
    root = tmp_path_factory.mktemp("home")
    (root / "kith.toml").write_text('timezone = "America/New_York"\n')
    return StubHome(root, stub_python)


@pytest.fixture
def load_dag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Load a DAG file for a home with the given settings, as a fresh import."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.syspath_prepend(str(DAGS))
    names = (
        "kith_claim",
        "kith_clock",
        "kith_steps",
        "customer_360_daily",
        "propensity_training_weekly",
    )

    def forget() -> None:
        for name in names:
            sys.modules.pop(name, None)

    def load(dag_id: str, settings: str = "", **environment: str) -> Any:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        (home / "kith.toml").write_text(settings)
        for name in ("KITH_LANDING", "KITH_TARGETS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("KITH_HOME", str(home))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        forget()
        return __import__(dag_id).dag

    yield load
    forget()
