"""From the warehouse's edges to its customers: the step between the identity models and the events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ml.data.warehouse import little_memory, write_table
from ml.identity.carried import (
    changed_records,
    components_of,
    forget_components,
    keep_components,
    resolve_some,
)
from ml.identity.clusters import Resolution
from ml.identity.merge_tree import MOST_NODES, in_portions
from ml.identity.steps import Mask
from ml.identity.weak_links import weak_links

Columns: TypeAlias = Mapping[str, tuple[str, pa.Array | pa.ChunkedArray]]

RECORDS = """
    select
        record_no,
        cast(date_diff('day', date '1970-01-01', entered_on) as integer) as entered_day,
        hash(record_no, entered_on) as digest
    from identity.int_identity__records
    order by record_no
"""
# The code of a reason is its place in this list.
_REASONS = "select list(distinct reason order by reason) as known from identity.int_identity__edges"
# Narrow columns, and nothing that the engine would have to sort: there are several edges for each record.
EDGES = f"""
    select
        cast(left_record_no as integer) as left,
        cast(right_record_no as integer) as right,
        cast(date_diff('day', date '1970-01-01', valid_from) as integer) as start_day,
        cast(date_diff('day', date '1970-01-01', valid_to) as integer) as end_day,
        epoch_us(known_at) as known_order,
        cast(priority as smallint) as priority,
        probability,
        cast(list_position(reasons.known, reason) as smallint) as reason,
        hash(left_record_no, right_record_no, valid_from, valid_to, known_at, priority, probability, reason) as digest
    from identity.int_identity__edges
    cross join ({_REASONS}) as reasons
"""
# What people said refuses every edge, what differs between two records only those that nobody decided.
APART = """
    select
        left_record_no as left,
        right_record_no as right,
        cast(date_diff('day', date '1970-01-01', valid_from) as integer) as start_day,
        cast(date_diff('day', date '1970-01-01', valid_to) as integer) as end_day,
        0 as holds_from,
        hash(left_record_no, right_record_no, valid_from, valid_to, 'decision') as digest
    from identity.int_identity__decisions
    where is_different

    union all
    select
        left_record_no,
        right_record_no,
        cast(date_diff('day', date '1970-01-01', valid_from) as integer),
        cast(date_diff('day', date '1970-01-01', valid_to) as integer),
        1,
        hash(left_record_no, right_record_no, valid_from, valid_to, 'doubt')
    from identity.int_identity__doubts
"""
REASONS = f"select generate_subscripts(known, 1) as code, unnest(known) as reason from ({_REASONS})"


# Clusters as they are after the last change, in the words of `Resolution`, as far as `weak_links` asks.
CLUSTERS = """
    select cast(head_record_no as integer) as head_record_no, cast(null as integer) as valid_to_day
    from resolved.record_customers
    where valid_to is null
    order by record_no
"""
REFUSED = "select left_record_no as left, right_record_no as right from resolved.refused_edges"
# Each table in its order, and the record that says of which component a row speaks.
RESOLVED = {
    "record_customers": ("record_no", "record_no, valid_from"),
    "merges": ("retired_record_no", "merged_on, retired_record_no"),
    "refused_edges": ("left_record_no", "all"),
}


def assign_customers(
    connection: duckdb.DuckDBPyConnection,
    max_records: int | None = None,
    definition: str | None = None,
) -> int:
    """Resolve records into customers over time and write the `resolved` tables.

    Args:
        connection: the warehouse.
        max_records: the most records of a customer, but for what people decided.
        definition: digest of all that decides besides the data; components of the graph that are those of the
            former run under it keep what was found then. None: nothing is kept.

    Returns:
        How many merges of customers were found.
    """
    with little_memory(connection):
        records, edges, apart = (_arrow(connection, query) for query in (RECORDS, EDGES, APART))
        reasons = dict(connection.execute(REASONS).fetchall())
        found = components_of(records, edges, apart)
        changed = changed_records(connection, found, definition or "")
        forget_components(connection)
        nobody = resolve_some(np.zeros_like(changed), records, edges, apart, max_records)
        for name, columns in _tables(nobody, reasons).items():
            _write(connection, f"resolved.found_{name}", columns)
        for portion in in_portions(changed, found.label, MOST_NODES):
            resolution = resolve_some(portion, records, edges, apart, max_records)
            for name, columns in _tables(resolution, reasons).items():
                _add(connection, f"resolved.found_{name}", columns)
        for name in RESOLVED:
            _replace(connection, name, changed)
        clusters, refused = _arrow(connection, CLUSTERS), _arrow(connection, REFUSED)
        weakest = weak_links(Resolution(clusters, nobody.merges, refused), edges)
        _write(connection, "resolved.weak_links", _weak_links(weakest, reasons))
        if definition is not None:
            keep_components(connection, found, definition)
    merges = connection.execute("select count(*) from resolved.merges").fetchone()
    return int(merges[0]) if merges else 0


def _tables(resolution: Resolution, reasons: dict[int, str]) -> dict[str, Columns]:
    return {
        "record_customers": _record_customers(resolution),
        "merges": _merges(resolution, reasons),
        "refused_edges": _refused_edges(resolution, reasons),
    }


def _replace(connection: duckdb.DuckDBPyConnection, name: str, changed: Mask) -> None:
    """Put what was found in the place of the rows that speak of changed records."""
    record, order = RESOLVED[name]
    kept = ""
    if not changed.all():
        connection.register("unchanged", pa.table({"record_no": np.flatnonzero(~changed)}))
        kept = (
            f"union all select former.* from resolved.{name} as former "
            f"semi join unchanged on former.{record} = unchanged.record_no"
        )
    connection.execute(
        f"create or replace table resolved.{name} as "
        f"select * from (from resolved.found_{name} {kept}) order by {order}"
    )
    connection.execute(f"drop table resolved.found_{name}")
    connection.unregister("unchanged")


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
    write_table(connection, name, types, _rows(columns))


def _add(connection: duckdb.DuckDBPyConnection, name: str, columns: Columns) -> None:
    rows = _rows(columns)  # noqa: F841 - DuckDB finds the table by this name
    connection.execute(f"insert into {name} from rows")


def _rows(columns: Columns) -> pa.Table:
    return pa.table({column: values for column, (_, values) in columns.items()})


def _arrow(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    return connection.execute(query).to_arrow_table()


def _texts(codes: pa.ChunkedArray, reasons: dict[int, str]) -> pa.Array:
    return pa.array([reasons[code] for code in codes.to_pylist()], pa.string())


def _dates(days: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(pc.cast(days, pa.int32()), pa.date32())
