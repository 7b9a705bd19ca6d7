"""What is planted in a demo brand beside what is published: small cases counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
from relationship_truth import (
    BRINGER_SPLIT,
    BROUGHT_SPLIT,
    NOT_PLANTED,
    WHOLE,
    Account,
    hits,
    nearest_rank,
    people_of_customers,
    planted_revenue,
    referral_accounts,
    rises,
    traits_by_level,
    true_levels,
    unreconciled,
)

MONDAY = datetime(2024, 6, 3)


def frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns.split())


# Anna is one customer, Ben is two; BC holds two records of Ben and one of Cleo.
RECORDS = list(enumerate(["anna", "anna", "ben", "ben", "cleo", "ben"]))
HELD_BY = list(enumerate(["A", "A", "BC", "BC", "BC", "B"]))
CUSTOMERS = people_of_customers(
    frame("source source_key person_id", *(("web", key, person) for key, person in RECORDS)),
    frame("source source_key customer_id", *(("web", key, customer) for key, customer in HELD_BY)),
)


def test_a_customer_is_the_person_of_most_of_its_records() -> None:
    assert CUSTOMERS["person_id"].to_dict() == {"A": "anna", "B": "ben", "BC": "ben"}
    assert CUSTOMERS["is_whole"].to_dict() == {"A": True, "B": False, "BC": False}


def days(person: str, *ago: int) -> list[tuple[str, datetime]]:
    return [(person, MONDAY - timedelta(days=number)) for number in ago]


def test_levels_of_people_rise_at_once_and_fall_when_the_softer_rule_fails() -> None:
    orders = frame(
        "person_id day", *days("once", 10), *days("twice", 1, 365), *days("was", 370, 380, 400)
    )
    active = pd.concat([orders, frame("person_id day", *days("looks", 365), *days("gone", 456))])
    brought = frame("person_id day", *days("twice", 365), *days("was", 400))
    weeks = np.arange(np.datetime64(MONDAY, "D") - 56, np.datetime64(MONDAY, "D") + 1, 7)
    at_once = true_levels(active, orders, brought, weeks[-1:]).to_dict()
    assert at_once == {"once": 2, "twice": 4, "was": 0, "looks": 1, "gone": 0}
    # Eight weeks ago `was` had three order days and one person brought within the year: it stays for a quarter more.
    assert true_levels(active, orders, brought, weeks)["was"] == 4


def test_the_nearest_rank_is_a_value_that_is_there() -> None:
    assert [
        nearest_rank(np.array(values), 75) for values in ([4, 1, 3, 2], [1, 2, 3], [5], [])
    ] == [3, 3, 5, 0]


def test_precision_counts_people_once_and_as_many_customers_as_are_wanted() -> None:
    ranked = ["BC", "B", "A"]
    assert hits(ranked, CUSTOMERS["person_id"], {"ben"}) == 1
    assert hits(ranked, CUSTOMERS["person_id"], {"ben", "anna"}) == 1
    assert hits(ranked, CUSTOMERS["person_id"], {"ben", "anna", "dan"}) == 2


def test_traits_are_means_over_the_customers_of_a_level() -> None:
    people = frame(
        "person_id level wishes_per_year shares_per_year stage",
        ("anna", 4, 9.0, 2.0, "content"),
        ("ben", 2, 3.0, 0.0, "gone"),
    ).set_index("person_id")
    told = pd.Series({"A": "super", "B": "weak", "BC": "weak", "nobody": "none"})
    table = traits_by_level(told, CUSTOMERS["person_id"], people)
    assert table.to_dict("index") == {
        "weak": {"customers": 2, "level": 2.0, "wishes": 3.0, "shares": 0.0, "leaving": 1.0},
        "super": {"customers": 1, "level": 4.0, "wishes": 9.0, "shares": 2.0, "leaving": 0.0},
    }
    assert [rises(pd.Series(values)) for values in ([1, 2], [1, 1], [2, 1])] == [True, False, False]


def test_what_was_bought_since_counts_to_the_cent() -> None:
    referrals = frame("person_id brought_at", ("anna", MONDAY), ("ben", MONDAY))
    orders = frame(
        "person_id occurred_at amount",
        ("anna", MONDAY - timedelta(seconds=1), Decimal("5")),
        ("anna", MONDAY, Decimal("0.10")),
        ("anna", MONDAY + timedelta(days=1), Decimal("0.20")),
    )
    assert planted_revenue(referrals, orders).to_dict() == {
        "anna": Decimal("0.30"),
        "ben": Decimal(0),
    }


def test_the_two_trees_are_compared_by_what_identity_made_of_their_people() -> None:
    customers = frame(
        "customer_id person_id is_whole",
        ("A", "anna", True),
        ("B", "ben", True),
        ("C1", "cleo", False),
        ("C2", "cleo", False),
        ("D", "dan", True),
    ).set_index("customer_id")
    planted = frame(
        "person_id brought_by revenue",
        ("ben", "anna", Decimal("1.10")),
        ("dan", "cleo", Decimal(2)),
        ("cleo", "anna", Decimal(3)),
    )
    published = frame(
        "customer_id inviter_id revenue", ("B", "A", Decimal("1.10")), ("C1", "A", Decimal(1)), ("C2", "B", Decimal(2))
    )  # fmt: skip
    assert referral_accounts(planted, published, customers) == [
        Account(WHOLE, 1, Decimal("1.10"), 1, Decimal("1.10"), 1),
        Account(BRINGER_SPLIT, 1, Decimal(2), 0, Decimal(0), 0),
        Account(BROUGHT_SPLIT, 1, Decimal(3), 1, Decimal(1), 0),
        Account(NOT_PLANTED, 0, Decimal(0), 1, Decimal(2), 0),
    ]


FUNNEL = frame(
    "as_of_date level customers_before arrived risen fallen risen_out fallen_out gone customers",
    (1, "none", 0, 3, 0, 0, 0, 0, 0, 3),
    (1, "micro", 0, 1, 0, 0, 0, 0, 0, 1),
    (2, "none", 3, 0, 0, 1, 1, 0, 1, 2),
    (2, "micro", 1, 0, 1, 0, 0, 1, 0, 1),
)


def test_a_funnel_adds_up_within_the_week_and_with_the_week_before() -> None:
    assert unreconciled(FUNNEL) == 0
    assert unreconciled(FUNNEL.assign(risen=[0, 0, 1, 1])) == 1
    assert unreconciled(FUNNEL.assign(customers_before=[0, 0, 2, 1], gone=[0, 0, 0, 0])) == 1
