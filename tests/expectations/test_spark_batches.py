"""The suites' queries in Spark's SQL, and rules that judge Spark's frames as they judge those of pandas."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import sqlglot

from expectations.batches import BatchRows
from expectations.spark_batches import SparkBatches, in_spark
from expectations.suites import Batch, Rule, Suite, borders, load_suite
from expectations.validation import validate
from ml.home import Home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BETWEEN = "expect_column_values_to_be_between"
COUNTS = "select 'a' as kind, 1 as bad union all select 'b', 0 union all select 'b', 7"


def test_a_query_is_told_with_its_parameters_and_the_views_of_its_tables() -> None:
    query = (
        "select count(*) filter (where kind = $kind) as n from staging.rows "
        "inner join staging.days as d using (day) where rows.day = cast($as_of_date as date)"
    )
    told = in_spark(query, {"kind": "it's", "as_of_date": "2026-07-01"})
    assert told == (
        "SELECT COUNT(*) FILTER(WHERE kind = 'it\\'s') AS n FROM staging__rows AS rows "
        "INNER JOIN staging__days AS d USING (day) WHERE rows.day = CAST('2026-07-01' AS DATE)"
    )


@pytest.mark.parametrize("border", borders())
def test_every_query_of_the_suites_can_be_told(border: str) -> None:
    suite = load_suite(border)
    values = {"as_of_date": "2026-07-01", **dict.fromkeys(suite.parameters, 1)}
    queries = [batch.query for batch in suite.batches if batch.query]
    assert queries
    for query in queries:
        told = in_spark(query, values)
        assert "$" not in told
        assert sqlglot.parse_one(told, read="spark")


def rules_broken_and_held() -> Suite:
    """One rule that holds, one broken by two rows, one broken where its condition lets it look."""
    only_b = {"row_condition": 'kind == "b"', "condition_parser": "pandas"}
    kwargs = [
        {"column": "bad", "max_value": 7},
        {"column": "bad", "max_value": 0},
        {"column": "bad", "max_value": 0, **only_b},
    ]
    rules = tuple(Rule(BETWEEN, kwarg, "Few are bad", "{bad} in {kind}") for kwarg in kwargs)
    batch = Batch("counts", "One row per kind", rules, query=COUNTS)
    return Suite("landing", Path("suite.yml"), (), "Mend it", (batch,))


@pytest.mark.slow
def test_rules_find_on_spark_what_they_find_in_pandas(tmp_path: Path, spark: SparkSession) -> None:
    suite = rules_broken_and_held()
    rows = pd.DataFrame({"kind": ["a", "b", "b"], "bad": [1, 0, 7]})
    on_spark = SparkBatches(Home(tmp_path))
    assert on_spark.can_run(COUNTS)
    collected, numbered = on_spark.run(COUNTS, {})
    pd.testing.assert_frame_equal(collected, rows, check_dtype=False)
    judged = {
        "pandas": BatchRows(rows),
        "a query of Spark": BatchRows(collected, numbered),
        "rows of the desk": BatchRows(rows, on_spark.given(rows)),
    }
    parameters = {"as_of_date": date(2026, 7, 1).isoformat()}
    found = {
        who: [
            (result.success, result.positions, result.problem)
            for result in validate(suite, {"counts": batch}, parameters, tmp_path / who)[0]
        ]
        for who, batch in judged.items()
    }
    assert found["pandas"] == [(True, (), None), (False, (0, 2), None), (False, (2,), None)]
    assert found["a query of Spark"] == found["pandas"]
    assert found["rows of the desk"] == found["pandas"]
