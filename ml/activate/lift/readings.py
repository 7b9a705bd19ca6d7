"""Readings: one per audience and quarter, per randomised campaign, and per pattern of campaigns and quarter. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from ml.activate.lift.estimates import (
    FALSE_DISCOVERIES,
    mean_difference,
    rate_difference,
    rate_p_value,
    smallest_visible,
)
from ml.activate.uplift.randomisation import ALARM, share_p_value

READ, WAITING, FAILED, TOO_FEW = "read", "waiting", "not_comparable", "too_few_people"
FEWEST_PEOPLE = 30
"""A group of fewer people is no group."""


def readings_of(contacts: pd.DataFrame, complete_until: datetime, lag_days: int) -> pd.DataFrame:
    """Give one row per reading, by kind, name and quarter.

    `contacts` has one row per randomised unit: origin (campaign or audience), pattern, campaign, campaign_date, person,
    is_treated, is_mixed, treated_share, read_days, purchase, amount; units of one campaign in a fixed order. A person
    counts once in each reading, the earliest time. A reading opens when the window of its last possible person has
    closed: before ``complete_until``, which is ``lag_days`` before the day that reads.
    """
    rows = [
        _reading(keys, members, complete_until, lag_days) for keys, members in _groups(contacts)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    counts = ["people_treated", "people_holdout", "left_out_mixed", "horizon_days"]
    table[counts] = table[counts].astype("Int64")
    tested = table["p_value"].notna()
    if tested.any():
        p_values = table.loc[tested, "p_value"].to_numpy(np.float64)
        table.loc[tested, "q_value"] = false_discovery_control(p_values, method="bh")
    table["is_proved"] = (table["q_value"] <= FALSE_DISCOVERIES).where(tested)
    return table.sort_values(["kind", "name", "quarter"], ignore_index=True)


COLUMNS = (
    "kind", "name", "quarter", "outcome", "horizon_days", "status", "closes_on", "readable_on",
    "people_treated", "people_holdout", "left_out_mixed", "rate_treated", "rate_holdout",
    "difference", "difference_low", "difference_high", "smallest_visible", "money_treated", "money_holdout",
    "money_difference", "money_low", "money_high", "p_value", "q_value", "is_proved", "share_declared",
    "share_observed", "share_p_value", "is_causal", "reason_code",
)  # fmt: skip


def _groups(contacts: pd.DataFrame) -> Iterator[tuple[tuple[str, str, date], pd.DataFrame]]:
    """Each reading's kind, name and last possible day, with its people, each once: the first time."""
    ordered = contacts.sort_values(["campaign_date", "campaign"], kind="stable")
    quarters = pd.to_datetime(ordered["campaign_date"]).dt.to_period("Q")
    ordered = ordered.assign(quarter_end=quarters.dt.end_time.dt.normalize())
    campaigns = ordered[ordered["origin"] == "campaign"]
    for campaign, members in campaigns.groupby("campaign", sort=True):
        yield ("campaign", str(campaign), members["campaign_date"].iloc[0]), members
    for pooled, origin in (("campaigns", "campaign"), ("audience", "audience")):
        own = ordered[ordered["origin"] == origin]
        for _, members in own.groupby(["pattern", "quarter_end"], sort=True):
            name, last = members["pattern"].iloc[0], members["quarter_end"].iloc[0].date()
            # The first campaign in which the person could be drawn; two records in it stay side by side.
            first = members.groupby("person")["campaign"].transform("first")
            yield (pooled, str(name), last), members[members["campaign"] == first]


def _reading(
    keys: tuple[str, str, date], members: pd.DataFrame, complete_until: datetime, lag_days: int
) -> dict[str, Any]:
    kind, name, last = keys
    last = pd.Timestamp(last).date()
    horizon = int(members["read_days"].max())
    closes = last + timedelta(days=horizon)
    row: dict[str, Any] = dict.fromkeys(COLUMNS) | {
        "kind": kind,
        "name": name,
        "quarter": f"{last.year}Q{(last.month - 1) // 3 + 1}",
        "outcome": "purchase",
        "horizon_days": horizon,
        "closes_on": closes,
        "readable_on": closes + timedelta(days=lag_days),
        "is_causal": False,
    }
    if datetime.combine(closes, time()) > complete_until:
        return row | {"status": WAITING, "reason_code": "window_open"}
    torn = torn_people(members)
    row["left_out_mixed"] = int(members.loc[torn, "person"].nunique())
    unique = members[~torn].drop_duplicates("person")
    treated, held_out = (unique[unique["is_treated"] == is_treated] for is_treated in (True, False))
    row |= {"people_treated": len(treated), "people_holdout": len(held_out)}
    if min(len(treated), len(held_out)) < FEWEST_PEOPLE:
        return row | {"status": TOO_FEW, "reason_code": TOO_FEW}
    row |= _shares(unique)
    if row["share_p_value"] is not None and row["share_p_value"] < ALARM:
        return row | {"status": FAILED, "reason_code": "share_mismatch"}
    return row | _compared(treated, held_out) | {"status": READ, "is_causal": True}


def torn_people(members: pd.DataFrame) -> pd.Series:
    """Rows of people who count in neither group: marked as mixed, or in both groups at once."""
    groups = members.groupby(["campaign", "person"])["is_treated"].transform("nunique")
    return (groups > 1) | members["is_mixed"]


def _shares(unique: pd.DataFrame) -> dict[str, Any]:
    known = unique[unique["treated_share"].notna()]
    found = share_p_value(
        known["is_treated"].to_numpy(np.float64), known["treated_share"].to_numpy(np.float64)
    )
    return {
        "share_declared": float(known["treated_share"].mean()) if len(known) else None,
        "share_observed": float(unique["is_treated"].mean()),
        "share_p_value": found if len(known) else None,
    }


def _compared(treated: pd.DataFrame, held_out: pd.DataFrame) -> dict[str, Any]:
    bought = (int(treated["purchase"].sum()), len(treated))
    without = (int(held_out["purchase"].sum()), len(held_out))
    rate = rate_difference(*bought, *without)
    money = mean_difference(
        treated["amount"].to_numpy(np.float64), held_out["amount"].to_numpy(np.float64)
    )
    pooled = (bought[0] + without[0]) / (bought[1] + without[1])
    return {
        "rate_treated": bought[0] / bought[1],
        "rate_holdout": without[0] / without[1],
        "difference": rate.value,
        "difference_low": rate.low,
        "difference_high": rate.high,
        "smallest_visible": smallest_visible(pooled, bought[1], without[1]),
        "money_treated": float(treated["amount"].mean()),
        "money_holdout": float(held_out["amount"].mean()),
        "money_difference": money.value,
        "money_low": money.low,
        "money_high": money.high,
        "p_value": rate_p_value(*bought, *without),
    }
