"""What the gate looks at: the people of an audience, and everything known that could keep a list from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ml.activate.contact_limits import ContactLimit
from ml.activate.export.suppression import Suppression

TREATMENT = "treatment"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in an audience.

    The group drawn, the place in the list (1 first; None: nobody ordered it), and the gesture that fits the person.
    """

    customer_id: str
    group: str | None = TREATMENT
    place: int | None = None
    gesture: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """What the published table `customers` says of a person, as far as a list asks for it."""

    customer_id: str
    texts: Mapping[str, str] = field(default_factory=dict)
    """email, phone, given_name, family_name, city, postcode, country, where they are known."""
    consents: Mapping[str, bool] = field(default_factory=dict)
    """By purpose; what is not there, nobody was asked."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What today's plan chose for a person."""

    reason: str = ""
    offer: str = ""
    item: str = ""


Contact = tuple[str, date]
"""Channel and day. A delivery and the contact that the brand reports of it are one."""


@dataclass(frozen=True)
class Facts:
    """All that is known about the people of one list; every mapping is keyed by customer_id."""

    members: tuple[Member, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    suppression: Suppression = field(default_factory=Suppression)
    opted_out: frozenset[str] = frozenset()
    """Unsubscribed or complained on the list's channel."""
    in_peace: frozenset[str] = frozenset()
    mixed: frozenset[str] = frozenset()
    """Stood in both groups of the audience's purpose before two records became one person."""
    held_out: frozenset[str] = frozenset()
    contacts: Mapping[str, frozenset[Contact]] = field(default_factory=dict)
    """What the brand reported, and what other lists delivered by Kith's own logs, this day's included."""
    planned: Mapping[str, Planned] | None = None
    """None: nobody asked for today's plan."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Bid value per person, in the brand's currency."""


@dataclass(frozen=True)
class Terms:
    """What holds for one list: its day, its channel, its limits."""

    audience: str
    day: date
    channel: str
    purposes: tuple[str, ...]
    minimum_size: int = 1
    size_cap: int | None = None
    caps: tuple[ContactLimit, ...] = ()
    profiling_default: bool = True
    default_country: str | None = None
