"""What a day knows of who bought and looked at what: read from the warehouse, summed up there.

Every query names its day: facts visible on it, with the status and the identity of that day. Sums are decimals, so that
they repeat to the bit. People who refused to be profiled are not read at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ml.activate.recommend.queries import (
    ITEMS,
    NEXT,
    NEXT_FACTS,
    PAIRS,
    SOME_PEOPLE,
    STEPS,
    parts_of,
)

NEVER = -1
"""In a column of days ago: it did not happen."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class History:
    """What a day knows, for one kind of thing to offer.

    customers: customer ids, ascending; a customer's number is its place.
    items: one row per thing known by then, its number its place: item, title, category, brand, launched_days_ago
    (NaN: not told), sold_days_ago (NEVER), sold_lately (sales that fade with POPULAR_HALF_LIFE), looked_lately.
    pairs: one row per customer and item, ordered: customer, item, order_days, first_bought, last_bought (days ago or
    NEVER), bought (purchases that fade), looks, carts, last_looked, looked (looks that fade), returned.
    """

    day: date
    kind: str
    customers: NDArray[np.object_]
    items: pd.DataFrame
    pairs: pd.DataFrame

    def matrix(self, column: str) -> csr_matrix:
        """A column of the pairs as customers x items, only where it is above zero."""
        values = self.pairs[column].to_numpy(dtype=np.float32)
        there = values > 0
        return csr_matrix(
            (values[there], (self._customer[there], self._item[there])),
            shape=(len(self.customers), len(self.items)),
        )

    def flags(self, chosen: NDArray[np.bool_]) -> csr_matrix:
        """The pairs for which `chosen` holds, as customers x items of ones."""
        return csr_matrix(
            (
                np.ones(int(chosen.sum()), dtype=np.float32),
                (self._customer[chosen], self._item[chosen]),
            ),
            shape=(len(self.customers), len(self.items)),
        )

    @cached_property
    def has_purchases(self) -> bool:
        """Was anything bought? Otherwise the brand is known by what people look at."""
        return bool((self.pairs["order_days"].to_numpy() > 0).any())

    @property
    def _customer(self) -> NDArray[Any]:
        return self.pairs["customer"].to_numpy()

    @property
    def _item(self) -> NDArray[Any]:
        return self.pairs["item"].to_numpy()


def read_history(
    connection: duckdb.DuckDBPyConnection,
    day: date,
    today: date,
    kind: str,
    most_people: int | None = None,
) -> History:
    """What `day` knows. People who refused by `today`, the day of the run, are left out of both.

    With `most_people` about so many of them are read, the same ones on every day.
    """
    parameters = {"day": day, "today": today}
    for name, query in STEPS.items():
        connection.execute(
            f"create or replace temp table reco_{name} as {query.format(**parts_of(kind))}",
            {key: value for key, value in parameters.items() if f"${key}" in query},
        )
        if name == "people" and most_people is not None:
            _keep_some(connection, most_people)
    people = connection.execute("select customer_id from reco_people order by customer").df()
    items = connection.execute(ITEMS).df()
    pairs = pd.DataFrame(connection.execute(PAIRS).fetchnumpy())
    return History(day, kind, people["customer_id"].to_numpy(dtype=object), items, pairs)


def _keep_some(connection: duckdb.DuckDBPyConnection, most_people: int) -> None:
    """Keep the people whose ids come first: ids are hashes, so that is a fair draw and stays the same."""
    found = connection.execute("select count(*) from reco_people").fetchone()
    total = int(found[0]) if found else 0
    if total > most_people:
        connection.execute(SOME_PEOPLE, [f"{most_people * 16**4 // total:04x}"])


def read_bought_next(
    connection: duckdb.DuckDBPyConnection, history: History, today: date, days: int
) -> pd.DataFrame:
    """What the people of a history took up in the `days` after its day, as `today` knows it: customer, item, ascending.

    Bought; where the brand has no order lines, looked at. A thing that the history's day did not know has the item -1.
    A person at `today` who holds several customers of then counts for each (the rule of labels). To be called after
    `read_history` of the same day.
    """
    until = history.day + timedelta(days=days)
    source = "bought" if history.has_purchases else "looked"
    query = NEXT.format(facts=NEXT_FACTS[source], **parts_of(history.kind))
    return connection.execute(query, {"day": history.day, "today": today, "until": until}).df()
