"""The tables that stand beside a published version once its scores are acted on: their names, and their writing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

RECOMMENDATIONS, RECOMMENDATION_QUALITY = (
    "recommendations.parquet",
    "recommendation_quality.parquet",
)
UPLIFT, UPLIFT_QUALITY, LIFT = "uplift.parquet", "uplift_quality.parquet", "lift.parquet"
NEXT_BEST_ACTIONS, PLAN_TOTALS = "next_best_actions.parquet", "plan_totals.parquet"
BID_VALUES = "bid_values.parquet"


def write_parts(path: Path, schema: pa.Schema, parts: Iterable[pa.Table]) -> int:
    """Write a table part by part beside its place, and move it there: seen whole or not at all. Gives its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    rows = 0
    with pq.ParquetWriter(beside, schema, compression="zstd") as sink:
        for part in parts:
            sink.write_table(part)
            rows += part.num_rows
    os.replace(beside, path)
    return rows
