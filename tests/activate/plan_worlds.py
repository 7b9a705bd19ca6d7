"""Made-up facts for planning: a few people of every kind, and the declarations they meet."""

from __future__ import annotations

from datetime import time

import numpy as np
import pandas as pd

from ml.activate.contact_limits import ContactLimit
from ml.activate.plan.contacts import READERS
from ml.activate.plan.declarations import ChannelRules, Declarations, Offer
from ml.activate.plan.facts import Effects, Facts

CHANNELS = ("email", "push")
AUDIENCES = ("ready", "leaving", "coupon")


def rules(channel: str, **changes: object) -> ChannelRules:
    """A channel with no quiet hours and rates of its own."""
    usual = {
        "channel": channel,
        "consent": channel,
        "daily_capacity": None,
        "daily_budget": None,
        "quiet_from": time(0),
        "quiet_until": time(0),
        "unsubscribe_rate": 0.002,
        "complaint_rate": 0.0002,
        "lost_by_unsubscribe": 1.0,
        "lost_by_complaint": 1.0,
    }
    return ChannelRules(**{**usual, **changes})  # type: ignore[arg-type]


def offer(name: str, audience: str, channel: str, **changes: object) -> Offer:
    """An offer of a fixed margin and cost."""
    usual = {
        "item_kind": "none",
        "item": None,
        "cost_per_contact": 0.05,
        "margin_share": 0.4,
        "discount_share": 0.0,
        "stock": None,
        "words": "words",
    }
    return Offer(name, audience, channel, **{**usual, **changes})  # type: ignore[arg-type]


DECLARED = Declarations(
    (
        offer("pick", "ready", "email"),
        offer("ping", "ready", "push"),
        offer("stay", "leaving", "email"),
        offer(
            "save",
            "coupon",
            "email",
            discount_share=0.1,
            item_kind="coupon",
            item="SAVE-10",
            stock=3,
        ),
    ),
    {channel: rules(channel) for channel in CHANNELS},
    (ContactLimit("any", 1, 1), ContactLimit("any", 30, 4), ContactLimit("email", 7, 1)),
)


def world(rng: np.random.Generator, count: int = 40, measured: bool = True) -> Facts:
    """Random facts in which every rule closes something for somebody."""

    def some(share: float) -> np.ndarray:
        return rng.random(count) < share

    listed = {name: np.flatnonzero(some(0.5)) for name in AUDIENCES}
    effects = {}
    if measured:
        buying = np.where(some(0.6), rng.normal(0.02, 0.03, count), np.nan)
        leaving = np.where(some(0.5), rng.normal(0, 0.01, count), np.nan)
        refusing = np.where(some(0.5), rng.uniform(-0.001, 0.02, count), np.nan)
        effects["email"] = Effects(buying, np.full(count, 0.02), leaving, refusing, some(0.1))
    return Facts(
        customers=pd.DataFrame(
            {
                "customer_id": [f"c{number:03d}" for number in range(count)],
                "may_profile": some(0.9),
                "probability": np.where(some(0.8), rng.random(count), np.nan),
                "order_value": np.where(some(0.8), rng.gamma(2, 30, count), np.nan),
                "yearly_amount": rng.gamma(1, 100, count),
                "stays": rng.random(count),
                "country": ["GB"] * count,
                "phone": [None] * count,
                "category": ["shoes"] * count,
            }
        ),
        listed=listed,
        treated={name: people[rng.random(len(people)) < 0.8] for name, people in listed.items()},
        consents={channel: some(0.7) for channel in CHANNELS},
        in_peace=some(0.1),
        refused={channel: some(0.1) for channel in CHANNELS},
        contacts={
            (limit.channel, limit.period_days): rng.integers(0, limit.most_contacts + 1, count)
            for limit in DECLARED.limits
        },
        rates={channel: rng.integers(1, 4, (READERS, 3)) * [500, 1, 1] for channel in CHANNELS},
        readers={channel: rng.integers(0, READERS, count) for channel in CHANNELS},
        effects=effects,
        items=pd.DataFrame({"item": ["boots"]}, index=[0]),
        missing=(),
    )
