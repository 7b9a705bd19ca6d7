"""What people of a made-up brand do: orders in several versions, looks, messages, readings, shares."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from tests.relationship.brand import Brand, Person, day
from tests.relationship.habits import DAYS, STAGES

KINDS = ["view", "view", "search", "cart", "visit", "enter", "review", "complaint", "service"]
PRODUCTS = [
    (f"p{number}", category, brand, price)
    for number, (category, brand, price) in enumerate(
        [("tea", "acme", 5), ("tea", "bode", 9), ("mugs", "acme", 12), ("mugs", "cord", 20),
         ("pots", "bode", 45), ("pots", "cord", 80), ("spoons", "", 2), ("", "acme", 7)]
    )
]  # fmt: skip


def orders(brand: Brand, person: Person) -> None:
    """What it buys, and when."""
    for moment in person.habit.moments(brand.draw, person.began, person.habit.orders_per_week):
        order(brand, person, brand.instant(moment, min(moment + 2, DAYS)))


def order(brand: Brand, person: Person, at: datetime) -> None:
    """An order, perhaps in more than one version, with its lines; now and then nobody says who bought."""
    draw, habit = brand.draw, person.habit
    record = brand.record_of(person)
    in_store = record["source"] == "till"
    cents = draw.choice([draw.randrange(100, 9000), draw.randrange(100, 9000), 0, 12345])
    row = record | {
        "order_id": f"o{len(brand.rows['orders'])}",
        "occurred_at": at,
        "amount": Decimal(cents) / 100 + draw.choice([Decimal(0)] * 6 + [Decimal("0.0050"), Decimal("0.1234")]),
        "channel": draw.choice(["", record["source"], habit.channel]),
        "store_id": habit.store if in_store else "",
        "coupon_id": draw.choice(["", "", habit.coupon]),
        "discount": draw.choice(["", "", "1.5"]),
        "seller_key": draw.choice(["", *sellers(brand, "till")]) if in_store else "",
    }  # fmt: skip
    if draw.random() < 0.04:
        row["source_key"] = ""
    known = brand.late(at)
    first = draw.choice(["completed"] * 8 + ["", "cancelled"])
    brand.add("orders", row, known_at=known, status=first)
    after = draw.choice(["returned", "returned", "cancelled", "completed"])
    # Two versions heard of at once must differ in their stage: no rule says which of two like ones counts.
    hours = draw.choice([0, 5, 200, 900]) if after != (first or "completed") else 5
    if draw.random() < 0.15:
        brand.add("orders", row, known_at=known + timedelta(hours=hours), status=after)
    for line in range(draw.choice([1, 1, 2, 3])):
        product_id, _, _, price = draw.choice(PRODUCTS[habit.taste :] + PRODUCTS[:2])
        amount = Decimal(price) * draw.choice([Decimal(1), Decimal(1), Decimal("0.8")])
        what = {"product_id": product_id, "quantity": draw.choice([1, 1, 2]), "amount": amount}
        place = {"source": row["source"], "order_id": row["order_id"], "line_no": line + 1}
        brand.add("order_lines", place, what)


def sellers(brand: Brand, source: str) -> list[str]:
    """Keys of some of the staff at a source."""
    staff = [person for person in brand.people if person.habit.role == "staff"]
    return [key for person in staff for key in person.keys.get(source, [])][:4]


def looks(brand: Brand, person: Person) -> None:
    """What it viewed, visited, said; some rows are delivered again."""
    draw, habit = brand.draw, person.habit
    for moment in habit.moments(draw, person.began, habit.looks_per_week):
        at, kind = brand.instant(moment, min(moment + 2, DAYS)), draw.choice(KINDS)
        look = brand.record_of(person) | {
            "occurred_at": at,
            "kind": kind,
            "channel": habit.channel,
            "place": habit.store if kind in ("visit", "enter") else "",
            "rating": draw.choice([1, 3, 4, 5]) if kind == "review" else "",
        }
        known = brand.late(at)
        brand.add("interactions", look, known_at=known)
        if draw.random() < 0.1:
            brand.add("interactions", look, known_at=known + timedelta(days=3))


def messages(brand: Brand, person: Person) -> None:
    """What it was sent, and whether it answered."""
    draw, habit = brand.draw, person.habit
    for moment in habit.moments(draw, person.began, habit.messages_per_week):
        at = brand.instant(moment, min(moment + 2, DAYS))
        message = brand.record_of(person) | {
            "contact_id": f"m{len(brand.rows['contacts'])}",
            "channel": draw.choice(["email", "email", "push", "sms"]),
            "occurred_at": at,
        }
        known = brand.late(at)
        brand.add("contacts", message, known_at=known, outcome="delivered")
        if draw.random() < habit.answers:
            answer = draw.choice(["opened", "clicked", "unsubscribed"])
            brand.add("contacts", message, known_at=brand.late(known), outcome=answer)


def readings(brand: Brand, person: Person) -> None:
    """What its device measured, week by week."""
    if not person.habit.measures:
        return
    for week in range(int(person.began // 7) + 1, DAYS // 7):
        at = day(week * 7 + 3)
        steps = 100 + person.habit.measures * week + brand.draw.randrange(20)
        reading = {"metric": "steps", "value": steps, "occurred_at": at, "known_at": brand.late(at)}
        brand.add("measurements", brand.record_of(person), reading)


def share(brand: Brand, sender: Person, receiver: Person, at: datetime, outcome: str) -> None:
    """One share in its versions; where the two have no source in common, its receiver may stay unknown."""
    draw = brand.draw
    common = [source for source in sender.keys if source in receiver.keys]
    source = draw.choice(common) if common else next(iter(sender.keys))
    to = draw.choice(receiver.keys[source]) if common else draw.choice(["", f"x{receiver.number}"])
    sent = {
        "source": source,
        # Names that say nothing of the order in which shares were sent.
        "share_id": f"s{len(brand.rows['shares']) * 7919 % 10007:05}",
        "inviter_key": draw.choice(sender.keys[source]),
        "occurred_at": at,
        "product_id": draw.choice(["", "p1", "p2"]),
        "channel": draw.choice(["chat", "mail"]),
    }
    known = brand.late(at)
    for stage in STAGES[outcome]:
        told = to if stage != "sent" else draw.choice(["", to])
        brand.add("shares", sent, invitee_key=told, known_at=known, outcome=stage)
        known = brand.late(known + timedelta(hours=draw.choice([0, 2, 100])))
