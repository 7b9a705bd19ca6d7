"""Chains of ties against networkx, and what new ties may change."""

from __future__ import annotations

from random import Random

import duckdb
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.identity.households import assign_households, households

Ties = list[tuple[int, int]]
MANY = 1000


def ties_among(*numbers: st.SearchStrategy[int]) -> st.SearchStrategy[Ties]:
    return st.lists(st.tuples(*numbers).filter(lambda tie: tie[0] != tie[1]), max_size=25)


SOME = ties_among(st.integers(0, 30), st.integers(0, 30))


def heads(ties: Ties, most_people: int = MANY) -> dict[int, int]:
    """The first customer of the household of each customer who has one."""
    left, right = (np.array([tie[side] for tie in ties], np.int64) for side in (0, 1))
    customers, firsts = households(left, right, most_people)
    assert sorted(set(customers.tolist())) == customers.tolist()
    return dict(zip(customers.tolist(), firsts.tolist(), strict=True))


@given(ties=SOME, most_people=st.integers(1, 8))
def test_a_household_is_a_chain_of_ties_that_is_not_too_long(ties: Ties, most_people: int) -> None:
    expected = {
        customer: min(chain)
        for chain in nx.connected_components(nx.Graph(ties))
        if len(chain) <= most_people
        for customer in chain
    }
    assert heads(ties, most_people) == expected


@given(ties=SOME, order=st.randoms(use_true_random=False))
def test_the_order_and_the_sides_of_ties_change_nothing(ties: Ties, order: Random) -> None:
    turned = [tie[::-1] for tie in ties]
    order.shuffle(turned)
    assert heads(turned + ties) == heads(ties)


@given(ties=SOME, news=ties_among(st.integers(31, 40), st.integers(0, 40)))
def test_customers_who_come_later_leave_the_names_of_households(ties: Ties, news: Ties) -> None:
    before, after = heads(ties), heads(ties + news)
    assert before.keys() <= after.keys()
    for customer, head in before.items():
        # Households that a newcomer joins to one another go on under the oldest of their names.
        assert after[customer] <= head
        assert before.get(after[customer], after[customer]) == after[customer]


def test_a_household_changes_its_name_when_an_earlier_customer_joins() -> None:
    assert heads([(4, 7)]) == {4: 4, 7: 4}
    assert heads([(4, 7), (7, 2)]) == {2: 2, 4: 2, 7: 2}


@pytest.mark.parametrize(
    ("ties", "rows"),
    [([], []), ([(3, 5), (3, 6), (0, 1), (7, 8), (8, 9), (9, 10)], [(0, 0), (1, 0), (3, 3), (5, 3), (6, 3)])],
)  # fmt: skip
def test_the_warehouse_keeps_who_lives_with_whom(ties: Ties, rows: Ties) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema identity; create schema seeds;"
            "create table seeds.household_limits as "
            "select 'people_in_household' as what, cast(3 as decimal(10, 2)) as most union all select 'other', 1;"
            "create table identity.int_identity__household_ties "
            "(first_customer_no bigint, customer_no bigint, reason varchar)"
        )
        for tie in ties:
            connection.execute(
                "insert into identity.int_identity__household_ties values (?, ?, 'family_at_address')",
                tie,
            )
        assert assign_households(connection) == (len(rows), len({head for _, head in rows}))
        assert connection.execute("from resolved.households").fetchall() == rows
