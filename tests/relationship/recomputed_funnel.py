"""The funnel and the cohorts by plain Python, from everybody's standing and the referral tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tests.relationship.known import Known, Order
from tests.relationship.recomputed_levels import NAMES, Standing
from tests.relationship.recomputed_referrals import Tree

WEEK = timedelta(days=7)
History = dict[date, dict[str, Standing]]


@dataclass(frozen=True)
class Week:
    """One level in one week."""

    customers_before: int
    arrived: int
    risen: int
    fallen: int
    risen_out: int
    fallen_out: int
    left: int
    gone: int
    customers: int
    brought: int
    revenue_brought: Decimal


def funnel(
    known: Known, history: History, at: Callable[[date], Known]
) -> dict[tuple[date, str], Week]:
    """Each Monday and level: who stands there, how they came, how the others went, whom they brought."""
    tree = Tree(known)
    brought: Counter[tuple[date, int]] = Counter()
    revenue: defaultdict[tuple[date, int], Decimal] = defaultdict(Decimal)
    for who, share in tree.credited.items():
        for monday in history:
            level = level_of_sender(at(monday), history[monday], share.source, share.sender_key)
            if level is None:
                continue
            brought[monday, level] += within(monday, share.at.date())
            for order in tree.orders[who]:
                if within(monday, order.at.date()):
                    revenue[monday, level] += order.amount
    found = {}
    before: dict[str, Standing] = {}
    for monday, now in history.items():
        for level, name in enumerate(NAMES):
            counts = moves(before, now, level)
            found[monday, name] = Week(*counts, brought[monday, level], revenue[monday, level])
        before = now
    return found


def level_of_sender(
    known: Known, standings: dict[str, Standing], source: str, key: str
) -> int | None:
    """The level of whoever the sending record was then; none where it was not known yet."""
    who = known.who.get((source, key))
    return standings[who].level if who else None


def within(monday: date, day: date) -> bool:
    """Did it happen in the week before a Monday?"""
    return monday - WEEK <= day < monday


def moves(before: dict[str, Standing], now: dict[str, Standing], level: int) -> tuple[int, ...]:
    """customers_before, arrived, risen, fallen, risen_out, fallen_out, left, gone, customers of a level."""
    here = [who for who, standing in now.items() if standing.level == level]
    were = [who for who, standing in before.items() if standing.level == level]
    out = [who for who in were if who in now]
    return (
        len(were),
        sum(who not in before for who in here),
        sum(who in before and before[who].level < level for who in here),
        sum(who in before and before[who].level > level for who in here),
        sum(now[who].level > level for who in out),
        sum(now[who].level < level for who in out),
        sum(now[who].level < level and NAMES[now[who].level] == "none" for who in out),
        len(were) - len(out),
        len(here),
    )


@dataclass(frozen=True)
class CohortMonth:
    """A cohort in one month of its life."""

    customers: int
    active_customers: int
    orders: int
    amount: Decimal
    cumulative_amount: Decimal
    is_complete: bool


def cohorts(known: Known) -> dict[tuple[date, int], CohortMonth]:
    """By month of the first completed order, each month since, up to that of the day."""
    bought: defaultdict[str, list[Order]] = defaultdict(list)
    for order in known.completed:
        bought[str(order.who)].append(order)
    members: defaultdict[date, list[str]] = defaultdict(list)
    for who, orders in bought.items():
        members[month_of(orders[0])].append(who)
    found = {}
    for month, people in members.items():
        total, current, since = Decimal(0), month, 0
        while current <= known.day.replace(day=1):
            theirs = [
                order for who in people for order in bought[who] if month_of(order) == current
            ]
            amount = sum((order.amount for order in theirs), Decimal(0))
            total += amount
            following = next_month(current)
            found[month, since] = CohortMonth(
                len(people), len({order.who for order in theirs}), len(theirs), amount, total, following <= known.day
            )  # fmt: skip
            current, since = following, since + 1
    return found


def month_of(order: Order) -> date:
    return order.at.date().replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
