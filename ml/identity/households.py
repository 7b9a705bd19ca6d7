"""Which customers live together: whoever is tied to one another, directly or by way of others.

The ties are SQL; what a chain of them reaches is not.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from ml.data.warehouse import write_table
from ml.identity.merge_tree import components
from ml.identity.steps import Ints

TIES = "select first_customer_no, customer_no from identity.int_identity__household_ties"
MOST_PEOPLE = (
    "select cast(most as bigint) from seeds.household_limits where what = 'people_in_household'"
)
COLUMNS = {"customer_no": "bigint", "head_customer_no": "bigint"}


def households(left: Ints, right: Ints, most_people: int) -> tuple[Ints, Ints]:
    """Every customer of a household, in the order of their numbers, and the first customer of it.

    Args:
        left: one customer of each tie, numbered by age.
        right: the other one, who lives with the first.
        most_people: whoever is chained to more customers than that lives in no known household.
    """
    people, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    label = components(len(people), place[: len(left)], place[len(left) :])
    _, first, household, size = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    kept = (size > 1) & (size <= most_people)
    kept = kept[household]
    return people[kept], people[first[household]][kept]


def assign_households(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Write `resolved.households`; returns how many customers live in how many households.

    Raises:
        ValueError: the seed does not say how large a household may be.
    """
    ties = connection.execute(TIES).fetchnumpy()
    left, right = (np.asarray(ties[name], np.int64) for name in ties)
    limit = connection.execute(MOST_PEOPLE).fetchone()
    if limit is None:
        raise ValueError("the seed household_limits has no row people_in_household")
    customers, heads = households(left, right, limit[0])
    rows = pa.table(dict(zip(COLUMNS, (customers, heads), strict=True)))
    write_table(connection, "resolved.households", COLUMNS, rows)
    return len(customers), len(np.unique(heads))
