"""Interactions as columns of integers, whoever makes them, and as tables of the landing format."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.data.demo.catalogue import Products
from ml.data.demo.orders import store_names
from ml.data.demo.records import Records
from ml.data.demo.words import QUERIES, REVIEWS
from ml.data.landing_writer import timestamps

Ints = npt.NDArray[np.int64]
Rows = dict[str, Ints]

KINDS = (
    "view", "search", "cart", "review", "visit", "approach", "enter", "dwell", "try", "bag", "leave",
)  # fmt: skip
VIEW, SEARCH, CART, REVIEW, VISIT, APPROACH, ENTER, DWELL, TRY, BAG, LEAVE = range(len(KINDS))
WEB, APP = range(2)
NONE = -1
COLUMNS = (
    "person", "second", "island", "kind", "product", "query", "seconds_long", "rating", "text", "store",
)  # fmt: skip


def rows_of(person: Ints, second: Ints, island: Ints, kind: Ints, **more: Ints) -> Rows:
    """Rows with all columns; those not given hold nothing."""
    rows = {name: np.full(len(person), NONE) for name in COLUMNS}
    return rows | {"person": person, "second": second, "island": island, "kind": kind} | more


def tables_of(parts: Sequence[Rows], records: Records, products: Products) -> dict[str, pa.Table]:
    """All rows before the end, oldest first, by source."""
    rows = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    visible = rows["second"] < records.clock.end_second
    order = np.lexsort((rows["kind"], rows["person"], rows["second"]))
    order = order[visible[order]]
    rows = {name: column[order] for name, column in rows.items()}
    return {
        source: _table(
            source,
            {name: column[rows["island"] == island] for name, column in rows.items()},
            records,
            products,
        )
        for island, source in enumerate(("web", "app"))
    }


def _table(source: str, rows: Rows, records: Records, products: Products) -> pa.Table:
    place = _named(store_names(), rows["store"])
    return pa.table(
        {
            "source": pa.repeat(source, len(rows["kind"])),
            "source_key": _named(records.keys[source].tolist(), rows["person"]),
            "occurred_at": timestamps(records.clock.instants(rows["second"])),
            "kind": _named(KINDS, rows["kind"]),
            "channel": _named((source, "store"), (rows["store"] != NONE).astype(np.int64)),
            "place": place,
            "product_id": _named(products.product_id.tolist(), rows["product"]),
            "query": _named([q for queries in QUERIES for q in queries], rows["query"]),
            "duration_seconds": _numbers(rows["seconds_long"]),
            "rating": _numbers(rows["rating"]),
            "text": _named([text for texts in REVIEWS for text in texts], rows["text"]),
        }
    )


def _named(names: Sequence[str], codes: Ints) -> pa.Array:
    """The names of these codes, null where there is none."""
    return pa.array(list(names), pa.string()).take(pa.array(codes, mask=codes == NONE))


def _numbers(values: Ints) -> pa.Array:
    return pa.array(values, pa.int32(), mask=values == NONE)
