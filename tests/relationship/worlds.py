"""A brand at random, as the rows of a landing zone: what happens to facts in real life happens to these.

People with several keys that are found to be one on the way, or are told apart again; orders that are returned
weeks later and others that are heard of late; shares that go from sent to ordered, whose receiver is told only
later, that go in circles, to oneself, at the same instant; looks that are delivered twice.
"""

from __future__ import annotations

import random
from datetime import timedelta

from tests.relationship.brand import Brand, Person, Row, day
from tests.relationship.deeds import PRODUCTS, looks, messages, order, orders, readings, share
from tests.relationship.habits import DAYS, drawn_habit

SOURCES = ("web", "app", "till")


def random_brand(seed: int, people: int) -> Brand:
    """A brand of so many people, the same for the same seed."""
    brand = Brand(random.Random(seed))
    for number in range(people):
        began = max(0.0, DAYS * (number / people - 0.2))
        brand.people.append(random_person(brand.draw, number, began))
    for product_id, category, maker, price in PRODUCTS:
        product = {"product_id": product_id, "category": category, "brand": maker}
        brand.add("products", product, list_price=price)
    for person in brand.people:
        for deed in (who_it_is, what_it_allows, is_invited, orders, looks, messages, readings):
            deed(brand, person)
    loose_shares(brand, people)
    return brand


def random_person(draw: random.Random, number: int, began: float) -> Person:
    """Somebody with one or two keys at one to three sources."""
    sources = draw.sample(SOURCES, draw.choice([1, 2, 2, 3]))
    keys = {
        source: [f"{source[0]}{number}{letter}" for letter in "ab"[: draw.choice([1, 1, 1, 2])]]
        for source in sources
    }
    return Person(number, keys, drawn_habit(draw), began)


def who_it_is(brand: Brand, person: Person) -> None:
    """What tells that records are one person, sooner or later; and what errs, until somebody decides."""
    draw = brand.draw
    email = {"id_type": "email", "id_value": f"person{person.number}@mail.org"}
    for source, keys in person.keys.items():
        for key in keys:
            known = day(person.began + draw.expovariate(1 / 60))
            if draw.random() < 0.9:
                brand.add("identifiers", email, source=source, source_key=key, known_at=known)
    if person.number % 12 == 5:
        stranger = brand.people[draw.randrange(person.number)]
        mistaken(brand, brand.record_of(person), brand.record_of(stranger))
    if person.habit.role:
        known = day(draw.uniform(0, DAYS))
        brand.add("profiles", brand.record_of(person), known_at=known, role=person.habit.role)


def mistaken(brand: Brand, one: Row, other: Row) -> None:
    """Two people hold one card for a while, mostly until somebody says that they are two."""
    shared = day(brand.draw.uniform(0, DAYS * 0.7))
    card = {"id_type": "card", "id_value": f"12-{one['source_key']}", "known_at": shared}
    for record in (one, other):
        brand.add("identifiers", card, record)
    if brand.draw.random() < 0.7:
        left, right = (
            {f"{side}_source": record["source"], f"{side}_key": record["source_key"]}
            for side, record in (("left", one), ("right", other))
        )
        apart = shared + timedelta(days=brand.draw.uniform(1, 90))
        brand.add("links", left, right, decision="different", known_at=apart)


def what_it_allows(brand: Brand, person: Person) -> None:
    """What it said of being profiled, if anything; the last word counts."""
    for _ in range(brand.draw.choice([0, 0, 0, 1, 2])):
        at = brand.instant()
        purpose = brand.draw.choice(["profiling", "profiling", "email"])
        word = {"purpose": purpose, "granted": brand.draw.choice(["yes", "no"])}
        brand.add(
            "consents", brand.record_of(person), word, occurred_at=at, known_at=brand.late(at)
        )


def is_invited(brand: Brand, person: Person) -> None:
    """A share from who was there before, so that trees grow; at times another one, or an order, at its instant."""
    draw = brand.draw
    if person.began == 0 or draw.random() < 0.3:
        return
    at = brand.instant(max(0.0, person.began - 5), person.began)
    if person.number % 6 == 0:
        order(brand, person, at)
    friends = brand.people[max(0, person.number - 15) : person.number + 1]
    for friend in draw.sample(friends, 2 if person.number % 5 == 0 else 1):
        share(brand, friend, person, at, draw.choice(["joined", "ordered", "ordered"]))
        if person.number % 7 == 0:
            share(brand, person, draw.choice(friends), at, "joined")


def loose_shares(brand: Brand, number: int) -> None:
    """Shares from anybody to anybody, whatever became of them; a few people send and receive most of them."""
    draw = brand.draw
    few = brand.people[: max(2, number // 10)]
    for _ in range(number):
        sender, receiver = (draw.choice(draw.choice([brand.people, few])) for _ in range(2))
        outcome = draw.choice(["sent", "opened", "joined", "ordered"])
        share(brand, sender, receiver, brand.instant(), outcome)
