"""A brand at random, as the rows of a landing zone: what happens to facts in real life happens to these.

People with several keys that are found to be one on the way, or are told apart again; orders that are returned
weeks later and others that are heard of late; shares that go from sent to ordered, whose receiver is told only
later, that go in circles, to oneself, at the same instant; a file delivered twice.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.relationship.habits import DAYS, LATEST, Habit, drawn_habit

Row = dict[str, Any]
BEGIN = datetime(2023, 1, 4)
SOURCES = ("web", "app", "till")
ENTITIES = ("orders", "order_lines", "products", "profiles", "identifiers", "links", "interactions",
            "shares", "contacts", "consents", "measurements")  # fmt: skip
PRODUCTS = [
    (f"p{number}", category, brand, price)
    for number, (category, brand, price) in enumerate(
        [("tea", "acme", 5), ("tea", "bode", 9), ("mugs", "acme", 12), ("mugs", "cord", 20),
         ("pots", "bode", 45), ("pots", "cord", 80), ("spoons", "", 2), ("", "acme", 7)]
    )
]  # fmt: skip


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
        return moment + timedelta(
            hours=self.draw.choice([0] * 12 + [1, 1, 30, 30, 24 * 12, 24 * 60])
        )

    def instant(self, first: float = 0.0, last: float = DAYS) -> datetime:
        """A half hour between two days of the history; sometimes one at which something else happened."""
        if self.instants and self.draw.random() < 0.2:
            known = [moment for moment in self.instants[-40:] if day(first) <= moment < day(last)]
            if known:
                return self.draw.choice(known)
        moment = day(first) + timedelta(
            minutes=30 * self.draw.randrange(max(1, int((last - first) * 48)))
        )
        self.instants.append(moment)
        return moment

    def add(self, entity: str, **row: Any) -> Row:
        self.rows[entity].append(row)
        return row


def day(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


def random_brand(seed: int, people: int) -> Brand:
    """A brand of so many people, the same for the same seed."""
    brand = Brand(random.Random(seed))
    for number in range(people):
        began = max(0.0, DAYS * (number / people - 0.2))
        brand.people.append(random_person(brand, number, began))
    for product_id, category, maker, price in PRODUCTS:
        brand.add(
            "products", product_id=product_id, category=category, brand=maker, list_price=price
        )
    for person in brand.people:
        who_it_is(brand, person)
        invited(brand, person)
        orders(brand, person)
        other_facts(brand, person)
    loose_shares(brand, people)
    brand.rows["interactions"] += [
        row | {"known_at": row["known_at"] + timedelta(days=3)}
        for row in brand.draw.sample(brand.rows["interactions"], people)
    ]
    return brand


def random_person(brand: Brand, number: int, began: float) -> Person:
    draw = brand.draw
    chosen = draw.sample(SOURCES, draw.choice([1, 2, 2, 3]))
    keys = {
        source: [f"{source[0]}{number}{letter}" for letter in "ab"[: draw.choice([1, 1, 1, 2])]]
        for source in chosen
    }
    return Person(number, keys, drawn_habit(draw), began)


def key_of(brand: Brand, person: Person, source: str | None = None) -> tuple[str, str]:
    """One of a person's records; its first one most of the time."""
    source = source or brand.draw.choice([next(iter(person.keys)), *person.keys])
    return source, brand.draw.choice(person.keys[source])


