"""What the resolver need not do again: components of the graph that are what they were the day before.

Clusters follow from the records, edges and pairs of their own component and from nothing else. So a component whose
rows are those of the former run keeps what was found for it; the others are resolved, as if they were all there is.
A component is known by its earliest record and a digest of its rows, numbers included: where an older record
shifts the numbers, nothing is taken for what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.data.warehouse import keep_table, write_table
from ml.identity.clusters import Resolution, resolve
from ml.identity.links import column
from ml.identity.merge_tree import components
from ml.identity.steps import Ints, Mask

Digests = NDArray[np.uint64]

_COMPONENTS = "resolved.components"
_COLUMNS = {"record_no": "bigint", "digest": "ubigint"}
_UNDER = "resolved.components_under"


@dataclass(frozen=True)
class Components:
    """Components of a graph: the earliest record and a digest of the rows of each; by record, which one it is of."""

    first: Ints
    digest: Digests
    label: Ints


def components_of(records: pa.Table, edges: pa.Table, apart: pa.Table) -> Components:
    """Find components and sum up the digests of their rows, which come with each table as `digest`.

    Args:
        records: record_no, from 0, in its order.
        edges: left, right.
        apart: likewise; a pair between two components holds nothing apart.
    """
    left, right = column(edges, "left"), column(edges, "right")
    label = components(records.num_rows, left, right)
    first = np.empty(label.max(initial=-1) + 1, np.int64)
    # Of several records the last one written stays: the earliest.
    first[label[::-1]] = np.arange(len(label))[::-1]
    digest = np.zeros(len(first), np.uint64)  # sums wrap around, and depend on no order
    np.add.at(digest, label, _digests(records))
    np.add.at(digest, label[left], _digests(edges))
    one, other = label[column(apart, "left")], label[column(apart, "right")]
    within = one == other
    np.add.at(digest, one[within], _digests(apart)[within])
    return Components(first, digest, label)


def _digests(table: pa.Table) -> Digests:
    digests: Digests = table["digest"].to_numpy().astype(np.uint64)
    return digests


def changed_records(
    connection: duckdb.DuckDBPyConnection, found: Components, definition: str
) -> Mask:
    """By record, whether its component is another one than the former run's, or that run had other rules.

    Args:
        connection: the warehouse.
        found: the components of this run.
        definition: digest of all that decides besides the data.
    """
    keep_table(connection, _UNDER, {"definition": "varchar"})
    if connection.execute(f"from {_UNDER}").fetchall() != [(definition,)]:
        return np.ones(len(found.label), np.bool_)
    former = connection.execute(f"from {_COMPONENTS} order by record_no").fetchnumpy()
    place = np.searchsorted(former["record_no"], found.first)
    place = np.minimum(place, max(len(former["record_no"]) - 1, 0))
    changed = np.ones(len(found.first), np.bool_)
    if len(former["record_no"]):
        changed = (former["record_no"][place] != found.first) | (
            former["digest"][place] != found.digest
        )
    mask: Mask = changed[found.label]
    return mask


def resolve_some(
    changed: Mask, records: pa.Table, edges: pa.Table, apart: pa.Table, max_records: int | None
) -> Resolution:
    """Clusters of whole components: what `resolve` makes of them in the midst of the others.

    Args:
        changed: by record, whether it is meant; of a component all records are.
        records: as for `resolve`, in the order of their numbers.
        edges: as for `resolve`.
        apart: as for `resolve`.
        max_records: as for `resolve`.
    """
    if changed.all():
        return resolve(records, edges, apart, max_records)
    number = np.flatnonzero(changed)
    place = np.cumsum(changed) - 1

    def within(links: pa.Table) -> pa.Table:
        left, right = column(links, "left"), column(links, "right")
        chosen = changed[left] & changed[right]
        some = links.filter(pa.array(chosen))
        for name, ends in (("left", left), ("right", right)):
            values = pa.array(place[ends[chosen]])
            some = some.set_column(some.column_names.index(name), name, values)
        return some

    some_records = records.filter(pa.array(changed))
    some_records = some_records.set_column(0, "record_no", pa.array(np.arange(len(number))))
    found = resolve(some_records, within(edges), within(apart), max_records)
    return Resolution(
        _renamed(found.customer_map, number, "record_no", "head_record_no"),
        _renamed(found.merges, number, "retired_head", "surviving_head"),
        _renamed(found.refused, number, "left", "right"),
    )


def _renamed(table: pa.Table, number: Ints, *names: str) -> pa.Table:
    """The records of some columns by their numbers among all."""
    for name in names:
        values = pa.array(number[column(table, name)])
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def forget_components(connection: duckdb.DuckDBPyConnection) -> None:
    """Until all of them are written, the `resolved` tables speak of no run."""
    connection.execute(f"delete from {_UNDER}")


def keep_components(
    connection: duckdb.DuckDBPyConnection, found: Components, definition: str
) -> None:
    """Remember the components for the next run, whose tables are now written."""
    rows = pa.table({"record_no": found.first, "digest": found.digest})
    write_table(connection, _COMPONENTS, _COLUMNS, rows)
    connection.execute(f"insert into {_UNDER} values (?)", [definition])
