"""What a made-up person is like: how often it does what, and when it stops."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

DAYS = 680
# The versions in which a share arrives that got so far.
STAGES = {
    "sent": ["sent"],
    "opened": ["sent", "opened"],
    "joined": ["sent", "joined"],
    "ordered": ["opened", "ordered"],
}


@dataclass(frozen=True)
class Habit:
    """Rates per week of an active person, and its tastes."""

    orders_per_week: float
    looks_per_week: float
    messages_per_week: float
    answers: float
    active_days: float
    comes_back_after: float | None
    role: str
    channel: str
    store: str
    coupon: str
    taste: int
    measures: int

    def moments(self, draw: random.Random, began: float, per_week: float) -> Iterator[float]:
        """Days on which something happens that happens so often."""
        spans = [(began, began + self.active_days)]
        if self.comes_back_after is not None:
            back = spans[0][1] + self.comes_back_after
            spans.append((back, back + self.active_days / 2))
        for first, last in spans:
            at = first + (draw.expovariate(per_week / 7) if per_week else DAYS)
            while at < min(last, DAYS - 1):
                yield at
                at += draw.expovariate(per_week / 7)


def drawn_habit(draw: random.Random) -> Habit:
    """One in five buys often, two in five now and then, the others hardly or never."""
    return Habit(
        orders_per_week=draw.choice([0.5, 0.12, 0.12, 0.03, 0.0]),
        looks_per_week=draw.choice([0.0, 0.05, 0.1, 0.3]),
        messages_per_week=draw.choice([0.0, 0.1, 0.2]),
        answers=draw.choice([0.0, 0.2, 0.8]),
        active_days=draw.choice([10, 40, 90, 200, 400, 600]),
        comes_back_after=draw.choice([None, None, 100, 250]),
        role=draw.choice([""] * 12 + ["staff", "staff", "expert", "partner"]),
        channel=draw.choice(["online", "phone", "shop"]),
        store=draw.choice(["north", "south", "east"]),
        coupon=draw.choice(["", "", "spring"]),
        taste=draw.randrange(6),
        measures=draw.choice([0] * 8 + [3, -1]),
    )
