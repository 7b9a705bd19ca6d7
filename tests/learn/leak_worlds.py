"""Small brands, day by day: what was known at each cut-off, what happened after it, and what only the future knows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ml.learn.training.crossfit import Table, make_splits
from ml.learn.training.task import Task

HORIZON = 28
STEP = 14
LAG = 2
MOOD_DAYS = 14
AHEAD = 5  # people look round some days before they buy
FIRST_DAY = np.datetime64("2024-01-01")


@dataclass(frozen=True)
class Brand:
    """Orders and visits per customer and day, until the run's own day; nothing after it is known."""

    orders: np.ndarray
    visits: np.ndarray
    joined: np.ndarray
    trait: np.ndarray

    @property
    def today(self) -> int:
        return self.orders.shape[1]

    @cached_property
    def cutoffs(self) -> np.ndarray:
        latest = self.today - LAG - HORIZON
        return np.arange(latest - 9 * STEP, latest + 1, STEP)

    def counted(self, events: np.ndarray, day: int, days: int) -> np.ndarray:
        """Events of the ``days`` before ``day``; days that nobody knows yet hold none."""
        return events[:, max(0, day - days) : day].sum(axis=1)

    def since(self, events: np.ndarray, day: int) -> np.ndarray:
        """Days since the last event before ``day``; NaN where there was none."""
        seen = events[:, :day] > 0
        last = day - 1 - np.argmax(seen[:, ::-1], axis=1)
        return np.where(seen.any(axis=1), day - last, np.nan)

    def honest(self, day: int) -> pd.DataFrame:
        """Features of the population at a day, from what happened before it."""
        columns = {}
        for name, events in (("orders", self.orders), ("visits", self.visits)):
            for days in (7, 28, 90):
                columns[f"{name}_count_{days}d"] = self.counted(events, day, days)
            columns[f"{name}_count_all"] = self.counted(events, day, day)
            columns[f"{name}_days_since_last"] = self.since(events, day)
        columns["orders_trend"] = columns["orders_count_28d"] - columns["orders_count_90d"] / 3
        columns["tenure_days"] = day - self.joined
        columns["person_trait"] = self.trait
        columns["calendar_month"] = np.full(len(self.trait), day // 30 % 12)
        columns["noise_value"] = np.sin(np.arange(len(self.trait)) * 12.9898 + day) * 43758.5 % 1
        frame = pd.DataFrame(columns)
        frame.insert(0, "as_of_date", FIRST_DAY + day)
        frame.insert(0, "customer_id", np.arange(len(frame)))
        return frame[self.counted(self.orders, day, 180) > 0]

    @cached_property
    def past(self) -> pd.DataFrame:
        """Rows of all cut-offs with their label."""
        parts = []
        for day in self.cutoffs:
            after = self.orders[:, day : day + HORIZON].sum(axis=1) > 0
            rows = self.honest(day)
            parts.append(rows.assign(label=after[rows["customer_id"]].astype(float), day=day))
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def now(self) -> pd.DataFrame:
        """Rows of the run's own day."""
        return self.honest(self.today).assign(day=self.today)


def make_brand(seed: int, customers: int = 1200, strong: bool = False) -> Brand:
    """A brand with growth, a season, a trend of its own and customers who come, slow down and leave.

    ``strong`` makes customers differ so much that the past count alone reaches an AUC of about .9.
    """
    random = np.random.default_rng(seed)
    days = int(random.integers(330, 500))
    growth = random.uniform(0.0, 0.7)
    joined = (days * random.random(customers) ** (1.0 + growth)).astype(int) - random.integers(
        0, 200, customers
    )
    trait = random.choice([0.0, 1.0, 2.0], customers, p=[0.6, 0.3, 0.1])
    spread = 2.5 if strong else 0.9
    rate = np.exp(random.normal(-4.2, spread, customers) + 0.4 * trait)
    day = np.arange(days + AHEAD)
    season = np.exp(
        random.uniform(0, 0.5) * np.sin(2 * np.pi * (day / 365 + random.random()))
        + random.uniform(-0.3, 0.3) * day / len(day)
        + random.uniform(0, 0.3) * np.isin(day % 7, (5, 6))
    )
    stays = random.exponential(random.uniform(200, 600), customers)
    here = (day >= joined[:, None]) & (day < (joined + stays)[:, None])
    moods = random.gamma(1.5, 1 / 1.5, (customers, len(day) // MOOD_DAYS + 2))
    phase = random.integers(0, MOOD_DAYS, customers)[:, None]  # nobody's mood keeps the calendar
    mood = np.take_along_axis(moods, (day + phase) // MOOD_DAYS, axis=1)
    intensity = rate[:, None] * season * here * mood
    return Brand(
        random.poisson(np.minimum(intensity[:, :days], 3.0)),
        random.poisson(np.minimum(4 * intensity[:, AHEAD:] + 0.01 * here[:, AHEAD:], 6.0)),
        joined,
        trait,
    )


def table_of(past: pd.DataFrame) -> tuple[Table, list[str]]:
    """Rows as the training holds them, and the names of their features."""
    rows = past.sort_values(["as_of_date", "customer_id"])
    names = [n for n in rows if n not in ("customer_id", "as_of_date", "label", "day")]
    customer = np.unique(rows["customer_id"], return_inverse=True)[1]
    values = rows[names].to_numpy(dtype=np.float32)
    day = rows["as_of_date"].to_numpy().astype("datetime64[D]")
    return Table(values, rows["label"].to_numpy(dtype=float), day, customer, None), names


def arguments(past: pd.DataFrame, now: pd.DataFrame) -> tuple[tuple, dict]:
    """What ``check_for_leaks`` takes, for rows of cut-offs and of today."""
    table, names = table_of(past)
    task = Task("next_purchase", HORIZON, tuple(names), (names[0],), 0, 1, lambda _: None)
    splits, out_of_time = make_splits(table, HORIZON, 3, 0)
    return (task, table, splits, out_of_time), {"today": now}
