"""A brand with a person made of canaries, run once through Airflow: what the tests on privacy and erasure share."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ml.data.demo import write_demo
from ml.home import Home
from ml.serve.versions import Versions
from tests.flow.canaries import CANARIES, add_person, found_in
from tests.flow.worlds import SMALL_BRAND, Published, with_empty_registry

CANARY_DAY = date(2026, 6, 20)
TARGETS = "target,horizon_days,population_days\nnext_purchase,30,365\n"


@dataclass(frozen=True)
class CanaryBrand:
    """The brand after one day; `held` names the files of the home that held a canary then."""

    landing: Path
    home: Path
    targets: Path
    published: Published
    held: dict[str, list[str]]


@pytest.fixture(scope="session")
def canary_brand(tmp_path_factory: pytest.TempPathFactory) -> CanaryBrand:
    """Write the brand, run the daily DAG for one day, and see where the canaries are."""
    root = tmp_path_factory.mktemp("canary")
    landing, home, targets = root / "landing", root / "home", root / "targets.csv"
    write_demo(landing, root / "landing-truth", customers=250, months=6, seed=11)
    add_person(landing)
    with_empty_registry(home)
    (home / "kith.toml").write_text(SMALL_BRAND, encoding="utf-8")
    targets.write_text(TARGETS, encoding="utf-8")
    command = ["-m", "ml.airflow_home", "dags", "test", "customer_360_daily", str(CANARY_DAY)]
    tied = {"KITH_HOME": home, "KITH_LANDING": landing, "KITH_TARGETS": targets}
    finished = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, **{name: str(place) for name, place in tied.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    (home / "logs" / "screen.log").write_text(finished.stdout + finished.stderr, encoding="utf-8")
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    current = Versions(Home(home)).current()
    assert current is not None
    folder = home / "published" / "versions" / current.name
    published = Published(folder, current.manifest, [])
    return CanaryBrand(landing, home, targets, published, found_in(home, CANARIES.values()))
