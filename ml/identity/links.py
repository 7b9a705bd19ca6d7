"""Links between records: edges and pairs to be held apart, read from the tables of a caller."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.identity.steps import OPEN, Days, Ints, Mask

Table: TypeAlias = pa.Table | pd.DataFrame | Mapping[str, Any]

_MAX_RECORDS = OPEN  # record numbers are packed beside a day or a case into 64 bits


@dataclass(frozen=True)
class Links:
    """Pairs of nodes and the days [start, end) on which they hold; `edge` names them outside.

    No link starts before both its nodes are there.
    """

    left: Ints
    right: Ints
    start: Days
    end: Days
    edge: Ints

    def __len__(self) -> int:
        return len(self.left)

    def where(self, index: Mask | Ints) -> "Links":
        """The links of a mask or at some positions."""
        left, right, edge = self.left[index], self.right[index], self.edge[index]
        return Links(left, right, self.start[index], self.end[index], edge)

    def placed(self, place: Ints) -> "Links":
        """The same links between renumbered nodes."""
        return Links(place[self.left], place[self.right], self.start, self.end, self.edge)

    def joined(self, other: "Links") -> "Links":
        """These links, then the other ones."""
        return Links(
            np.concatenate([self.left, other.left]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.start, other.start]),
            np.concatenate([self.end, other.end]),
            np.concatenate([self.edge, other.edge]),
        )


def entered_days(records: Table) -> Days:
    """Day of entry by record_no.

    Raises:
        ValueError: a column is missing or does not fit, or the numbers are not 0 to n-1.
    """
    record = column(records, "record_no")
    if len(record) >= _MAX_RECORDS or not np.array_equal(np.sort(record), np.arange(len(record))):
        raise ValueError(f"record_no must hold each of 0 to {len(record) - 1} once")
    entered = np.empty(len(record), np.int32)
    entered[record] = column(records, "entered_day")
    return entered


def strongest_first(edges: Table, entered: Days) -> tuple[Links, Ints]:
    """Edges that are ever active, strongest first and named by that order, and the row of each."""
    links = links_of(edges, entered)
    strength = [
        # Reasons decide between edges of one pair that are alike in all else.
        column(edges, "reason")[links.edge],
        links.left * len(entered) + links.right,
        column(edges, "known_order")[links.edge],
        -column(edges, "probability", np.float64, missing=1.0)[links.edge],
        column(edges, "priority")[links.edge],
    ]
    order = np.lexsort(strength)
    row = links.edge[order]
    left, right = links.left[order], links.right[order]
    ordered = Links(left, right, links.start[order], links.end[order], np.arange(len(row)))
    return ordered, row


def links_of(table: Table, entered: Days) -> Links:
    """Pairs of two records and the days on which they hold, from the entry of both on."""
    left, right = column(table, "left"), column(table, "right")
    for ends in (left, right):
        if len(ends) and not 0 <= ends.min() <= ends.max() < len(entered):
            raise ValueError(f"left and right must be record numbers below {len(entered)}")
    left, right = np.minimum(left, right), np.maximum(left, right)
    start = column(table, "start_day", np.int32)
    end = column(table, "end_day", np.int32, missing=OPEN)
    start = np.maximum(start, np.maximum(entered[left], entered[right]))
    kept = np.flatnonzero((start < end) & (left != right))
    return Links(left[kept], right[kept], start[kept], end[kept], kept)


def has_column(table: Table, name: str) -> bool:
    """Whether the table has a column of this name."""
    return name in (table.column_names if isinstance(table, pa.Table) else table)


def column(
    table: Table, name: str, dtype: type[np.generic] = np.int64, missing: float | None = None
) -> Any:
    """One column as a numpy array, nulls replaced by `missing`.

    Raises:
        ValueError: it is missing, or holds nulls and there is no `missing`, or text.
    """
    if not has_column(table, name):
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
