"""What may be offered, over which channel, and how often: three lists in `dbt_project/seeds`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import time
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from ml.errors import KithError
from ml.home import SEEDS

ITEM_KINDS = ("none", "recommended", "product", "category", "coupon")

Row = TypeVar("Row")


@dataclass(frozen=True)
class Offer:
    """What may be said to the members of one audience over one channel.

    ``margin_share`` is what the brand keeps of an order's value before the discount, ``discount_share`` what a coupon
    takes off it; ``stock`` None means without limit. With the item kind `recommended` everybody gets their own item.
    """

    offer: str
    audience: str
    channel: str
    item_kind: str
    item: str | None
    cost_per_contact: float
    margin_share: float
    discount_share: float
    stock: int | None
    words: str


@dataclass(frozen=True)
class ChannelRules:
    """How one channel may be used in a day, and what disturbing people there costs.

    Rates are per contact, as long as the brand's own contacts do not say better; ``lost_by_...`` are mean
    relationships that one refusal costs. Quiet hours are local times of the person; equal ones mean none.
    """

    channel: str
    consent: str
    daily_capacity: int | None
    daily_budget: float | None
    quiet_from: time
    quiet_until: time
    unsubscribe_rate: float
    complaint_rate: float
    lost_by_unsubscribe: float
    lost_by_complaint: float


@dataclass(frozen=True)
class ContactLimit:
    """At most so many days with a contact within a period, on one channel or on `any`."""

    channel: str
    period_days: int
    most_contacts: int


@dataclass(frozen=True)
class Declarations:
    """All three lists, each in the order of its file."""

    offers: tuple[Offer, ...]
    channels: dict[str, ChannelRules]
    limits: tuple[ContactLimit, ...]


def read_declarations(folder: Path = SEEDS) -> Declarations:
    """Read the three lists.

    Raises:
        KithError: a file cannot be read, lacks a column, or holds a value that makes no sense; the message names the
            file, the row and the value.
    """
    offers = _read(folder / "offers.csv", Offer, OFFER_VALUES, ("offer",))
    channels = _read(folder / "contact_channels.csv", ChannelRules, CHANNEL_VALUES, ("channel",))
    limits = _read(
        folder / "contact_limits.csv", ContactLimit, LIMIT_VALUES, ("channel", "period_days")
    )
    known = {channel.channel for channel in channels}
    for offer in offers:
        if offer.channel not in known:
            raise KithError(
                f"{folder / 'offers.csv'}: the offer '{offer.offer}' goes over the channel '{offer.channel}', which "
                f"contact_channels.csv does not list ({', '.join(sorted(known))}). Add the channel there, with its "
                "quiet hours and limits, or name another."
            )
    return Declarations(offers, {channel.channel: channel for channel in channels}, limits)


def _read(
    path: Path, kind: type[Row], values: dict[str, Callable[[str], Any]], key: tuple[str, ...]
) -> tuple[Row, ...]:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise KithError(f"{path} cannot be read as a list: {error}. Mend the file.") from error
    missing = [field.name for field in fields(kind) if field.name not in table]  # type: ignore[arg-type]
    if missing:
        raise KithError(
            f"{path} lacks the column {missing[0]}. Add it; docs/next_best_action.md says what it means."
        )
    doubled = table[table.duplicated(list(key))]
    if len(doubled):
        raise KithError(
            f"{path}, row {doubled.index[0] + 1}: {', '.join(key)} must name one row; "
            f"'{', '.join(doubled.iloc[0][list(key)])}' stands twice. Take one away."
        )
    return tuple(
        kind(
            **{name: _value(path, number, name, parse, row[name]) for name, parse in values.items()}
        )
        for number, row in enumerate(table.to_dict("records"), start=1)
    )


def _value(path: Path, row: int, name: str, parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text.strip())
    except ValueError as error:
        raise KithError(
            f"{path}, row {row}, column {name}: {error}; found '{text}'. Write another value."
        ) from error


def _word(text: str) -> str:
    if not text:
        raise ValueError("a word is needed")
    return text


def _item_kind(text: str) -> str:
    if text not in ITEM_KINDS:
        raise ValueError(f"one of {', '.join(ITEM_KINDS)} is needed")
    return text


def _number(most: float = float("inf")) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number <= most:
            raise ValueError(f"a number from 0 to {most:g} is needed")
        return number

    return parse


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("a whole number, 0 or more, is needed")
    return int(text)


def _hour(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError("a time of day written HH:MM is needed") from None


def _or_none(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: parse(text) if text else None


OFFER_VALUES: dict[str, Callable[[str], Any]] = {
    "offer": _word,
    "audience": _word,
    "channel": _word,
    "item_kind": _item_kind,
    "item": _or_none(_word),
    "cost_per_contact": _number(),
    "margin_share": _number(1),
    "discount_share": _number(1),
    "stock": _or_none(_count),
    "words": _word,
}
CHANNEL_VALUES: dict[str, Callable[[str], Any]] = {
    "channel": _word,
    "consent": _word,
    "daily_capacity": _or_none(_count),
    "daily_budget": _or_none(_number()),
    "quiet_from": _hour,
    "quiet_until": _hour,
    "unsubscribe_rate": _number(1),
    "complaint_rate": _number(1),
    "lost_by_unsubscribe": _number(),
    "lost_by_complaint": _number(),
}
LIMIT_VALUES: dict[str, Callable[[str], Any]] = {
    "channel": _word,
    "period_days": _count,
    "most_contacts": _count,
}
