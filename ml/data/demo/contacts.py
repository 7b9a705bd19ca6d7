"""Campaign messages and what people did with them; readings of the running watch."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ml.data.demo.history import History
from ml.data.demo.instants import DAY, HOUR
from ml.data.demo.orders import Orders
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.process import UNREACHABLE, Calendar
from ml.data.demo.records import Records
from ml.data.demo.traits import CONSENT_SOURCES, SOURCES, Traits
from ml.data.landing_writer import timestamps

Ints = npt.NDArray[np.int64]
OUTCOMES = np.array(["delivered", "opened", "clicked", "redeemed", "unsubscribed", "complained"])
REDEEMED, UNSUBSCRIBED, COMPLAINED = 3, 4, 5
SEND_HOUR = 10


def campaign_names(calendar: Calendar, days: Ints) -> list[str]:
    """Names of the campaigns of these days: the date, and whether a coin chose the receivers."""
    unique = np.unique(days)
    name = {
        int(day): f"{calendar.first_day + timedelta(days=int(day))}-"
        f"{'pilot' if calendar.is_pilot(int(day)) else 'weekly'}"
        for day in unique
    }
    return [name[int(day)] for day in days]


def contact_tables(
    history: History, orders: Orders, traits: Traits, records: Records, rng: np.random.Generator
) -> dict[str, pa.Table]:
    """Messages by channel: first delivered, then a second version for those who reacted."""
    log = history.logs["contacts"]
    person, day = log["person"], log["day"]
    at = day * DAY + SEND_HOUR * HOUR + rng.integers(0, HOUR, len(person))
    outcome = _outcomes(log, orders, traits, history.calendar.parameters, rng)
    reacted = np.flatnonzero(outcome > 0)
    delay = rng.integers(60, 20 * HOUR, len(reacted))
    delay += np.where(outcome[reacted] == REDEEMED, 2 * DAY, 0)
    row = np.concatenate([np.arange(len(person)), reacted])
    known = np.concatenate([at + 30, at[reacted] + delay])
    code = np.concatenate([np.zeros(len(person), dtype=np.int64), outcome[reacted]])
    order = np.lexsort((code, row, known))
    order = order[known[order] < records.clock.end_second]
    row, known, code = row[order], known[order], code[order]
    member = [traits.member[person, SOURCES.index(source)] for source in CONSENT_SOURCES]
    source = np.where(member[0], 0, np.where(member[1], 1, 2))
    campaigns = np.array(campaign_names(history.calendar, day), dtype=object)
    ids = np.array([f"{c}-{p:06d}" for c, p in zip(campaigns, person, strict=True)], dtype=object)
    tables = {}
    for number, name in enumerate(CONSENT_SOURCES):
        mine = np.flatnonzero(source[row] == number)
        rows = row[mine]
        tables[name] = pa.table(
            {
                "source": pa.array([name] * len(rows), pa.string()),
                "contact_id": pa.array(ids[rows].tolist(), pa.string()),
                "source_key": pa.array(records.key(name, person[rows]).tolist(), pa.string()),
                "channel": pa.array(
                    ["push" if name == "app" else "email"] * len(rows), pa.string()
                ),
                "occurred_at": timestamps(records.clock.instants(at[rows])),
                "known_at": timestamps(records.clock.instants(known[mine])),
                "campaign": pa.array(campaigns[rows].tolist(), pa.string()),
                "outcome": pa.array(OUTCOMES[code[mine]].tolist(), pa.string()),
            }
        )
    return tables


def _outcomes(
    log: dict[str, Ints],
    orders: Orders,
    traits: Traits,
    p: DemoParameters,
    rng: np.random.Generator,
) -> Ints:
    """Furthest stage of each message; redeemed when a coupon order followed in its week."""
    person, day, stage = log["person"], log["day"], log["stage"]
    opens = np.array(p.opens)[traits.persuasion[person]] * np.array(p.opens_by_stage)[stage]
    draw = rng.random(len(person))
    outcome = (draw < opens).astype(np.int64) + (draw < opens * p.clicks_of_opened)
    far = 100_000
    used = (orders.messaged == 1) & orders.coupon
    bought = np.sort(orders.person[used] * far + orders.second[used] // DAY)
    start = person * far + day
    in_week = np.searchsorted(bought, start + 7) > np.searchsorted(bought, start)
    outcome = np.where(in_week, REDEEMED, outcome)
    complains = rng.random(len(person)) < p.unsubscribes_complaining
    said = np.where(complains, COMPLAINED, UNSUBSCRIBED)
    return np.where(log["unsubscribed"] == 1, said, outcome)


def assignments(history: History, traits: Traits) -> pd.DataFrame:
    """Truth of the randomised campaigns: who was drawn to be written to, among the reachable.

    One row per person reachable at a pilot campaign: person (number), campaign, group.
    """
    log = history.logs["contacts"]
    parts = []
    left = np.full(len(traits.wishes), np.iinfo(np.int64).max)
    out = log["unsubscribed"] == 1
    left[log["person"][out]] = log["day"][out]
    for day in np.unique(log["day"]):
        if not history.calendar.is_pilot(int(day)):
            continue
        reachable = traits.is_reachable & (history.state.joined < day) & (left >= day)
        gone_before = (history.state.reach == UNREACHABLE) & (left == np.iinfo(np.int64).max)
        who = np.flatnonzero(reachable & ~gone_before)
        sent = np.isin(who, log["person"][log["day"] == day])
        parts.append(
            pd.DataFrame(
                {
                    "person": who,
                    "campaign": campaign_names(history.calendar, np.array([day]))[0],
                    "group": np.where(sent, "treatment", "control"),
                }
            )
        )
    if not parts:
        return pd.DataFrame(
            {
                "person": pd.Series(dtype=int),
                "campaign": pd.Series(dtype=str),
                "group": pd.Series(dtype=str),
            }
        )
    return pd.concat(parts, ignore_index=True)


def measurement_table(
    history: History, traits: Traits, records: Records, rng: np.random.Generator
) -> pa.Table:
    """Weekly kilometres of the running watch: they fall before their owner leaves."""
    log = history.logs["readings"]
    person, stage = log["person"], log["stage"]
    habit = rng.lognormal(2.7, 0.5, len(traits.wishes))
    factor = np.array([1.0, 0.95, 0.5, 0.0])[stage]
    week = log["day"] * DAY + 20 * HOUR + rng.integers(0, 3 * HOUR, len(person))
    value = habit[person] * factor * rng.lognormal(0, 0.35, len(person))
    device = rng.permutation(len(traits.wishes))
    return pa.table(
        {
            "source": pa.array(["app"] * len(person), pa.string()),
            "source_key": pa.array(records.key("app", person).tolist(), pa.string()),
            "metric": pa.array(["distance"] * len(person), pa.string()),
            "value": pa.array(np.round(value, 1)),
            "occurred_at": timestamps(records.clock.instants(week)),
            "unit": pa.array(["km"] * len(person), pa.string()),
            "device_id": pa.array([f"watch-{device[i]:06d}" for i in person], pa.string()),
        }
    )