def who_it_is(brand: Brand, person: Person) -> None:
    """What tells that records are one person, sooner or later; and what errs, until somebody decides."""
    draw = brand.draw
    records = [(source, key) for source, keys in person.keys.items() for key in keys]
    value = f"person{person.number}@mail.org"
    for source, key in records:
        known = day(person.began + draw.expovariate(1 / 60))
        row = {"source": source, "source_key": key, "id_type": "email", "known_at": known}
        if draw.random() < 0.9:
            brand.add("identifiers", **row, id_value=value)
    if person.number % 12 == 5:
        stranger = brand.people[draw.randrange(person.number)]
        pair = records[0], key_of(brand, stranger)
        shared = day(draw.uniform(0, DAYS * 0.7))
        sides = {"left_source": pair[0][0], "left_key": pair[0][1], "right_source": pair[1][0], "right_key": pair[1][1]}  # fmt: skip
        for source, key in pair:
            brand.add("identifiers", source=source, source_key=key, id_type="card", id_value=f"12-{person.number}", known_at=shared)  # fmt: skip
        if draw.random() < 0.7:
            apart = shared + timedelta(days=draw.uniform(1, 90))
            brand.add("links", **sides, decision="different", known_at=apart)
    source, key = key_of(brand, person)
    if person.habit.role:
        known = day(draw.uniform(0, DAYS))
        brand.add("profiles", source=source, source_key=key, known_at=known, role=person.habit.role)
    for _ in range(draw.choice([0, 0, 0, 1, 2])):
        source, key = key_of(brand, person)
        said = brand.instant()
        brand.add("consents", source=source, source_key=key, purpose=draw.choice(["profiling", "profiling", "email"]),
                  granted=draw.choice(["yes", "no"]), occurred_at=said, known_at=brand.late(said))  # fmt: skip


def orders(brand: Brand, person: Person) -> None:
    """Its orders, some in more than one version, each with lines."""
    draw, habit = brand.draw, person.habit
    for moment in habit.moments(draw, person.began, habit.orders_per_week):
        source, key = key_of(brand, person)
        at = brand.instant(moment, min(moment + 2, DAYS))
        number = f"o{len(brand.rows['orders'])}"
        cents = draw.choice([draw.randrange(100, 9000), draw.randrange(100, 9000), 0, 12345])
        amount = Decimal(cents) / 100 + draw.choice(
            [Decimal(0)] * 6 + [Decimal("0.0050"), Decimal("0.1234")]
        )
        order = {
            "source": source, "order_id": number, "occurred_at": at, "amount": amount,
            "source_key": "" if draw.random() < 0.04 else key, "channel": draw.choice(["", source, habit.channel]),
            "store_id": habit.store if source == "till" else "", "coupon_id": draw.choice(["", "", habit.coupon]),
            "discount": draw.choice(["", "", "1.5"]),
            "seller_key": draw.choice(["", *sellers(brand, source)]) if source == "till" else "",
        }  # fmt: skip
        known = brand.late(at)
        first = draw.choice(["completed"] * 8 + ["", "cancelled"])
        brand.add("orders", **order, known_at=known, status=first)
        if draw.random() < 0.15:
            later = known + timedelta(hours=draw.choice([0, 5, 200, 900]))
            after = draw.choice(["returned", "returned", "cancelled", "completed"])
            if later > known or after not in (first, first or "completed"):
                brand.add("orders", **order, known_at=later, status=after)
        for line in range(draw.choice([1, 1, 2, 3])):
            product_id, _, _, price = draw.choice(PRODUCTS[habit.taste :] + PRODUCTS[:2])
            brand.add("order_lines", source=source, order_id=number, line_no=line + 1, product_id=product_id,
                      quantity=draw.choice([1, 1, 2]), amount=Decimal(price) * draw.choice([1, 1, Decimal("0.8")]))  # fmt: skip


def sellers(brand: Brand, source: str) -> list[str]:
    """Keys of the staff at a source."""
    return [
        key
        for person in brand.people
        if person.habit.role == "staff"
        for key in person.keys.get(source, [])
    ][:4]


