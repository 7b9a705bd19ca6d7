"""What may be offered, over which channel, and how often: three lists in `dbt_project/seeds`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from pathlib import Path

from ml.activate.contact_limits import ContactLimit, read_contact_limits
from ml.activate.lists import Parse, count, hour, number, one_of, or_none, read_list, word
from ml.errors import KithError
from ml.home import SEEDS

ITEM_KINDS = ("none", "recommended", "product", "category", "coupon")


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
    offers = read_list(folder / "offers.csv", Offer, OFFER_VALUES, ("offer",))
    channels = read_list(
        folder / "contact_channels.csv", ChannelRules, CHANNEL_VALUES, ("channel",)
    )
    limits = read_contact_limits(folder)
    known = {channel.channel for channel in channels}
    for offer in offers:
        if offer.channel not in known:
            raise KithError(
                f"{folder / 'offers.csv'}: the offer '{offer.offer}' goes over the channel '{offer.channel}', which "
                f"contact_channels.csv does not list ({', '.join(sorted(known))}). Add the channel there, with its "
                "quiet hours and limits, or name another."
            )
    return Declarations(offers, {channel.channel: channel for channel in channels}, limits)


OFFER_VALUES: dict[str, Parse] = {
    "offer": word,
    "audience": word,
    "channel": word,
    "item_kind": one_of(*ITEM_KINDS),
    "item": or_none(word),
    "cost_per_contact": number(),
    "margin_share": number(1),
    "discount_share": number(1),
    "stock": or_none(count),
    "words": word,
}
CHANNEL_VALUES: dict[str, Parse] = {
    "channel": word,
    "consent": word,
    "daily_capacity": or_none(count),
    "daily_budget": or_none(number()),
    "quiet_from": hour,
    "quiet_until": hour,
    "unsubscribe_rate": number(1),
    "complaint_rate": number(1),
    "lost_by_unsubscribe": number(),
    "lost_by_complaint": number(),
}
