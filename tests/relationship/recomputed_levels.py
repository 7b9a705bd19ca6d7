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
    reason: str | None

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


@dataclass(frozen=True)
class Bar:
    """What a window of facts is held against: how many order days make strong, within how many days."""

    seen: Window
    days: int
    often: int

    def needed(self, level: int) -> int:
        """Order days that a level asks for."""
        return 0 if level < WEAK else 1 if level == WEAK else self.often

    def highest(self, who: str) -> int:
        """The highest level whose rule, and those of all lower ones, a customer meets."""
        bought = self.seen.order_days[who]
        brings = self.seen.brought[who] >= 1
        met = [
            who in self.seen.active,
            bought >= self.needed(WEAK),
            bought >= self.needed(STRONG),
            brings,
        ]
        return met.index(False) if False in met else SUPER


def why_risen(who: str, level: int, before: int, reach: Bar) -> str:
    """Of what the new level asks for, that which the one before did not."""
    words = [f"active in {reach.days} days"] if level == MICRO else []
    if reach.needed(level) > reach.needed(before):
        name = NAMES[min(level, STRONG)]
        needed, bought = reach.needed(level), reach.seen.order_days[who]
        makes = f"{needed} makes" if needed == 1 else f"{needed} make"
        words.append(
            f"{counted(bought, 'order day', 'order days')} in {reach.days} days, {makes} {name}"
        )
    if level == SUPER:
        words.append(
            f"brought {counted(reach.seen.brought[who], 'person', 'people')} in {reach.days} days"
        )
    return "; ".join(words)


def why_fallen(who: str, before: int, stay: Bar) -> str:
    """What the level before asks for and is not there any more."""
    if who not in stay.seen.active:
        return f"nothing done in {stay.days} days"
    words = []
    bought = stay.seen.order_days[who]
    if bought < stay.needed(before):
        words.append(
            f"order days in {stay.days} days fell to {bought}, below {stay.needed(before)}"
        )
    if before == SUPER and not stay.seen.brought[who]:
        words.append(f"brought nobody in {stay.days} days")
    return "; ".join(words)


def counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def bars(known: Known) -> tuple[Bar, Bar]:
    """What to reach a level by and what to stay at it by; what is often, the buyers of the nearer window say."""
    near, wide = window(known, REACH_DAYS), window(known, STAY_DAYS)
    buyers = list(near.order_days.values())
    return (
        Bar(near, REACH_DAYS, max(2, nearest_rank(buyers, REACH_QUANTILE))),
        Bar(wide, STAY_DAYS, max(2, nearest_rank(buyers, STAY_QUANTILE))),
    )


def step(known: Known, before: dict[str, Standing]) -> dict[str, Standing]:
    """Everybody's standing on a Monday, from that of the Monday before."""
    reach, stay = bars(known)
    return {who: stand(who, known.day, before.get(who), reach, stay) for who in known.customers}


def stand(who: str, day: date, last: Standing | None, reach: Bar, stay: Bar) -> Standing:
    """Up at once, down only when the softer rule fails too."""
    if last is None:
        level = reach.highest(who)
        return Standing(
            level, None, day, day, why_risen(who, level, NONE, reach) if level else None
        )
    level = max(reach.highest(who), min(last.level, stay.highest(who)))
    if level == last.level:
        return Standing(level, level, last.since, day, None)
    risen = level > last.level
    why = why_risen(who, level, last.level, reach) if risen else why_fallen(who, last.level, stay)
    return Standing(level, last.level, day, day, why)


def levels(at: Callable[[date], Known], until: date) -> dict[date, dict[str, Standing]]:
    """Everybody's standing on each Monday up to a date."""
    history: dict[date, dict[str, Standing]] = {}
    before: dict[str, Standing] = {}
    for monday in weeks(at(until).first_fact(), until):
        before = history[monday] = step(at(monday), before)
    return history
