"""The day's problem: which offers are open to whom and what they would bring, why others are not, and the caps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.activate.channels import ANY_CHANNEL
from ml.activate.contact_limits import ContactLimit
from ml.activate.plan.declarations import Declarations, Offer
from ml.activate.plan.facts import Facts
from ml.activate.plan.gains import brought_by, effect_of, price_of_disturbing, relationship_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PEACE_REASONS = {
    "profiling_refused": "said no to being profiled",
    "asked_for_peace": "unsubscribed, complained, or is on the list of those to leave in peace",
    "no_list": "is on no list that has an offer",
    "held_out": "is left alone to measure what contacts bring",
    "no_consent": "gave no consent to a channel of their offers",
    "limit_reached": "was written to as often as the limits allow",
    "no_hour": "no hour of the day is free of quiet hours where they live",
    "would_disturb": "a message would cost more goodwill than it brings, or drives them off",
    "no_gain": "a message is not expected to bring more than it costs",
    "caps_spent": "others bring more for the budget, the capacity or the stock of the day",
}
MEASURED, ASSUMED = "measured", "assumed"


@dataclass(frozen=True)
class Cap:
    """A limit over the day's whole plan: what it is, how much there is, and what each offer takes of it."""

    name: str
    limit: float
    use: Floats


@dataclass(frozen=True)
class Problem:
    """``gain`` is offers x customers, minus infinity where not allowed; ``reason`` says per customer why nothing is
    open to them, or would bring anything ("" where something would). ``effect`` per channel and customer, and where
    ``is_measured``. ``offers`` are in the order of ``gain``."""

    offers: tuple[Offer, ...]
    gain: Floats
    caps: tuple[Cap, ...]
    reason: npt.NDArray[np.object_]
    effect: dict[str, Floats]
    is_measured: dict[str, Flags]


@dataclass(frozen=True)
class DayLimits:
    """The settings that bound a day's plan, and the share of the chance to buy that an unmeasured message adds."""

    contacts: int | None
    budget: float | None
    assumed_effect_share: float


def pose(
    facts: Facts, declared: Declarations, limits: DayLimits, has_hour: dict[str, Flags]
) -> Problem:
    """Pose the day's problem. ``has_hour`` says by channel who has an hour of the day that is not quiet."""
    offers = declared.offers
    effect, measured = {}, {}
    for channel in declared.channels:
        effect[channel], measured[channel] = effect_of(facts, channel, limits.assumed_effect_share)
    is_open, reason = _open(facts, declared, has_hour)
    gain = np.full((len(offers), len(facts)), -np.inf)
    is_disturbed = np.zeros(len(facts), dtype=bool)
    for number, offer in enumerate(offers):
        brought = brought_by(facts, offer, effect[offer.channel])
        is_disturbed |= is_open[number] & (brought > 0)
        allowed = is_open[number]
        if offer.channel in facts.effects:
            driven_off = facts.effects[offer.channel].is_driven_off
            is_disturbed |= allowed & driven_off
            allowed = allowed & ~driven_off
        relationship = relationship_of(facts, offer.margin_share)
        price = price_of_disturbing(facts, declared.channels[offer.channel], relationship)
        gain[number, allowed] = (brought - price)[allowed]
    hopeless = (reason == "") & ~(gain > 0).any(axis=0)
    reason[hopeless] = np.where(is_disturbed[hopeless], "would_disturb", "no_gain")
    return Problem(offers, gain, _caps(declared, limits), reason, effect, measured)


def _open(
    facts: Facts, declared: Declarations, has_hour: dict[str, Flags]
) -> tuple[Flags, npt.NDArray[np.object_]]:
    """Which offers are open to whom; and for those to whom none is, the first rule that closed the last one."""
    offers, count = declared.offers, len(facts)
    nobody = np.empty(0, dtype=np.int64)
    listed, treated = np.zeros((2, len(offers), count), dtype=bool)
    for number, offer in enumerate(offers):
        listed[number, facts.listed.get(offer.audience, nobody)] = True
        treated[number, facts.treated.get(offer.audience, nobody)] = True
    may = facts.customers["may_profile"].to_numpy(dtype=bool)

    def by_channel(flags: dict[str, Flags]) -> Flags:
        every = [flags[offer.channel] for offer in offers]
        return np.array(every, dtype=bool).reshape(len(offers), count)

    rules = declared.channels
    consents = {channel: facts.consents[rule.consent] for channel, rule in rules.items()}
    wanted = {channel: ~facts.refused[channel] for channel in rules}
    below = {channel: below_limits(facts, declared.limits, channel) for channel in rules}
    reason = np.full(count, "", dtype=object)
    reason[facts.in_peace] = "asked_for_peace"
    reason[~may] = "profiling_refused"
    is_open = np.tile(reason == "", (len(offers), 1))
    for name, holds in (
        ("no_list", listed),
        ("held_out", treated),
        ("asked_for_peace", by_channel(wanted)),
        ("no_consent", by_channel(consents)),
        ("limit_reached", by_channel(below)),
        ("no_hour", by_channel(has_hour)),
    ):
        is_open &= holds
        reason[(reason == "") & ~is_open.any(axis=0)] = name
    return is_open, reason


def below_limits(facts: Facts, limits: tuple[ContactLimit, ...], channel: str) -> Flags:
    """Who was written to less often than the limits of a channel, and of all together, allow."""
    below = np.ones(len(facts), dtype=bool)
    for limit in limits:
        if limit.channel in (channel, ANY_CHANNEL):
            below &= facts.contacts[limit.channel, limit.period_days] < limit.most_contacts
    return below


def _caps(declared: Declarations, limits: DayLimits) -> tuple[Cap, ...]:
    offers = declared.offers
    cost = np.array([offer.cost_per_contact for offer in offers])
    each = np.ones(len(offers))
    caps = []
    if limits.contacts is not None:
        caps.append(Cap("contacts", limits.contacts, each))
    if limits.budget is not None:
        caps.append(Cap("budget", limits.budget, cost))
    for channel, rules in declared.channels.items():
        over = np.array([float(offer.channel == channel) for offer in offers])
        if rules.daily_capacity is not None:
            caps.append(Cap(f"capacity of {channel}", rules.daily_capacity, over))
        if rules.daily_budget is not None:
            caps.append(Cap(f"budget of {channel}", rules.daily_budget, over * cost))
    for number, offer in enumerate(offers):
        if offer.stock is not None:
            caps.append(Cap(f"stock of {offer.offer}", offer.stock, np.eye(len(offers))[number]))
    return tuple(caps)
