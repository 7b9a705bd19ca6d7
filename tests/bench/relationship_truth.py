"""What is planted in a demo brand, held against what Kith publishes of the relationship.

The truth knows people and who brought whom; Kith knows customers, which are sets of records. A customer stands for the
person that most of its records belong to. A person is whole when it is one customer and that customer nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

REACH_DAYS, STAY_DAYS = 365, 455
REACH_PERCENT, STAY_PERCENT = 75, 60
LEAST_ORDER_DAYS = 2
WHOLE, BRINGER_SPLIT = "both are one customer", "only the one brought is"
BROUGHT_SPLIT, NOT_PLANTED = "the one brought is not", "not planted"
LEVELS = ("none", "micro", "weak", "strong", "super")

Days = NDArray[np.datetime64]
Ints = NDArray[np.int64]


def people_of_customers(truth_records: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Per customer: the person of most of its records (ties: the first by name), and whether that person is whole.

    Both frames have source and source_key, the first person_id, the second customer_id.
    """
    both = truth_records.merge(records, on=["source", "source_key"])
    pairs = both.groupby(["customer_id", "person_id"]).size().rename("records").reset_index()
    customers = pairs.groupby("person_id")["customer_id"].transform("size")
    people = pairs.groupby("customer_id")["person_id"].transform("size")
    pairs["is_whole"] = (customers == 1) & (people == 1)
    first = pairs.sort_values(
        ["customer_id", "records", "person_id"], ascending=[True, False, True]
    )
    return first.drop_duplicates("customer_id").set_index("customer_id")[["person_id", "is_whole"]]


def true_levels(
    active: pd.DataFrame, order_days: pd.DataFrame, brought: pd.DataFrame, mondays: Days
) -> pd.Series:
    """The level (0 to 4) of each person on the last Monday, by the written rule applied to people.

    All frames have person_id and day: days with any sign of the person, days with a completed order (each once), and
    a row per person brought.
    """
    names = pd.Index(active["person_id"]).unique()
    signs, orders, bringing = (
        (names.get_indexer(frame["person_id"]), frame["day"].to_numpy("datetime64[D]"))
        for frame in (active, order_days, brought)
    )

    def counts(events: tuple[Ints, Days], monday: np.datetime64, days: int) -> Ints:
        person, day = events
        inside = (day >= monday - days) & (day < monday)
        return np.bincount(person[inside], minlength=len(names))

    level = np.zeros(len(names), dtype=np.int64)
    for monday in mondays:
        near = counts(orders, monday, REACH_DAYS)
        met = []
        for window, percent in ((REACH_DAYS, REACH_PERCENT), (STAY_DAYS, STAY_PERCENT)):
            often = max(LEAST_ORDER_DAYS, nearest_rank(near[near > 0], percent))
            bought = counts(orders, monday, window)
            rules = [
                counts(signs, monday, window) > 0,
                bought > 0,
                bought >= often,
                counts(bringing, monday, window) > 0,
            ]
            met.append(np.cumprod(rules, axis=0).sum(axis=0))
        level = np.maximum(met[0], np.minimum(level, met[1]))
    return pd.Series(level, index=names)


