"""The two tables of what to offer."""

from __future__ import annotations

from math import isnan

import pyarrow as pa

from ml.activate.recommend.choose import Choice
from ml.activate.recommend.methods import BOUGHT_BEFORE, POPULARITY
from ml.activate.recommend.quality import METRICS

OFFER_COLUMNS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("place", pa.int32()),
        ("kind", pa.string()),
        ("item", pa.string()),
        ("title", pa.string()),
        ("score", pa.float64()),
        ("why", pa.string()),
    ]
)
"""Key: customer_id, place (1 the best). The score orders the places of one person and says nothing between people."""

_NUMBERS = (
    "value",
    "low",
    "high",
    "over_popularity",
    "over_popularity_low",
    "over_popularity_high",
    "over_bought_before",
    "over_bought_before_low",
    "over_bought_before_high",
)
QUALITY_COLUMNS = pa.schema(
    [
        ("kind", pa.string()),
        ("method", pa.string()),
        ("metric", pa.string()),
        *((name, pa.float64()) for name in _NUMBERS),
        ("chosen", pa.bool_()),
        ("customers", pa.int64()),
        ("window_start", pa.date32()),
        ("window_end", pa.date32()),
        ("reason", pa.string()),
    ]
)
"""Key: method, metric. One row per method and figure on the judged window; `window_end` is exclusive."""


def quality_table(choice: Choice | None, kind: str) -> pa.Table:
    """How every method did on the judged window; no rows where nothing could be judged."""
    if choice is None or choice.judged is None:
        return QUALITY_COLUMNS.empty_table()
    window = choice.judged
    rows = []
    for method in choice.methods:
        for metric in METRICS:
            judged, name = window.judged, method.name
            figures = (
                judged.values[name, metric],
                *judged.interval(name, metric),
                *judged.gain(name, POPULARITY, metric),
                *judged.gain(name, BOUGHT_BEFORE, metric),
            )
            chosen = method == choice.method
            rows.append(
                {
                    "kind": kind,
                    "method": name,
                    "metric": metric,
                    **{k: _figure(v) for k, v in zip(_NUMBERS, figures, strict=True)},
                    "chosen": chosen,
                    "customers": window.customers,
                    "window_start": window.start,
                    "window_end": window.end,
                    "reason": choice.reason if chosen else None,
                }
            )
    return pa.Table.from_pylist(rows, schema=QUALITY_COLUMNS)


def _figure(value: float) -> float | None:
    return None if isnan(value) else round(value, 9)
