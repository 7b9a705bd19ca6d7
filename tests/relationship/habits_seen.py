"""What each customer did, as known on a day: lists and counts that the recomputed tags are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from tests.relationship.known import Known

# A value and its evidence.
Told = tuple[str, str]


class Seen:
    """Facts by customer."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.orders = grouped(known.completed, lambda order: order.who)
        self.sent = grouped(known.shares, lambda share: share.sender)
        self.received = grouped(known.shares, lambda share: share.receiver)
        self.acts = grouped(known.interactions, known.whose)
        self.messages = grouped(known.contacts, known.whose)
        completed = [order for order in known.orders if order.is_completed]
        self.sold = grouped(completed, lambda order: order.seller)

    @cached_property
    def lines(self) -> Lists:
        """Lines of completed orders, with what the product is."""
        products = {row["product_id"]: row for row in self.known.brand.rows["products"]}
        buyers = {(order.source, order.order_id): order.who for order in self.known.completed}
        rows = [
            row | products[row["product_id"]]
            for row in self.known.brand.rows["order_lines"]
            if (row["source"], row["order_id"]) in buyers
        ]
        return grouped(rows, lambda row: buyers[row["source"], row["order_id"]])

    def days(self, who: str) -> list[date]:
        """Days with a completed order."""
        return sorted({order.at.date() for order in self.orders[who]})

    def gaps(self, who: str) -> list[int]:
        """Days from each day of buying to the next."""
        days = self.days(who)
        return [(after - before).days for before, after in pairwise(days)]

    def since(self, moment: datetime | date) -> int:
        """Whole days from the day of an instant."""
        day = moment.date() if isinstance(moment, datetime) else moment
        return (self.known.day - day).days

    def within(self, moment: datetime, days: int) -> bool:
        return moment >= datetime.combine(self.known.day, datetime.min.time()) - timedelta(days)

    def money(self, who: str, days: int | None = None) -> Decimal:
        """What somebody spent, ever or in the last days."""
        orders = [one for one in self.orders[who] if days is None or self.within(one.at, days)]
        return sum((order.amount for order in orders), Decimal(0))

    @cached_property
    def rhythm(self) -> tuple[int, int, int]:
        """After how many days of silence the brand's customers cool, sleep, are lost."""
        gaps = sorted(gap for who in self.orders for gap in self.gaps(who))
        if len(gaps) < 100:
            return 90, 180, 365
        limits = [gaps[-(-percent * len(gaps) // 100) - 1] for percent in (75, 90, 98)]
        cooling, sleeping, lost = (max(pair) for pair in zip(limits, (30, 60, 90), strict=True))
        return cooling, sleeping, lost


class Lists(dict[str, list[Any]]):
    """Rows by who they belong to; whoever has none is not in it, and has an empty list when asked."""

    def __missing__(self, who: str) -> list[Any]:
        return []


def grouped(rows: Iterable[Any], owner: Callable[[Any], str | None]) -> Lists:
    """Rows by who owns them; those of nobody are left out."""
    found = Lists()
    for row in rows:
        who = owner(row)
        if who:
            found.setdefault(who, []).append(row)
    return found


def place(who: str, measure: dict[str, Any]) -> Fraction:
    """The share of people who have as much as somebody, or more."""
    return Fraction(sum(other >= measure[who] for other in measure.values()), len(measure))


def tier(measure: dict[str, Any]) -> dict[str, str]:
    """Top fifth, upper half or lower half, by place."""
    places = {who: place(who, measure) for who in measure}
    upper = {
        who: "upper half" if at <= Fraction(1, 2) else "lower half" for who, at in places.items()
    }
    return upper | {who: "top 20 %" for who, at in places.items() if at <= Fraction(1, 5)}


def favourite(choices: Iterable[str]) -> tuple[str, int, int, int] | None:
    """The choice made most often (ties: first by the alphabet), how often, of how many, of how many different."""
    counts = Counter(choice for choice in choices if choice)
    if not counts:
        return None
    best = min(counts, key=lambda choice: (-counts[choice], choice))
    return best, counts[best], counts.total(), len(counts)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def whole(value: Fraction) -> int:
    """Rounded, halves up."""
    return int(value + Fraction(1, 2))
