"""What is kept of erased people's rows because other people's ids rest on it.

Traces hold keys and values of people who were not erased, days, and figures: who was named first by an erased row,
which places among the holders of a value that others still hold were theirs, what the matcher had learned while their
rows were there, and what it had made of other people's records where it would think otherwise without them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, order=True)
class Mention:
    """A record that an erased person's row was the first to name."""

    source: str
    source_key: str
    known_at: str


@dataclass(frozen=True)
class FormerHolder:
    """A place among the holders of a value: since when, and the record that came next at that instant."""

    id_type: str
    id_value: str
    known_at: str
    next_source: str | None = None
    next_key: str | None = None


@dataclass(frozen=True)
class FormerDispute:
    """A value, and since when an erased holder of it was held to be somebody else than another holder."""

    id_type: str
    id_value: str
    disputed_at: str


@dataclass(frozen=True)
class FormerPerson:
    """One person more among those of a source who state a value, told apart by a trait (name, birth date).

    From `known_at` on, until a record that stays states the same; null: none does.
    """

    id_type: str
    id_value: str
    source: str
    trait: str
    known_at: str
    ended_at: str | None = None


@dataclass(frozen=True)
class FormerEpoch:
    """What the matcher learned, and from which day on it held: figures."""

    begins: str
    states: int
    partners: float
    m: dict[str, list[float]]
    u: dict[str, list[float]]


@dataclass(frozen=True)
class FormerMember:
    """A record whose pairs with the others of its circle were settled up to a day."""

    circle: int
    source: str
    source_key: str
    settled_until: str


@dataclass(frozen=True)
class FormerPair:
    """A pair that the matcher had accepted inside a circle; each record's state by its place among the record's own."""

    left_source: str
    left_key: str
    right_source: str
    right_key: str
    left_place: int
    right_place: int
    epoch: int
    known_at: str
    valid_from: str
    figures: list[float]


@dataclass(frozen=True)
class FormerDoubt:
    """A pair that was to stay apart inside a circle; without an end it lasts as long as both profiles stay."""

    left_source: str
    left_key: str
    right_source: str
    right_key: str
    known_at: str
    ended_at: str | None
    weight: float


@dataclass
class Traces:
    """What erased people's rows said of others."""

    mentions: list[Mention] = field(default_factory=list)
    holders: list[FormerHolder] = field(default_factory=list)
    disputes: list[FormerDispute] = field(default_factory=list)
    people: list[FormerPerson] = field(default_factory=list)
    epochs: list[FormerEpoch] = field(default_factory=list)
    members: list[FormerMember] = field(default_factory=list)
    pairs: list[FormerPair] = field(default_factory=list)
    doubts: list[FormerDoubt] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The traces as plain lists and texts."""
        return asdict(self)

    @classmethod
    def of(cls, content: dict[str, Any]) -> Traces:
        """Read what `as_json` gave; kinds that an older Kith did not know are empty."""
        return cls(
            **{
                name: [KINDS_OF_TRACE[name](**row) for row in content.get(name, [])]
                for name in (one.name for one in fields(cls))
            }
        )


KINDS_OF_TRACE: dict[str, type[Any]] = {
    "mentions": Mention,
    "holders": FormerHolder,
    "disputes": FormerDispute,
    "people": FormerPerson,
    "epochs": FormerEpoch,
    "members": FormerMember,
    "pairs": FormerPair,
    "doubts": FormerDoubt,
}


def instant(moment: datetime | date) -> str:
    """An instant or a day as traces write it."""
    return moment.isoformat(sep=" ") if isinstance(moment, datetime) else moment.isoformat()
