"""Levels by plain Python, from the words of the rules: facts of two windows, thresholds, no flicker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil

from tests.relationship.known import Known, weeks
from tests.relationship.recomputed_referrals import credited_shares

NONE, MICRO, WEAK, STRONG, SUPER = range(5)
NAMES = ("none", "micro", "weak", "strong", "super")
REACH_DAYS, STAY_DAYS = 365, 455
REACH_QUANTILE, STAY_QUANTILE = Fraction(75, 100), Fraction(60, 100)


@dataclass(frozen=True)
class Standing:
    """Where a customer stands on a Monday."""

    level: int
    previous: int | None
    since: date
    day: date

    @property
    def days_stood(self) -> int:
        return (self.day - self.since).days

    @property
    def moved(self) -> str | None:
        if self.previous is None:
            return "arrived"
        if self.level == self.previous:
            return None
        return "risen" if self.level > self.previous else "fallen"


@dataclass
class Window:
    """What customers did within so many days before a date."""

    active: set[str] = field(default_factory=set)
    order_days: Counter[str] = field(default_factory=Counter)
    brought: Counter[str] = field(default_factory=Counter)


def window(known: Known, days: int) -> Window:
    """Facts of [day - days, day): who was active, on how many days they bought, whom they brought."""
    begin = datetime.combine(known.day - timedelta(days=days), datetime.min.time())
    seen = Window()
    for order in known.orders:
        if order.who and order.at >= begin:
            seen.active.add(order.who)
    for row in known.interactions:
        if row["occurred_at"] >= begin:
            seen.active.add(known.who[row["source"], row["source_key"]])
    for share in known.shares:
        if share.at >= begin:
            seen.active |= {share.sender} | ({share.receiver} if share.receiver else set())
    bought = {(order.who, order.at.date()) for order in known.completed if order.at >= begin}
    seen.order_days.update(who for who, _ in bought if who)
    seen.brought.update(
        share.sender for share in credited_shares(known).values() if share.at >= begin
    )
    return seen


def nearest_rank(values: list[int], quantile: Fraction) -> int:
    """The least value that at least this share of the values does not exceed; 0 of none."""
    return sorted(values)[ceil(quantile * len(values)) - 1] if values else 0


def highest(seen: Window, threshold: int) -> Callable[[str], int]:
    """The highest level whose rule, and those of all lower ones, a customer meets."""

    def level(who: str) -> int:
        met = [
            who in seen.active,
            seen.order_days[who] >= 1,
            seen.order_days[who] >= threshold,
            seen.brought[who] >= 1,
        ]
        return met.index(False) if False in met else SUPER

    return level


def step(known: Known, before: dict[str, Standing]) -> dict[str, Standing]:
    """Everybody's standing on a Monday, from that of the Monday before."""
    near, wide = window(known, REACH_DAYS), window(known, STAY_DAYS)
    often = list(near.order_days.values())
    reached = highest(near, max(2, nearest_rank(often, REACH_QUANTILE)))
    staying = highest(wide, max(2, nearest_rank(often, STAY_QUANTILE)))
    now = {}
    for who in known.customers:
        last = before.get(who)
        level = max(reached(who), min(last.level, staying(who)) if last else NONE)
        stays = last is not None and last.level == level
        now[who] = Standing(
            level,
            last.level if last else None,
            last.since if last and stays else known.day,
            known.day,
        )
    return now


def levels(at: Callable[[date], Known], until: date) -> dict[date, dict[str, Standing]]:
    """Everybody's standing on each Monday up to a date."""
    history: dict[date, dict[str, Standing]] = {}
    before: dict[str, Standing] = {}
    for monday in weeks(at(until).first_fact(), until):
        before = history[monday] = step(at(monday), before)
    return history