def other_facts(brand: Brand, person: Person) -> None:
    """What it looked at, was sent, and measured."""
    draw, habit = brand.draw, person.habit
    for moment in habit.moments(draw, person.began, habit.looks_per_week):
        source, key = key_of(brand, person)
        at = brand.instant(moment, min(moment + 2, DAYS))
        kind = draw.choice(
            ["view", "view", "search", "cart", "visit", "enter", "review", "complaint", "service"]
        )
        brand.add("interactions", source=source, source_key=key, occurred_at=at, kind=kind, known_at=brand.late(at),
                  channel=habit.channel, place=habit.store if kind in ("visit", "enter") else "",
                  rating=draw.choice([1, 3, 4, 5]) if kind == "review" else "")  # fmt: skip
    for moment in habit.moments(draw, person.began, habit.messages_per_week):
        source, key = key_of(brand, person)
        at = brand.instant(moment, min(moment + 2, DAYS))
        message = {
            "source": source, "contact_id": f"m{len(brand.rows['contacts'])}", "source_key": key,
            "channel": draw.choice(["email", "email", "push", "sms"]), "occurred_at": at,
        }  # fmt: skip
        known = brand.late(at)
        brand.add("contacts", **message, known_at=known, outcome="delivered")
        if draw.random() < habit.answers:
            brand.add("contacts", **message, known_at=brand.late(known), outcome=draw.choice(["opened", "clicked", "unsubscribed"]))  # fmt: skip
    if habit.measures:
        for week in range(int(person.began // 7) + 1, DAYS // 7):
            source, key = key_of(brand, person)
            at = day(week * 7 + 3)
            steps = 100 + habit.measures * week + draw.randrange(20)
            brand.add("measurements", source=source, source_key=key, metric="steps", value=steps, occurred_at=at, known_at=brand.late(at))  # fmt: skip


def invited(brand: Brand, person: Person) -> None:
    """A share from somebody who was there before, so that trees grow; now and then two at the same instant."""
    draw = brand.draw
    if person.began == 0 or draw.random() < 0.3:
        return
    at = brand.instant(max(0.0, person.began - 5), person.began)
    friends = brand.people[max(0, person.number - 15) : person.number + 1]
    for friend in draw.sample(friends, 2 if person.number % 5 == 0 else 1):
        share(brand, friend, person, at, draw.choice(["joined", "ordered", "ordered"]))
        if person.number % 7 == 0:
            share(brand, person, draw.choice(friends), at, "joined")


def loose_shares(brand: Brand, number: int) -> None:
    """Shares from anybody to anybody, whatever became of them; a few people send most of them."""
    for _ in range(number):
        draw = brand.draw
        sender = draw.choice(
            [draw.choice(brand.people), draw.choice(brand.people[: max(2, number // 10)])]
        )
        receiver = draw.choice(
            [draw.choice(brand.people), draw.choice(brand.people[: max(2, number // 10)])]
        )
        share(
            brand,
            sender,
            receiver,
            brand.instant(),
            draw.choice(["sent", "opened", "joined", "ordered"]),
        )


def share(brand: Brand, sender: Person, receiver: Person, at: datetime, outcome: str) -> None:
    """One share and its versions; both ends have keys at its source, else the receiver stays unknown."""
    draw = brand.draw
    common: Sequence[str] = [source for source in sender.keys if source in receiver.keys]
    source = draw.choice(common) if common else next(iter(sender.keys))
    to = (
        draw.choice(receiver.keys[source])
        if common
        else draw.choice(["", f"friend{receiver.number}"])
    )
    row = {
        "source": source, "share_id": f"s{len(brand.rows['shares']) * 7919 % 10007:05}", "occurred_at": at,
        "inviter_key": draw.choice(sender.keys[source]), "product_id": draw.choice(["", "p1", "p2"]),
        "channel": draw.choice(["chat", "mail"]),
    }  # fmt: skip
    known = brand.late(at)
    for stage in LATEST[outcome]:
        brand.add("shares", **row, invitee_key=to if stage != "sent" else draw.choice(["", to]), known_at=known, outcome=stage)  # fmt: skip
        known = brand.late(known + timedelta(hours=draw.choice([0, 2, 100])))
