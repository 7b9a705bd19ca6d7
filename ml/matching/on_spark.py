"""Splink on Spark: the pairs of profile states are compared there, everything else stays on the desk.

Comparing is what grows with the candidates and what costs. What is learned comes from a sample of a fixed size, and
is learned on the desk, where it repeats; weights are arithmetic on levels, which are whole numbers: so both engines
accept the same pairs with the same weights, to the last bit.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import sqlglot
from splink import Linker
from splink.comparison_level_library import CustomLevel
from sqlglot import exp

from ml.data.spark import register_column_function, session
from ml.data.sql_text import literal
from ml.home import Home
from ml.matching.backends import found_levels
from ml.matching.comparisons import Level
from ml.matching.model import splink_settings
from ml.matching.parameters import usual_parameters
from ml.matching.spark_functions import ALIKE

# Each statement costs Spark seconds, whatever it compares.
MOST_PAIRS = 100_000_000


class Cluster:
    """Splink on the Spark session of a home."""

    most_pairs = MOST_PAIRS

    def __init__(self, home: Home) -> None:
        self._home = home

    def levels(self, connection: duckdb.DuckDBPyConnection, states: str, pairs: str) -> str:
        """As `Backend` says; the tables go to Spark and come back as Parquet, in the folder of the lake."""
        folder = self._home.lake / "comparing"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in (states, pairs):
            file = literal(folder / f"{name}.parquet")
            connection.execute(f"copy (from {name}) to {file} (format parquet)")
        try:
            _compare(self._home, folder / f"{states}.parquet", folder / f"{pairs}.parquet", folder)
            connection.execute(
                f"create or replace table found_levels as from read_parquet({literal(folder / 'levels/*.parquet')})"
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return "found_levels"


def _compare(home: Home, states: Path, pairs: Path, folder: Path) -> None:
    """Write the levels of pairs, as Parquet in `folder`/levels."""
    from splink import SparkAPI

    spark = session(home)
    for name, alike in ALIKE.items():
        register_column_function(spark, _spark_name(name), alike)
    # Its own functions would need Java's archive on every machine, and find other levels.
    api = SparkAPI(  # type: ignore[no-untyped-call]
        spark_session=spark, break_lineage_method="persist", register_udfs_automatically=False
    )
    usual = usual_parameters()
    settings = splink_settings(usual.m, usual.u, custom_level)
    linker = Linker(api.register(spark.read.parquet(str(states))), settings, log_level=None)
    met = spark.read.parquet(str(pairs)).selectExpr(
        "left_state_no as join_key_l", "right_state_no as join_key_r", "'0' as match_key"
    )
    linker.table_management.register_blocked_pairs_for_predict(api.register(met))
    predicted = linker.inference.predict(warning_mode="never").physical_name
    found = spark.sql(f"select {found_levels()} from {predicted}")
    found.write.parquet(str(folder / "levels"))
    spark.catalog.clearCache()


def custom_level(level: Level) -> CustomLevel:
    """A level as Splink takes it, on Spark."""
    return CustomLevel(spark_sql(level.sql), level.label, base_dialect_str="spark")


def spark_sql(condition: str) -> str:
    """A condition in DuckDB's words, in Spark's.

    Sqlglot translates most of it. Lists are arrays, and texts are compared by the functions of `spark_functions`.
    """
    tree = sqlglot.parse_one(condition, read="duckdb")
    return tree.transform(_in_sparks_words).sql(dialect="spark")


def _in_sparks_words(node: exp.Expression) -> exp.Expression:
    name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
    if name in _WORDS:
        return _WORDS[name](*_arguments(node))
    return node


def _arguments(node: exp.Expression) -> list[exp.Expression]:
    return node.expressions if isinstance(node, exp.Anonymous) else [node.this, node.expression]


def _spark_name(function: str) -> str:
    """Not Spark's own function of that name."""
    return f"kith_{function}"


def _alike(function: str) -> Callable[..., exp.Expression]:
    return lambda left, right: exp.Anonymous(this=_spark_name(function), expressions=[left, right])


def _all_of(whole: exp.Expression, parts: exp.Expression) -> exp.Expression:
    missing = exp.Anonymous(this="array_except", expressions=[parts, whole])
    return exp.EQ(
        this=exp.Anonymous(this="size", expressions=[missing]), expression=exp.Literal.number(0)
    )


_WORDS: dict[str, Callable[..., exp.Expression]] = {
    "arrayoverlaps": lambda left, right: exp.Anonymous(
        this="arrays_overlap", expressions=[left, right]
    ),
    "list_has_all": _all_of,
    "jarowinklersimilarity": _alike("jaro_winkler_similarity"),
    "jaro_similarity": _alike("jaro_similarity"),
    "damerau_levenshtein": _alike("damerau_levenshtein"),
    "levenshtein": _alike("levenshtein"),
}
