"""What a brand knows at a date, told from its rows: facts in the version that counts, and who everybody is.

The one thing taken from Kith is who is who (identity.customer_map); identity has an oracle of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.relationship.brand import Brand, Row

STATUSES = {"": 1, "completed": 1, "cancelled": 2, "returned": 3}
OUTCOMES = {"sent": 1, "opened": 2, "joined": 3, "ordered": 4}
ANSWERS = {"delivered": 1, "opened": 2, "clicked": 3, "unsubscribed": 5}
BROUGHT = {"joined", "ordered"}

MapRow = tuple[str, str, str, date, date | None]


@dataclass(frozen=True)
class Order:
    """An order in the version that counts; `who` is nobody for a guest."""

    who: str | None
    seller: str | None
    source: str
    order_id: str
    at: datetime
    status: str
    amount: Decimal
    row: Row = field(repr=False)

    @property
    def is_completed(self) -> bool:
        return self.status in ("", "completed")


@dataclass(frozen=True)
class Share:
    """A share in the version that counts; `sender_key` tells whose it was on an earlier day."""

    sender: str
    receiver: str | None
    source: str
    share_id: str
    at: datetime
    outcome: str
    sender_key: str
    row: Row = field(repr=False)

    @property
    def joins(self) -> bool:
        """Did it bring a known other person in?"""
        return self.outcome in BROUGHT and self.receiver not in (None, self.sender)

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Its place among all shares."""
        return self.at, self.source, self.share_id


@dataclass
class Known:
    """Everything visible at 00:00 of a day."""

    brand: Brand
    customer_map: list[MapRow]
    day: date

    @cached_property
    def who(self) -> dict[tuple[str, str], str]:
        """The customer of each record on this day."""
        return {
            (source, key): customer
            for source, key, customer, first, end in self.customer_map
            if first <= self.day and (end is None or self.day < end)
        }

    @cached_property
    def customers(self) -> set[str]:
        return set(self.who.values())

    @cached_property
    def orders(self) -> list[Order]:
        return [
            Order(self.whose(row), self.whose(row, "seller_key"), row["source"], row["order_id"],
                  row["occurred_at"], row["status"], Decimal(row["amount"]), row)
            for row in self._current("orders", "order_id", "status", STATUSES)
        ]  # fmt: skip

    @cached_property
    def completed(self) -> list[Order]:
        """Completed orders of somebody, in time."""
        mine = [order for order in self.orders if order.who and order.is_completed]
        return sorted(mine, key=lambda order: (order.at, order.source, order.order_id))

    @cached_property
    def shares(self) -> list[Share]:
        found = []
        for row in self._current("shares", "share_id", "outcome", OUTCOMES):
            sender = self.whose(row, "inviter_key")
            assert sender is not None
            receiver = self.whose(row, "invitee_key")
            found.append(Share(sender, receiver, row["source"], row["share_id"], row["occurred_at"],
                               row["outcome"], row["inviter_key"], row))  # fmt: skip
        return sorted(found, key=lambda share: share.place)

    @cached_property
    def contacts(self) -> list[Row]:
        return self._current("contacts", "contact_id", "outcome", ANSWERS)

    @cached_property
    def interactions(self) -> list[Row]:
        return self._once("interactions")

    @cached_property
    def measurements(self) -> list[Row]:
        return self._once("measurements")

    @cached_property
    def refusers(self) -> set[str]:
        """Who said no to profiling last; at the same instant a no wins."""
        words: dict[str, list[tuple[datetime, datetime, bool]]] = {}
        for row in self._visible("consents"):
            if row["purpose"] == "profiling":
                said = (row["occurred_at"], row["known_at"], row["granted"] == "no")
                words.setdefault(self.who[row["source"], row["source_key"]], []).append(said)
        return {who for who, said in words.items() if max(said)[2]}

    def whose(self, row: Row, column: str = "source_key") -> str | None:
        """The customer that a row names, if any."""
        return self.who[row["source"], row[column]] if row[column] else None

    def first_fact(self) -> date:
        """The day of the earliest order, interaction or share of any version."""
        seen = [row for name in ("orders", "interactions", "shares") for row in self._visible(name)]
        return min(row["occurred_at"] for row in seen).date()

    def _visible(self, entity: str) -> Iterable[Row]:
        midnight = datetime.combine(self.day, datetime.min.time())
        return (
            row
            for row in self.brand.rows[entity]
            if row["occurred_at"] < midnight and row["known_at"] < midnight
        )

    def _current(self, entity: str, key: str, stage: str, stages: dict[str, int]) -> list[Row]:
        """The version of each fact that was heard of last; of those heard of at once, the later stage."""
        latest: dict[tuple[str, str], Row] = {}
        for row in self._visible(entity):
            fact = row["source"], row[key]
            there = latest.get(fact)
            if there is None or rank(row, stage, stages) > rank(there, stage, stages):
                latest[fact] = row
        return list(latest.values())

    def _once(self, entity: str) -> list[Row]:
        """What has no versions; a row delivered again says nothing new."""
        seen: dict[tuple[Any, ...], Row] = {}
        for row in self._visible(entity):
            said = tuple(value for name, value in row.items() if name != "known_at")
            seen.setdefault(said, row)
        return list(seen.values())


def rank(row: Row, stage: str, stages: dict[str, int]) -> tuple[datetime, int]:
    """Versions of greater rank overrule."""
    return row["known_at"], stages[row[stage]]


def weeks(first_fact: date, last: date) -> list[date]:
    """The Mondays on which levels are told: each after the day of the first fact, up to a date."""
    monday = first_fact + timedelta(days=1)
    monday += timedelta(days=-monday.weekday() % 7)
    return [monday + timedelta(weeks=week) for week in range((last - monday).days // 7 + 1)]
