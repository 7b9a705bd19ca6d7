"""How alike two texts are, for Spark: DuckDB's own functions, over columns, in Spark's Python workers.

Splink brings such functions for Spark, but in another make: its Jaro similarity is another number for every fourth pair
of words, and one pair in a hundred comes to the other side of a threshold. Then an engine would decide who is who.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import duckdb
import pandas as pd

Alike = Callable[[pd.Series, pd.Series], pd.Series]


def _alike(function: str) -> Alike:
    def alike(left: pd.Series, right: pd.Series) -> pd.Series:
        texts = pd.DataFrame({"l": left, "r": right})
        with _engine().cursor() as engine:
            engine.register("texts", texts)
            found = engine.sql(
                f"select cast({function}(l::varchar, r::varchar) as double) as alike from texts"
            ).df()
        return found["alike"]

    alike.__name__ = function
    return alike


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One engine per worker, on the one core that Spark gives it; rows come back in their order."""
    engine = duckdb.default_connection()
    engine.execute("set threads = 1")
    return engine


ALIKE: dict[str, Alike] = {
    function: _alike(function)
    for function in (
        "jaro_winkler_similarity",
        "jaro_similarity",
        "damerau_levenshtein",
        "levenshtein",
    )
}
"""By DuckDB's name of the function."""
