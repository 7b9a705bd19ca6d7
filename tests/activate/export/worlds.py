"""Random small brands about to export a list, and what plain Python says must become of everybody.

The oracle reads the world as it is written here, by other means than the gate: no sets of forms, no arrays, every
rule spelled out once more. Vocabularies are small, so that people share mailboxes, numbers and days.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from ml.activate.contact_limits import ContactLimit
from ml.activate.export.destinations import DESTINATIONS
from ml.activate.export.facts import Facts, Member, Person, Planned, Terms
from ml.activate.export.normalise import email_forms, phone_forms
from ml.activate.export.suppression import Suppression

DAY = date(2024, 6, 1)
EMAILS = [
    "ann@x.org", "Ann@X.org", "ann+news@x.org", "b.o.b@gmail.com", "bob@gmail.com", "bob+2@googlemail.com",
    "cid@y.org", "eve@z.org", "d" * 64, "E" * 32, "nonsense", "=dan@x.org", "",
]  # fmt: skip
PHONES = ["+442071838750", "020 7183 8750", "+18005550101", "12", ""]
CONSENTS = ("profiling", "email", "sms", "push", "ad_user_data", "ad_personalization")
NEEDED = {
    "ads": ["ad_user_data", "ad_personalization"], "email": ["email"], "sms": ["sms"], "push": ["push"],
    "store": [], "none": [],
}  # fmt: skip
CHANNELS = ["email", "sms", "push", "ads", "store", "none"]
GROUPS = ["treatment", "treatment", "treatment", "holdout", None]


@dataclass
class World:
    """A brand on a day, as loose facts."""

    audience_channel: str
    destination: str
    people: dict[str, dict[str, str]]
    consents: dict[str, dict[str, bool]]
    members: list[tuple[str, str | None]]
    suppressed: list[tuple[str, str]]
    opted_out: set[str]
    in_peace: set[str]
    mixed: set[str]
    held_out: set[str]
    contacts: list[tuple[str, str, date]]
    caps: list[tuple[str, int, int]]
    planned: set[str] | None
    values: dict[str, float]
    size_cap: int | None
    minimum_size: int
    profiling_default: bool
    standing: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    @property
    def channel(self) -> str:
        """The channel that people are met on."""
        fixed = {"google": "ads", "meta": "ads", "tiktok": "ads", "email": "email"}
        return fixed.get(self.destination, self.audience_channel)


def random_world(seed: int) -> World:
    """A world that differs for every seed and is the same for equal ones."""
    draw = random.Random(seed)
    ids = [f"c-{number}" for number in range(draw.randint(0, 9))]
    some = lambda share: {one for one in ids if draw.random() < share}  # noqa: E731
    yes = draw.choice([0.6, 0.98, 1.0])
    known = [one for one in ids if draw.random() < 0.93]
    people = {
        one: {"email": draw.choice(EMAILS), "phone": draw.choice(PHONES), "given_name": "Ann"}
        for one in known
    }
    consents = {
        one: {purpose: draw.random() < yes for purpose in CONSENTS if draw.random() < yes}
        for one in known
    }
    suppressed = []
    for _ in range(draw.choice([0, 0, 0, 1, 3])):
        kind = draw.choice(["email", "phone", "customer_id", "email_hash", "phone_hash"])
        value = {"customer_id": draw.choice([*ids, "c-gone"]), "email": draw.choice(EMAILS[:7]),
                 "email_hash": draw.choice(EMAILS[:7]), "phone": draw.choice(PHONES[:3]),
                 "phone_hash": draw.choice(PHONES[:3])}[kind]  # fmt: skip
        suppressed.append((kind, value))
    contacts = [
        (draw.choice(ids), draw.choice(["email", "push", "sms", "ads"]), DAY - timedelta(days=draw.randint(-1, 9)))
        for _ in range(draw.randint(0, 12)) if ids
    ]  # fmt: skip
    caps = [
        (
            draw.choice(["any", "email", "push", "ads"]),
            draw.choice([1, 2, 7, 9]),
            draw.randint(0, 4),
        )
        for _ in range(draw.choice([0, 0, 1, 2]))
    ]
    return World(
        audience_channel=draw.choice(CHANNELS),
        destination=draw.choice(sorted(DESTINATIONS)),
        people=people,
        consents=consents,
        members=[(one, draw.choice(GROUPS)) for one in ids if draw.random() < 0.9],
        suppressed=suppressed,
        opted_out=some(0.05),
        in_peace=some(0.05),
        mixed=some(0.05),
        held_out=some(0.05),
        contacts=contacts,
        caps=caps,
        planned=draw.choice([None, some(0.7)]),
        values={one: float(draw.randint(0, 3)) for one in some(0.8)},
        size_cap=draw.choice([None, 1, 2, 5]),
        minimum_size=draw.choice([1, 1, 2, 4]),
        profiling_default=draw.random() < 0.8,
        standing=[(one, ()) for one in [*ids, "c-old"] if draw.random() < 0.4],
    )


def facts_of(world: World) -> Facts:
    """The world as the gate is told of it."""
    listed: dict[str, set[str]] = {
        kind: set() for kind in ("email", "phone", "digest", "customer_id")
    }
    for kind, value in world.suppressed:
        if kind == "customer_id":
            listed["customer_id"].add(value)
        elif kind.endswith("_hash"):
            plain = value.lower() if kind == "email_hash" else oracle_phone(value)
            listed["digest"].add(hashlib.sha256(plain.encode()).hexdigest())
        else:
            listed[kind] |= email_forms(value) if kind == "email" else phone_forms(value, "GB")
    contacts: dict[str, set[tuple[str, date]]] = {}
    for who, channel, on in world.contacts:
        contacts.setdefault(who, set()).add((channel, on))
    return Facts(
        members=tuple(Member(who, group) for who, group in world.members),
        people={
            who: Person(who, {k: v for k, v in texts.items() if v}, world.consents[who])
            for who, texts in world.people.items()
        },
        suppression=Suppression(*(frozenset(listed[k]) for k in ("email", "phone", "digest", "customer_id"))),
        opted_out=frozenset(world.opted_out),
        in_peace=frozenset(world.in_peace),
        mixed=frozenset(world.mixed),
        held_out=frozenset(world.held_out),
        contacts={who: frozenset(days) for who, days in contacts.items()},
        planned=None if world.planned is None else {who: Planned("r", "o", "i") for who in world.planned},
        values=world.values,
    )  # fmt: skip


def terms_of(world: World) -> Terms:
    """What holds for the world's list."""
    return Terms(
        audience="list",
        day=DAY,
        channel=world.channel,
        purposes=tuple(NEEDED[world.channel]),
        minimum_size=world.minimum_size,
        size_cap=world.size_cap,
        caps=tuple(ContactLimit(*cap) for cap in world.caps),
        profiling_default=world.profiling_default,
        default_country="GB",
    )