def nearest_rank(values: Ints, percent: int) -> int:
    """The least value that at least so many percent of the values do not exceed; 0 of none."""
    return int(np.sort(values)[-(-percent * len(values) // 100) - 1]) if len(values) else 0


def hits(ranked: list[str], person_of: pd.Series, wanted: set[str]) -> int:
    """How many of the wanted people are among the first customers, as many as people are wanted."""
    return len(set(person_of.reindex(ranked[: len(wanted)]).dropna()) & wanted)


def traits_by_level(levels: pd.Series, person_of: pd.Series, people: pd.DataFrame) -> pd.DataFrame:
    """Per level of Kith: customers, and what the people behind them are like in truth (means).

    ``levels`` is by customer_id; ``people`` is by person_id: level (0 to 4), wishes_per_year, shares_per_year, stage.
    """
    truth = people.reindex(person_of.reindex(levels.index).to_numpy())
    table = pd.DataFrame(
        {
            "told": levels.to_numpy(),
            "level": truth["level"].to_numpy(),
            "wishes": truth["wishes_per_year"].to_numpy(),
            "shares": truth["shares_per_year"].to_numpy(),
            "leaving": truth["stage"].isin(["fading", "gone"]).to_numpy(),
        }
    ).dropna()
    traits = table.groupby("told").mean()
    traits.insert(0, "customers", table["told"].value_counts())
    return traits.reindex([level for level in LEVELS if level in traits.index])


def rises(values: pd.Series) -> bool:
    """Does each value exceed the one before?"""
    return bool(values.is_monotonic_increasing and values.is_unique)


def planted_revenue(referrals: pd.DataFrame, orders: pd.DataFrame) -> pd.Series:
    """What each person brought bought since, by person_id, exact.

    ``referrals``: person_id, brought_at. ``orders``: person_id, occurred_at, amount (Decimal) of completed orders.
    """
    both = referrals.merge(orders, on="person_id")
    since = both[both["occurred_at"] >= both["brought_at"]]
    sums = since.groupby("person_id")["amount"].agg(lambda amounts: sum(amounts, Decimal(0)))
    return sums.reindex(referrals["person_id"], fill_value=Decimal(0))


@dataclass(frozen=True)
class Account:
    """Some of the people brought: how many and what they bought since, by the truth and by Kith; of how many of the
    planted ones Kith tells the same bringer and the same money to the cent."""

    why: str
    planted: int
    planted_revenue: Decimal
    found: int
    found_revenue: Decimal
    equal: int


def referral_accounts(
    planted: pd.DataFrame, published: pd.DataFrame, customers: pd.DataFrame
) -> list[Account]:
    """The planted tree beside the published one, by what identity made of the people at both ends.

    Args:
        planted: person_id, brought_by, revenue; one row per person brought.
        published: customer_id, inviter_id, revenue; one row per customer brought.
        customers: by customer_id: person_id, is_whole.
    """
    ends = ["person_id", "brought_by"]
    found = published.join(customers["person_id"], on="customer_id")
    found["brought_by"] = found["inviter_id"].map(customers["person_id"])
    whole = customers.loc[customers["is_whole"], "person_id"]
    is_whole, is_inviter_whole = (planted[end].isin(whole) for end in ends)
    why = np.where(
        is_whole & is_inviter_whole, WHOLE, np.where(is_whole, BRINGER_SPLIT, BROUGHT_SPLIT)
    )
    accounts = []
    for reason in (WHOLE, BRINGER_SPLIT, BROUGHT_SPLIT):
        rows = planted[why == reason]
        theirs = found.merge(rows[ends], on=ends)
        told = theirs.groupby(ends)["revenue"].agg(total)
        equal = (told == rows.set_index(ends)["revenue"].reindex(told.index)).sum()
        accounts.append(
            Account(
                reason,
                len(rows),
                total(rows["revenue"]),
                len(theirs),
                total(theirs["revenue"]),
                int(equal),
            )
        )
    beyond = found.merge(planted[ends], on=ends, how="left", indicator="side")
    beyond = beyond[beyond["side"] == "left_only"]
    return [
        *accounts,
        Account(NOT_PLANTED, 0, Decimal(0), len(beyond), total(beyond["revenue"]), 0),
    ]


def total(amounts: pd.Series) -> Decimal:
    return sum(amounts, Decimal(0))


def unreconciled(funnel: pd.DataFrame) -> int:
    """Rows of the funnel that do not add up, within the week or with the week before."""
    came = funnel["customers_before"] + funnel["arrived"] + funnel["risen"] + funnel["fallen"]
    went = funnel["risen_out"] + funnel["fallen_out"] + funnel["gone"]
    ordered = funnel.sort_values(["level", "as_of_date"])
    before = ordered.groupby("level")["customers"].shift(fill_value=0)
    return int(
        ((came - went) != funnel["customers"]).sum() + (before != ordered["customers_before"]).sum()
    )
