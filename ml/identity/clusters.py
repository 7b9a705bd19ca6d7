"""Who was this record on day D: clusters of records over time.

On day D the records entered by then are joined by the edges active then, [start_day, end_day). A
cluster is a connected component, unless decisions that two of its records are different people are
active: then edges are added strongest first (priority, probability, order in which they became
known) and one that would unite such a pair is refused. A cluster is named by its head, its
earliest record.

Days are whole days since 1970-01-01. Nothing here reads a file, a database or a clock, and no
result depends on the order of input rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.identity.merge_reasons import joining_edges
from ml.identity.spans import Links, Work, trace_clusters
from ml.identity.steps import OPEN, Days, Ints, Steps

__all__ = ["OPEN", "Resolution", "resolve"]

Table: TypeAlias = pa.Table | pd.DataFrame | Mapping[str, Any]

_NO_DECISIONS: Table = {"left": [], "right": [], "start_day": [], "end_day": []}
_MAX_RECORDS = OPEN  # record numbers are packed beside a day or a case into 64 bits


@dataclass(frozen=True)
class Resolution:
    """Clusters over time.

    `customer_map` has record_no, head_record_no, valid_from_day, valid_to_day, sorted by record_no
    and valid_from_day: half-open intervals, the first from the day of the record's entry, each
    where the one before ends and with another head, the last with valid_to_day null: still valid.

    `merges` has retired_head, surviving_head, merged_day, reason, sorted by merged_day and
    retired_head: one row each time a head valid the day before joins an older one. An id that comes
    back to life through a split can retire again. `reason` is that of the strongest edge between
    the records that left with the retired head and the rest of the cluster they joined.
    """

    customer_map: pa.Table
    merges: pa.Table


def resolve(records: Table, edges: Table, decisions: Table | None = None) -> Resolution:
    """Clusters of `records` on every day, under `edges` and the `decisions` that hold pairs apart.

    Args:
        records: record_no (0 to n-1, by age), entered_day (first midnight that sees the record).
        edges: left, right (record_no), start_day, end_day (null: still active; not after start_day:
            never active), priority (least is strongest), probability (null: 1), known_order (rank
            of the instant it became known), reason (code). Several edges may join one pair.
        decisions: left, right, start_day, end_day of pairs that are different people.

    Raises:
        ValueError: a column is missing or holds nulls or text, or a record_no does not fit.
    """
    entered = _entered_days(records)
    strong, reason = _edges(edges, entered)
    apart = _links(_NO_DECISIONS if decisions is None else decisions, entered)
    record = np.arange(len(entered))
    until = np.full(len(entered), OPEN, np.int32)
    steps = trace_clusters(Work(record, entered, until, strong, apart))
    return _resolution(steps, strong, reason)


def _resolution(steps: Steps, edges: Links, reason: Ints) -> Resolution:
    # A head that joins an older one was its own head in the step before.
    known = steps.node[1:] == steps.node[:-1]
    merged = np.flatnonzero(known & (steps.head[:-1] == steps.node[1:])) + 1
    merged = merged[np.lexsort((steps.node[merged], steps.since[merged]))]
    edge = steps.by[merged]
    edge[edge < 0] = joining_edges(steps, merged[edge < 0], edges)
    merges = {
        "retired_head": steps.node[merged],
        "surviving_head": steps.head[merged],
        "merged_day": steps.since[merged],
        "reason": reason[edge],
    }
    customer_map = {
        "record_no": steps.node,
        "head_record_no": steps.head,
        "valid_from_day": steps.since,
        "valid_to_day": pa.array(steps.until, mask=steps.until == OPEN),
    }
    return Resolution(pa.table(customer_map), pa.table(merges))


def _entered_days(records: Table) -> Days:
    """Day of entry by record_no."""
    record = _column(records, "record_no")
    if len(record) >= _MAX_RECORDS or not np.array_equal(np.sort(record), np.arange(len(record))):
        raise ValueError(f"record_no must hold each of 0 to {len(record) - 1} once")
    entered = np.empty(len(record), np.int32)
    entered[record] = _column(records, "entered_day")
    return entered


def _edges(edges: Table, entered: Days) -> tuple[Links, Ints]:
    """Edges that are ever active, strongest first, and their reasons; `edge` is the position."""
    links = _links(edges, entered)
    strength = [
        links.left * len(entered) + links.right,
        _column(edges, "known_order")[links.edge],
        -_column(edges, "probability", np.float64, missing=1.0)[links.edge],
        _column(edges, "priority")[links.edge],
    ]
    reason = _column(edges, "reason")[links.edge]
    # Reasons decide between edges of one pair that are alike in all else.
    order = np.lexsort([reason, *strength])
    ordered = Links(
        links.left[order],
        links.right[order],
        links.start[order],
        links.end[order],
        np.arange(len(order)),
    )
    return ordered, reason[order]


def _links(table: Table, entered: Days) -> Links:
    """Pairs of two records and the days on which they hold, from the entry of both on."""
    left, right = _column(table, "left"), _column(table, "right")
    for column in (left, right):
        if len(column) and not 0 <= column.min() <= column.max() < len(entered):
            raise ValueError(f"left and right must be record numbers below {len(entered)}")
    left, right = np.minimum(left, right), np.maximum(left, right)
    start = _column(table, "start_day", np.int32)
    end = _column(table, "end_day", np.int32, missing=OPEN)
    start = np.maximum(start, np.maximum(entered[left], entered[right]))
    kept = np.flatnonzero((start < end) & (left != right))
    return Links(left[kept], right[kept], start[kept], end[kept], kept)


def _column(
    table: Table, name: str, dtype: type[np.generic] = np.int64, missing: float | None = None
) -> Any:
    """One column as a numpy array, nulls replaced by `missing`."""
    if name not in (table.column_names if isinstance(table, pa.Table) else table):
        raise ValueError(f"column {name} is missing")
    values = table[name]
    if not isinstance(values, pa.ChunkedArray):
        values = pa.array(values, from_pandas=True)
    if pa.types.is_date32(values.type):
        values = values.cast(pa.int32())
    values = values.cast(pa.from_numpy_dtype(dtype))
    if values.null_count and missing is None:
        raise ValueError(f"column {name} holds {values.null_count} nulls")
    return np.asarray(values.fill_null(missing) if values.null_count else values)
