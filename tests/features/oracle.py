"""What a world says of a customer at a cut-off: facts that count, told in days before it, from rows alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.features.worlds import CATEGORIES, PRICES, Row, World

STAGES = {"completed": 1, "cancelled": 2, "returned": 3}
OUTCOMES = {"sent": 1, "opened": 2, "joined": 3, "ordered": 4}


class Seen:
    """The facts that a cut-off sees, by customer, each with `ago`: days from it to the cut-off; 1 is the day before."""

    def __init__(self, world: World, cutoff: date, customers: dict[str, str]) -> None:
        self.cutoff = cutoff
        self.customers = customers
        orders = self._versions(world.orders, "order_id", "status", STAGES)
        self.orders = self._by_customer(orders)
        self.completed = {
            customer: [row for row in rows if row["status"] == "completed"]
            for customer, rows in self.orders.items()
        }
        self.completed = {customer: rows for customer, rows in self.completed.items() if rows}
        lines = defaultdict(list)
        for line in world.order_lines:
            lines[line["order_id"]].append(line)
        self.lines = {
            customer: [
                line
                | {
                    "ago": row["ago"],
                    "category": CATEGORIES[line["product_id"]],
                    "price": PRICES[line["product_id"]],
                }
                for row in rows
                for line in lines[row["order_id"]]
            ]
            for customer, rows in self.completed.items()
        }  # fmt: skip
        self.interactions = self._by_customer(self._once(world.interactions))
        self.contacts = self._by_customer(self._visible(world.contacts))
        self.measurements = self._by_customer(self._once(world.measurements))
        self.shares = [
            row
            | {
                "inviter": customers[row["inviter_key"]],
                "invitee": customers.get(row["invitee_key"]),
                "ago": self._ago(row["occurred_at"]),
            }
            for row in self._versions(world.shares, "share_id", "outcome", OUTCOMES)
        ]

    def order_days(self, customer: str) -> list[int]:
        """Days ago with a completed order, the latest first."""
        return sorted({row["ago"] for row in self.completed.get(customer, [])})

    def _visible(self, rows: list[Row]) -> list[Row]:
        midnight = datetime.combine(self.cutoff, datetime.min.time())
        return [row for row in rows if row["occurred_at"] < midnight and row["known_at"] < midnight]

    def _once(self, rows: list[Row]) -> list[Row]:
        """Rows that say the same collapse; when they became known is no part of what they say."""
        said = {}
        for row in self._visible(rows):
            said[tuple(str(row[name]) for name in row if name != "known_at")] = row
        return list(said.values())

    def _versions(self, rows: list[Row], key: str, stage: str, stages: dict[str, int]) -> list[Row]:
        latest: dict[str, Row] = {}
        for row in self._visible(rows):
            there = latest.get(row[key])
            rank = (row["known_at"], stages[row[stage]])
            if there is None or rank > (there["known_at"], stages[there[stage]]):
                latest[row[key]] = row
        return list(latest.values())

    def _by_customer(self, rows: list[Row]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row["source_key"]:
                found[self.customers[row["source_key"]]].append(
                    row | {"ago": self._ago(row["occurred_at"])}
                )
        return found

    def _ago(self, moment: datetime) -> int:
        return (self.cutoff - moment.date()) // timedelta(days=1)


def ratio(numerator: Any, denominator: Any) -> float | None:
    """None where there is nothing to divide, or nothing to divide by."""
    if numerator is None or not denominator:
        return None
    return float(numerator) / float(denominator)


def gaps_of(days: list[int]) -> list[int]:
    """The gaps between days ago, the earliest gap first."""
    ordered = sorted(days, reverse=True)
    return [before - after for before, after in pairwise(ordered)]


def within(rows: list[Row], days: int) -> list[Row]:
    """The rows of the last days."""
    return [row for row in rows if row["ago"] <= days]
