"""The batches of a suite on Spark: the same queries, told in Spark's SQL, over the tables of the lake.

At the desk are asked the queries of the list of columns itself, and those that read a table once per feature.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import sqlglot
from sqlglot import exp

from expectations.validation import POSITION
from ml.data import spark
from ml.data.lake import Lake
from ml.home import Home

# A query of one arm per feature reads one column in each; Spark plans and starts every arm by itself, which takes
# it minutes, while the desk reads the same files in seconds.
MOST_SCANS = 20


class SparkBatches:
    """A Spark session that knows the lake's tables, each as a view `<schema>__<table>`."""

    def __init__(self, home: Home) -> None:
        self._session: Any = spark.session(home)
        lake = Lake(home.lake)
        self._known = set(lake.tables())
        spark.show_tables(self._session, lake, {name: _view(name) for name in self._known})

    def can_run(self, query: str) -> bool:
        """Does a query read nothing but tables of the lake, and few times enough for Spark to plan it?"""
        found = sqlglot.parse_one(query, read="duckdb").find_all(exp.Table)
        tables = [f"{table.db}.{table.name}" for table in found if table.db]
        return len(tables) <= MOST_SCANS and set(tables) <= self._known

    def run(self, query: str, parameters: dict[str, Any]) -> tuple[pd.DataFrame, Any]:
        """The rows of a query, collected and as Spark's frame, which numbers them in the column POSITION."""
        found = self._session.sql(in_spark(query, parameters)).coalesce(1)
        numbered = found.selectExpr("*", f"monotonically_increasing_id() as {POSITION}").cache()
        rows = numbered.toPandas().sort_values(POSITION, ignore_index=True)
        return rows.drop(columns=POSITION), numbered

    def given(self, rows: pd.DataFrame) -> Any:
        """Rows that the desk has read, as Spark's frame."""
        numbered = rows.assign(**{POSITION: range(len(rows))})
        return self._session.createDataFrame(pa.Table.from_pandas(numbered, preserve_index=False))


def in_spark(query: str, parameters: dict[str, Any]) -> str:
    """A query of a suite in Spark's SQL, its parameters filled in, its tables by the names of their views."""

    def told(node: Any) -> Any:
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return exp.convert(
                parameters[node.this.name if isinstance(node.this, exp.Expression) else node.name]
            )
        if isinstance(node, exp.Table) and node.db:
            view = exp.to_table(_view(f"{node.db}.{node.name}"))
            return exp.alias_(view, node.alias or node.name, table=True)
        return node

    return sqlglot.parse_one(query, read="duckdb").transform(told).sql(dialect="spark")


def _view(name: str) -> str:
    return name.replace(".", "__")