def expected(world: World) -> dict[str, str | None]:
    """The oracle: the first reason against each member, None for who is delivered."""
    reasons = {who: first_reason(world, who, group) for who, group in world.members}
    passed = sorted(
        (who for who, reason in reasons.items() if reason is None),
        key=lambda who: (-world.values.get(who, 0.0), who),
    )
    if world.size_cap is not None:
        for who in passed[world.size_cap :]:
            reasons[who] = "over_size"
        passed = passed[: world.size_cap]
    if len(passed) < world.minimum_size:
        for who in passed:
            reasons[who] = "list_too_small"
    return reasons


def first_reason(world: World, who: str, group: str | None) -> str | None:
    """The order of the reasons, one question after the other."""
    if who not in world.people:
        return "unknown_person"
    said = world.consents[who]
    if said.get("profiling") is False or ("profiling" not in said and not world.profiling_default):
        return "profiling_refused"
    for purpose in NEEDED[world.channel]:
        if said.get(purpose) is not True:
            return f"no_consent_{purpose}"
    if is_suppressed(world, who):
        return "suppressed"
    if who in world.opted_out:
        return "opted_out"
    if who in world.in_peace:
        return "wants_peace"
    if problem := identifier_problem(world, who):
        return problem
    if who in world.mixed:
        return "in_both_groups"
    if group != "treatment" or who in world.held_out:
        return "held_out"
    if is_over_a_cap(world, who):
        return "over_cap"
    if world.planned is not None and who not in world.planned:
        return "not_planned"
    return None


def is_suppressed(world: World, who: str) -> bool:
    """Is any entry of the list this person, their mailbox or their number?"""
    email, phone = world.people[who]["email"], oracle_phone(world.people[who]["phone"])
    for kind, value in world.suppressed:
        if kind == "customer_id" and value == who:
            return True
        if kind == "email" and "@" in email and same_mailbox(email, value):
            return True
        # A digest is of one way to write a mailbox; everything a destination would be told is compared with it.
        if kind == "email_hash" and "@" in email and value.lower() in spellings(email):
            return True
        if kind.startswith("phone") and phone and phone == oracle_phone(value):
            return True
    return False


def spellings(email: str) -> list[str]:
    """The ways in which destinations know a mailbox."""
    box, domain = email.lower().split("@")
    bare = box.split("+")[0]
    short = bare.replace(".", "") if domain in ("gmail.com", "googlemail.com") else box
    return [f"{box}@{domain}", f"{bare}@{domain}", f"{short}@{domain}"]


def same_mailbox(one: str, other: str) -> bool:
    """Would any destination take the two for one?"""
    return any(a == b for a in spellings(one) for b in spellings(other))


def oracle_phone(raw: str) -> str:
    """The numbers of the vocabulary, in E.164."""
    return {"020 7183 8750": "+442071838750", "12": ""}.get(raw, raw)


def identifier_problem(world: World, who: str) -> str | None:
    """What keeps the destination from knowing the person."""
    email, phone = world.people[who]["email"], world.people[who]["phone"]
    if world.destination == "parquet":
        return None
    if "@" in email and not (world.destination == "email" and email.startswith("=")):
        return None
    if world.destination != "email" and oracle_phone(phone):
        return None
    return "already_hashed" if len(email) in (32, 64) else "no_identifier"


def is_over_a_cap(world: World, who: str) -> bool:
    """Has the person had enough contacts, counted day by day?"""
    for channel, period, most in world.caps:
        days = 0
        for back in range(period):
            on = DAY - timedelta(days=back)
            hits = [
                c for c in world.contacts if c[0] == who and c[2] == on and channel in ("any", c[1])
            ]
            days += bool(hits)
        if days >= most:
            return True
    return False
