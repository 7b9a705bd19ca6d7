"""From the warehouse's edges to its customers: the step between the identity models and the events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ml.data.warehouse import write_table
from ml.identity.clusters import Resolution, resolve
from ml.identity.weak_links import weak_links

Columns: TypeAlias = Mapping[str, tuple[str, pa.Array | pa.ChunkedArray]]

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
# What people said refuses every edge, what differs between two records only those that nobody decided.
APART = """
    select
        left_record_no as left,
        right_record_no as right,
        date_diff('day', date '1970-01-01', valid_from) as start_day,
        date_diff('day', date '1970-01-01', valid_to) as end_day,
        0 as holds_from
    from identity.int_identity__decisions
    where is_different

    union all
    select
        left_record_no,
        right_record_no,
        date_diff('day', date '1970-01-01', valid_from),
        date_diff('day', date '1970-01-01', valid_to),
        1
    from identity.int_identity__doubts
"""
REASONS = """
    select distinct dense_rank() over (order by reason) as code, reason
    from identity.int_identity__edges
    order by code
"""


def assign_customers(connection: duckdb.DuckDBPyConnection, max_records: int | None = None) -> int:
    """Resolve records into customers over time and write the `resolved` tables.

    Args:
        max_records: the most records of a customer, but for what people decided.

    Returns:
        How many merges of customers were found.
    """
    edges = _arrow(connection, EDGES)
    resolution = resolve(_arrow(connection, RECORDS), edges, _arrow(connection, APART), max_records)
    reasons = dict(connection.execute(REASONS).fetchall())
    _write(connection, "resolved.record_customers", _record_customers(resolution))
    _write(connection, "resolved.merges", _merges(resolution, reasons))
    _write(connection, "resolved.refused_edges", _refused_edges(resolution, reasons))
    links = weak_links(resolution, edges)
    _write(connection, "resolved.weak_links", _weak_links(links, reasons))
    return int(resolution.merges.num_rows)


def _record_customers(resolution: Resolution) -> Columns:
    spans = resolution.customer_map
    return {
        "record_no": ("bigint", spans["record_no"]),
        "head_record_no": ("bigint", spans["head_record_no"]),
        "valid_from": ("date", _dates(spans["valid_from_day"])),
        "valid_to": ("date", _dates(spans["valid_to_day"])),
    }


def _merges(resolution: Resolution, reasons: dict[int, str]) -> Columns:
    merges = resolution.merges
    return {
        "retired_record_no": ("bigint", merges["retired_head"]),
        "surviving_record_no": ("bigint", merges["surviving_head"]),
        "merged_on": ("date", _dates(merges["merged_day"])),
        "reason": ("varchar", _texts(merges["reason"], reasons)),
    }


def _refused_edges(resolution: Resolution, reasons: dict[int, str]) -> Columns:
    refused = resolution.refused
    return {
        "left_record_no": ("bigint", refused["left"]),
        "right_record_no": ("bigint", refused["right"]),
        "reason": ("varchar", _texts(refused["reason"], reasons)),
        "probability": ("double", refused["probability"]),
        "why": ("varchar", refused["why"]),
    }


def _weak_links(links: pa.Table, reasons: dict[int, str]) -> Columns:
    return {
        "head_record_no": ("bigint", links["head_record_no"]),
        "link_rank": ("integer", links["link_rank"]),
        "left_record_no": ("bigint", links["left"]),
        "right_record_no": ("bigint", links["right"]),
        "reason": ("varchar", _texts(links["reason"], reasons)),
        "probability": ("double", links["probability"]),
        "is_bridge": ("boolean", links["is_bridge"]),
        "left_records": ("integer", links["left_records"]),
        "right_records": ("integer", links["right_records"]),
    }


def _write(connection: duckdb.DuckDBPyConnection, name: str, columns: Columns) -> None:
    types = {column: sql_type for column, (sql_type, _) in columns.items()}
    rows = pa.table({column: values for column, (_, values) in columns.items()})
    write_table(connection, name, types, rows)


def _arrow(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    return connection.execute(query).to_arrow_table()


def _texts(codes: pa.ChunkedArray, reasons: dict[int, str]) -> pa.Array:
    return pa.array([reasons[code] for code in codes.to_pylist()], pa.string())


def _dates(days: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(pc.cast(days, pa.int32()), pa.date32())
