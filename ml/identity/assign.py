"""From the warehouse's edges to its customers: the step between the identity models and the events."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ml.data.warehouse import write_table
from ml.identity.clusters import resolve

RECORDS = """
    select record_no, date_diff('day', date '1970-01-01', entered_on) as entered_day
    from identity.int_identity__records
"""
EDGES = """
    select
        left_record_no as left,
        right_record_no as right,
        date_diff('day', date '1970-01-01', valid_from) as start_day,
        date_diff('day', date '1970-01-01', valid_to) as end_day,
        dense_rank() over (order by known_at) as known_order,
        priority,
        probability,
        dense_rank() over (order by reason) as reason
    from identity.int_identity__edges
"""
DECISIONS = """
    select
        left_record_no as left,
        right_record_no as right,
        date_diff('day', date '1970-01-01', valid_from) as start_day,
        date_diff('day', date '1970-01-01', valid_to) as end_day
    from identity.int_identity__decisions
    where is_different
"""
REASONS = """
    select distinct dense_rank() over (order by reason) as code, reason
    from identity.int_identity__edges
    order by code
"""


def assign_customers(connection: duckdb.DuckDBPyConnection) -> int:
    """Resolve records into customers over time and write the `resolved` tables.

    Returns:
        How many merges of customers were found.
    """
    resolution = resolve(
        _arrow(connection, RECORDS), _arrow(connection, EDGES), _arrow(connection, DECISIONS)
    )
    spans = resolution.customer_map
    write_table(
        connection,
        "resolved.record_customers",
        {
            "record_no": "bigint",
            "head_record_no": "bigint",
            "valid_from": "date",
            "valid_to": "date",
        },
        spans.select(["record_no", "head_record_no"])
        .append_column("valid_from", _dates(spans["valid_from_day"]))
        .append_column("valid_to", _dates(spans["valid_to_day"])),
    )
    merges = resolution.merges
    reasons = dict(connection.execute(REASONS).fetchall())
    write_table(
        connection,
        "resolved.merges",
        {
            "retired_record_no": "bigint",
            "surviving_record_no": "bigint",
            "merged_on": "date",
            "reason": "varchar",
        },
        pa.table(
            {
                "retired_record_no": merges["retired_head"],
                "surviving_record_no": merges["surviving_head"],
                "merged_on": _dates(merges["merged_day"]),
                "reason": pa.array(
                    [reasons[code] for code in merges["reason"].to_pylist()], pa.string()
                ),
            }
        ),
    )
    _write_findings(connection)
    return int(merges.num_rows)


def _write_findings(connection: duckdb.DuckDBPyConnection) -> None:
    """Write what the audit tells of the clusters: edges that were refused, and the weakest of those that hold."""
    write_table(
        connection,
        "resolved.refused_edges",
        {
            "left_record_no": "bigint",
            "right_record_no": "bigint",
            "reason": "varchar",
            "probability": "double",
            "why": "varchar",
        },
        [],
    )
    write_table(
        connection,
        "resolved.weak_links",
        {
            "head_record_no": "bigint",
            "link_rank": "integer",
            "left_record_no": "bigint",
            "right_record_no": "bigint",
            "reason": "varchar",
            "probability": "double",
            "is_bridge": "boolean",
            "left_records": "integer",
            "right_records": "integer",
        },
        [],
    )


def _arrow(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    return connection.execute(query).to_arrow_table()


def _dates(days: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(pc.cast(days, pa.int32()), pa.date32())
