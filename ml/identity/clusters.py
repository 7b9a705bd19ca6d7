"""Who was this record on day D: clusters of records over time.

On day D the records entered by then are joined by the edges active then, [start_day, end_day).
Edges are added strongest first (priority, probability, order in which they became known); one that
would unite a pair held apart, or give a cluster of too many records, is refused. Where there are no
such pairs and no large clusters, these are the connected components. A cluster is named by its
head, its earliest record.

Days are whole days since 1970-01-01. Nothing here reads a file, a database or a clock, and no
result depends on the order of input rows.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ml.identity.greedy import Rules
from ml.identity.links import (
    Links,
    Table,
    column,
    entered_days,
    has_column,
    links_of,
    strongest_first,
)
from ml.identity.merge_reasons import joining_edges
from ml.identity.refusals import refused_edges
from ml.identity.spans import trace_clusters
from ml.identity.steps import OPEN, Ints, Steps

__all__ = ["OPEN", "Resolution", "resolve"]

_NOBODY: Table = {"left": [], "right": [], "start_day": [], "end_day": []}


@dataclass(frozen=True)
class Resolution:
    """Clusters over time, and what was kept out of them.

    `customer_map` has record_no, head_record_no, valid_from_day, valid_to_day, sorted by record_no
    and valid_from_day: half-open intervals, the first from the day of the record's entry, each
    where the one before ends and with another head, the last with valid_to_day null: still valid.

    `merges` has retired_head, surviving_head, merged_day, reason, sorted by merged_day and
    retired_head: one row each time a head valid the day before joins an older one. An id that comes
    back to life through a split can retire again. `reason` is that of the strongest edge between
    the records that left with the retired head and the rest of the cluster they joined.

    `refused` has edge (row of the table of edges), left, right (the older record first), reason,
    probability, why, strongest first: the edges without an end whose records are in different
    clusters after the last change. `why` is `different` (a pair that refuses every edge lies
    between the clusters), `household` (a pair that evidence holds apart) or `size`.
    """

    customer_map: pa.Table
    merges: pa.Table
    refused: pa.Table


def resolve(
    records: Table, edges: Table, apart: Table | None = None, max_records: int | None = None
) -> Resolution:
    """Clusters of `records` on every day, under `edges` and the pairs that are held `apart`.

    Args:
        records: record_no (0 to n-1, by age), entered_day (first midnight that sees the record).
        edges: left, right (record_no), start_day, end_day (null: still active; not after start_day:
            never active), priority (least is strongest, 0 for what people decided), probability
            (null: 1), known_order (rank of the instant it became known), reason (code). Several
            edges may join one pair.
        apart: left, right, start_day, end_day of pairs that are different people, and holds_from:
            the least priority of an edge that the pair refuses. 0, the default, is for decisions,
            1 for evidence, which people overrule. A pair that is united refuses nothing.
        max_records: the most records of a cluster. People's decisions may unite more.

    Raises:
        ValueError: a column is missing or holds nulls or text, or a record_no or max_records does
            not fit.
    """
    if max_records is not None and max_records < 1:
        raise ValueError(f"max_records must be at least 1, not {max_records}")
    entered = entered_days(records)
    strong, row = strongest_first(edges, entered)
    table = _NOBODY if apart is None else apart
    pairs = links_of(table, entered)
    holds_from = np.zeros(len(table["left"]), np.int64)
    if has_column(table, "holds_from"):
        holds_from = column(table, "holds_from", missing=0)
    limit = OPEN if max_records is None else max_records
    rules = Rules(column(edges, "priority")[row], pairs, holds_from, limit)
    steps = trace_clusters(entered, strong, rules)
    reason = column(edges, "reason")[row]
    position, why = refused_edges(steps.head[steps.until == OPEN], strong, rules)
    refused = {
        "edge": row[position],
        "left": strong.left[position],
        "right": strong.right[position],
        "reason": reason[position],
        "probability": column(edges, "probability", np.float64, missing=1.0)[row[position]],
        "why": why,
    }
    return Resolution(_customer_map(steps), _merges(steps, strong, reason), pa.table(refused))


def _customer_map(steps: Steps) -> pa.Table:
    columns = {
        "record_no": steps.node,
        "head_record_no": steps.head,
        "valid_from_day": steps.since,
        "valid_to_day": pa.array(steps.until, mask=steps.until == OPEN),
    }
    return pa.table(columns)


def _merges(steps: Steps, edges: Links, reason: Ints) -> pa.Table:
    # A head that joins an older one was its own head in the step before.
    known = steps.node[1:] == steps.node[:-1]
    merged = np.flatnonzero(known & (steps.head[:-1] == steps.node[1:])) + 1
    merged = merged[np.lexsort((steps.node[merged], steps.since[merged]))]
    edge = steps.by[merged]
    edge[edge < 0] = joining_edges(steps, merged[edge < 0], edges)
    columns = {
        "retired_head": steps.node[merged],
        "surviving_head": steps.head[merged],
        "merged_day": steps.since[merged],
        "reason": reason[edge],
    }
    return pa.table(columns)
