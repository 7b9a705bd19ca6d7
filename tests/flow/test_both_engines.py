"""The same day under both engines publishes the same: one small brand, from the landing zone to the version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ml.data.demo import write_demo
from ml.data.spark import spark_environment
from ml.errors import KithError
from ml.home import Home
from tests.conftest import REPOSITORY
from tests.flow.same_version import differences

# Every statement costs Spark a quarter of a second of processor, every cut-off and every Monday two dozen of them, and
# more rows cost little: the history is so short that four cut-offs are learned from, and people are many.
DAY = date(2026, 6, 6)
TARGETS = "target,horizon_days,population_days\nnext_purchase,30,365\n"
SETTINGS = """
default_country = "GB"
min_class_customers = 5
memory_limit = "1500MB"

[spark_conf]
# A short run is over before compiled code has paid for itself; what is compiled must find room, though.
"spark.driver.extraJavaOptions" = "-XX:+UseSerialGC -Xmn500m -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
"spark.sql.codegen.wholeStage" = "false"
"spark.sql.codegen.factoryMode" = "NO_CODEGEN"
"spark.sql.adaptive.enabled" = "false"
"spark.sql.shuffle.partitions" = "1"
"""


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder that each engine publishes."""
    root = tmp_path_factory.mktemp("engines")
    _require_spark(root)
    write_demo(root / "landing", root / "landing-truth", customers=2500, months=2)
    return {engine: _published(root, engine) for engine in ("duckdb", "spark")}


def _require_spark(root: Path) -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    try:
        spark_environment(Home(root / "none"))
    except KithError as error:
        pytest.skip(str(error))


def _published(root: Path, engine: str) -> Path:
    home, targets = root / engine, root / "targets.csv"
    home.mkdir()
    (home / "kith.toml").write_text(SETTINGS, encoding="utf-8")
    targets.write_text(TARGETS, encoding="utf-8")
    words = ["run", "--engine", engine, "--landing", root / "landing", "--home", home]
    words += ["--targets", targets, "--as-of-date", DAY]
    finished = subprocess.run(
        [sys.executable, "-m", "ml.cli", *map(str, words)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    (folder,) = (home / "published" / "versions").iterdir()
    return folder


@pytest.mark.slow
def test_both_engines_publish_the_same(versions: dict[str, Path]) -> None:
    scores = pd.read_parquet(versions["spark"] / "customer_scores.parquet")
    assert (scores["status"] == "scored").sum() > 50
    assert differences(versions["duckdb"], versions["spark"]) == []
    assert versions["duckdb"].name == versions["spark"].name
    home = Home(versions["spark"].parents[2])
    assert next(home.lake.glob("published.db/customers/*.parquet"), None) is not None


def _customers(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def spoil(version: Path) -> None:
        path = version / "customer_tags.parquet"
        change(pd.read_parquet(path)).to_parquet(path, index=False)

    return spoil


def _manifest(version: Path) -> None:
    path = version / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "run_id": "another"}))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_customers(lambda rows: rows.assign(value=["x", "c"])), "value differs in 1 of 2 rows"),
        (_customers(lambda rows: rows.assign(evidence=[None, "e"])), "evidence differs in 1"),
        (_customers(lambda rows: rows.head(1)), "1 keys differ"),
        (_customers(lambda rows: rows.assign(share=[0.5, 0.25 + 1e-7])), "share differs in 1"),
        (_customers(lambda rows: rows.astype({"share": "float32"})), "column share is double"),
        (_manifest, "manifest: run_id"),
        (lambda version: (version / "customer_tags.parquet").unlink(), "only on one side"),
    ],
)
def test_a_difference_is_found(tmp_path: Path, spoil: Callable[[Path], None], told: str) -> None:
    left, right = tmp_path / "left", tmp_path / "right"
    left.mkdir()
    rows = {
        "customer_id": ["a", "b"],
        "tag": ["t", "t"],
        "value": ["b", "c"],
        "evidence": ["d", "e"],
    }
    pd.DataFrame({**rows, "share": [0.5, 0.25]}).to_parquet(
        left / "customer_tags.parquet", index=False
    )
    manifest = {"run_id": "one", "files": [{"name": "customer_tags.parquet", "sha256": "s"}]}
    (left / "manifest.json").write_text(json.dumps(manifest))
    shutil.copytree(left, right)
    alike = differences(left, right)
    spoil(right)
    assert any(told in line for line in set(differences(left, right)) - set(alike))


def test_equal_rows_in_other_files_are_equal(tmp_path: Path) -> None:
    for name, order in (("left", [0, 1]), ("right", [1, 0])):
        (tmp_path / name).mkdir()
        rows = pd.DataFrame({"customer_id": ["a", "b"], "tag": ["t", None], "share": [0.1, None]})
        rows.iloc[order].to_parquet(tmp_path / name / "customer_tags.parquet", index=False)
        (tmp_path / name / "manifest.json").write_text(
            json.dumps({"files": [{"name": "customer_tags.parquet", "sha256": name}]})
        )
    told = differences(tmp_path / "left", tmp_path / "right")
    assert [line for line in told if "customer_tags" in line] == []
