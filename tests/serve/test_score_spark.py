"""Scoring by Spark puts into the desk's tables what one machine would, row for row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scorer_worlds import BUYS, DAY, LEAVES, interests, people, scorer

from ml.data.lake import Lake
from ml.data.targets import Target
from ml.data.warehouse import connect, frame, write_table
from ml.run import Run
from ml.serve.expect import TIMING
from ml.serve.score_spark import scored_by_spark
from ml.serve.scorer import PREDICTIONS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow
PEOPLE, REFUSED, OTHERS = 400, 10, 20


def a_lake(run: Run) -> pd.DataFrame:
    """What scoring reads of the lake, with a former day beside it; gives the people who are to be scored."""
    customers = people(PEOPLE).assign(as_of_date=DAY)
    former = customers.assign(as_of_date=DAY.replace(month=6), orders_count_all=99)
    asked = customers.iloc[: PEOPLE - OTHERS]
    population = pd.concat(
        asked[["customer_id", "as_of_date"]].assign(target=t.name, horizon_days=t.horizon_days)
        for t in (BUYS, LEAVES)
    )
    tables = {
        "features.customer_features": pd.concat([former, customers]),
        "features.customer_population": population,
        "events.int_customer__refusals": asked[["customer_id"]].head(REFUSED),
        "interests.customer_interests": interests(customers).assign(as_of_date=DAY),
    }
    lake = Lake(run.home.lake)
    catalog = {}
    for name, rows in tables.items():
        table = pa.Table.from_pandas(rows, preserve_index=False)
        place = lake.place(name)
        place.mkdir(parents=True)
        pq.write_table(table, place / "rows.parquet")
        kinds = {"string": "string", "float": "float", "double": "double", "int64": "bigint"}
        kinds["date32[day]"] = "date"
        catalog[name] = {field.name: kinds[str(field.type)] for field in table.schema}
    save_catalog(lake, catalog)
    return asked.iloc[REFUSED:].drop(columns="as_of_date").reset_index(drop=True)


def save_catalog(lake: Lake, columns: dict[str, dict[str, str]]) -> None:
    """List tables as dbt's companion does."""
    listed = {
        name: {"columns": kinds, "partitioned_by": [], "stamp": ""}
        for name, kinds in columns.items()
    }
    (lake.root / "catalog.json").write_text(json.dumps(listed), encoding="utf-8")


@pytest.mark.parametrize("target", [BUYS, LEAVES])
def test_spark_scores_as_one_machine_does(
    tmp_path: Path, spark: SparkSession, target: Target
) -> None:
    (tmp_path / "home").mkdir()
    run = Run.of(tmp_path / "home", tmp_path, DAY)
    asked, drawn, by = a_lake(run), interests(people(PEOPLE)), scorer(target)
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "150")
    with scored_by_spark(run, by) as scored, connect(run.home) as desk:
        write_table(desk, "scores.predictions", PREDICTIONS, [])
        write_table(desk, "scores.purchase_timing", TIMING, [])
        scored.insert(desk)
        found = frame(desk, "select * from scores.predictions order by customer_id")
        curves = frame(desk, "select * from scores.purchase_timing order by customer_id, days")
    told, told_curves = by.score(asked, drawn)
    assert len(found) == PEOPLE - OTHERS - REFUSED
    alike: dict[str, Any] = {"check_dtype": False, "rtol": 1e-9, "atol": 0}
    pd.testing.assert_frame_equal(found.fillna(-1), told.fillna(-1), **alike)
    pd.testing.assert_frame_equal(curves, told_curves, **alike)
    assert not scored.folder.exists()
