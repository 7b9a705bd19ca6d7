"""A made-up brand: its people, the rows of its landing zone, and the dice."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.relationship.habits import DAYS, Habit

Row = dict[str, Any]
BEGIN = datetime(2023, 1, 4)
ENTITIES = (
    "orders", "order_lines", "products", "profiles", "identifiers", "links", "interactions", "shares", "contacts",
    "consents", "measurements",
)  # fmt: skip
HOURS_LATE = [0] * 12 + [1, 1, 30, 30, 24 * 12, 24 * 60]


def day(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


@dataclass
class Person:
    """Somebody true: the keys it has at each source, what it is like, and when it came."""

    number: int
    keys: dict[str, list[str]]
    habit: Habit
    began: float


@dataclass
class Brand:
    """The rows of each entity."""

    draw: random.Random
    people: list[Person] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in ENTITIES})
    instants: list[datetime] = field(default_factory=list)

    def late(self, moment: datetime) -> datetime:
        """When the brand hears of something: mostly at once."""
        return moment + timedelta(hours=self.draw.choice(HOURS_LATE))

    def instant(self, first: float = 0.0, last: float = DAYS) -> datetime:
        """A half hour between two days of the history; sometimes one at which something else happened."""
        begin, end = day(first), day(last)
        known = [moment for moment in self.instants[-40:] if begin <= moment < end]
        if known and self.draw.random() < 0.2:
            return self.draw.choice(known)
        half_hours = max(1, int((last - first) * 48))
        moment = begin + timedelta(minutes=30 * self.draw.randrange(half_hours))
        self.instants.append(moment)
        return moment

    def record_of(self, person: Person) -> Row:
        """Source and key of one of a person's records; a first one most of the time."""
        source = self.draw.choice([next(iter(person.keys)), *person.keys])
        return {"source": source, "source_key": self.draw.choice(person.keys[source])}

    def add(self, entity: str, *parts: Row, **values: Any) -> None:
        """A row put together from its parts."""
        row: Row = {}
        for part in (*parts, values):
            row |= part
        self.rows[entity].append(row)
