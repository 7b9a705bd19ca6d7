"""A small brand as rows: late news, versions of orders and shares, guests, and people who turn out to be one."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tests.conftest import write_csv

BEGIN, DAY = date(2023, 1, 2), date(2024, 7, 1)
CUTOFFS = (date(2024, 3, 4), date(2024, 6, 10))
TARGETS = "target,horizon_days,population_days\nnext_purchase,30,365\nchurn,60,90\nshare,7,365\n"
KINDS = (
    "view",
    "search",
    "cart",
    "visit",
    "approach",
    "enter",
    "dwell",
    "try",
    "bag",
    "leave",
    "complaint",
    "service",
    "review",
)
CATEGORIES = {f"p{number}": f"c{number % 3}" if number else "" for number in range(8)}
PRICES = {f"p{number}": 4 + number if number != 5 else 0 for number in range(8)}
Row = dict[str, Any]


@dataclass
class World:
    """The rows of a brand by entity, each with occurred_at and known_at as datetimes."""

    orders: list[Row] = field(default_factory=list)
    order_lines: list[Row] = field(default_factory=list)
    interactions: list[Row] = field(default_factory=list)
    shares: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    measurements: list[Row] = field(default_factory=list)
    identifiers: list[Row] = field(default_factory=list)
    profiles: list[Row] = field(default_factory=list)

    def write(self, landing: Path) -> None:
        """Write every entity, and the products, into a landing zone."""
        for entity, rows in vars(self).items():
            write_csv(landing, entity, rows)
        write_csv(
            landing,
            "products",
            [
                {
                    "product_id": name,
                    "name": name,
                    "category": CATEGORIES[name],
                    "list_price": PRICES[name],
                }
                for name in CATEGORIES
            ],
        )


def random_world(seed: int, people: int = 24) -> World:
    """Facts of some people of very different habits; instants lie on window edges more often than by chance."""
    draw = random.Random(seed)
    world = World()
    keys = [f"k{number}" for number in range(people)]
    liveliness = {key: draw.choice([0.1, 0.4, 1.0, 2.5]) for key in keys} | {"k5": 5.0}
    edges = [
        cutoff - timedelta(days=days)
        for cutoff in CUTOFFS
        for days in (1, 7, 8, 30, 31, 90, 91, 365, 366)
    ]

    def instant() -> datetime:
        if draw.random() < 0.25:
            day = draw.choice(edges)
            clock = draw.choice([time(0, 0), time(23, 59, 59)])
        else:
            day = BEGIN + timedelta(days=draw.randrange((DAY - BEGIN).days + 20))
            clock = time(draw.randrange(24), draw.randrange(60))
        return datetime.combine(day, clock)

    def who() -> str:
        return draw.choices(keys, [liveliness[key] for key in keys])[0]

    def fact(source_key: str) -> Row:
        moment = instant()
        late = timedelta(hours=draw.choice([0, 0, 0, 0, 2, 30, 24 * 20]))
        return {
            "source": "shop",
            "source_key": source_key,
            "occurred_at": moment,
            "known_at": moment + late,
        }

    for number in range(260):
        base = fact(draw.choice([who(), who(), who(), who(), ""])) | {
            "order_id": f"o{number}",
            "amount": draw.randint(1, 9000) / 100,
            "discount": draw.choice(["", 0, 1.5]),
            "coupon_id": draw.choice(["", "", "c1"]),
            "channel": draw.choice(["web", "store", ""]),
            "status": draw.choice(["completed"] * 6 + ["cancelled", "returned"]),
        }
        world.orders.append(base)
        if draw.random() < 0.15:
            later = base["known_at"] + timedelta(days=draw.choice([1, 40]))
            world.orders.append(base | {"known_at": later, "status": "returned"})
        for line in range(draw.randint(0, 3)):
            world.order_lines.append(
                {
                    "source": "shop",
                    "order_id": f"o{number}",
                    "line_no": line,
                    "product_id": draw.choice(list(CATEGORIES)),
                    "quantity": draw.randint(0, 4),
                    "amount": draw.randint(0, 3000) / 100,
                }
            )
    for _ in range(700):
        kind = draw.choice(KINDS)
        world.interactions.append(
            fact(who())
            | {
                "kind": kind,
                "duration_seconds": draw.choice(["", draw.randint(1, 900)])
                if kind == "dwell"
                else "",
                "rating": draw.choice(["", 1, 2, 3, 4, 5]) if kind == "review" else "",
            }
        )
    for number in range(160):
        base = fact(who())
        inviter = base.pop("source_key")
        base |= {
            "share_id": f"s{number}",
            "inviter_key": inviter,
            "invitee_key": draw.choice([who(), who(), ""]),
            "product_id": draw.choice(["", "p1", "p2"]),
            "outcome": draw.choice(["sent", "opened"]),
        }
        world.shares.append(base)
        if draw.random() < 0.3:
            later = base["known_at"] + timedelta(days=draw.choice([0, 3]))
            world.shares.append(
                base | {"known_at": later, "outcome": draw.choice(["joined", "ordered"])}
            )
    for number in range(220):
        outcome = draw.choice(
            ["delivered", "delivered", "opened", "clicked", "redeemed", "unsubscribed"]
        )
        world.contacts.append(
            fact(who()) | {"contact_id": f"m{number}", "channel": "email", "outcome": outcome}
        )
    for _ in range(200):
        world.measurements.append(
            fact(who())
            | {"metric": draw.choice(["steps", "steps", "pulse"]), "value": draw.randint(1, 99) / 4}
        )
    for key in keys:
        known = datetime.combine(BEGIN, time(1))
        world.profiles.append(
            {
                "source": "shop",
                "source_key": key,
                "known_at": known,
                "gender": draw.choice(["f", "m", ""]),
                "birth_date": draw.choice(["", "1980-03-04", "2003-06-01"]),
            }
        )
    # Two people each turn out to be one: before the first cut-off, and between the two.
    for left, right, moment in (("k0", "k1", "2023-12-01"), ("k2", "k3", "2024-05-01")):
        for key in (left, right):
            world.identifiers.append(
                {
                    "source": "shop",
                    "source_key": key,
                    "id_type": "card",
                    "id_value": f"card-of-{left}",
                    "known_at": moment,
                }
            )
    return world
