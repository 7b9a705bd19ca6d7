"""What each action would bring from each customer, and why some actions are not open to them.

The expected gain of a message m to a person, in the brand's money:

    effect x order value x (margin - discount)      orders that would not be there without it
  - chance to buy x order value x discount          what is given to those who buy anyway
  - cost of the message
  - (rate of unsubscribing x share lost + rate of complaining x share lost) x mean relationship
  - harm to staying x the person's relationship     where a message drives them off, measured

where effect is the change of the chance to buy: measured by randomised contacts, or else a cautious share of the
chance to buy. A relationship is worth what the person spent in a year, times the margin, if they stay. Refusals cost
the mean one of those the channel may reach: priced by each person's own, disturbing would be cheap with those who spend
little, and who refuse more than others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.activate.plan.declarations import (
    ANY_CHANNEL,
    ChannelRules,
    ContactLimit,
    Declarations,
    Offer,
)
from ml.activate.plan.facts import Facts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# How many contacts the rates that are assumed before them count for: the declared ones, then the channel's.
PRIOR_CONTACTS = 1_000
# Effects are not told apart more finely than this.
LEAST_EFFECT = 1e-6

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
        effect[channel], measured[channel] = _effect(facts, channel, limits.assumed_effect_share)
    is_open, reason = _open(facts, declared, has_hour)
    gain = np.full((len(offers), len(facts)), -np.inf)
    undisturbed = np.zeros(len(facts), dtype=bool)
    relationship = {
        offer.margin_share: _relationship(facts, offer.margin_share) for offer in offers
    }
    for number, offer in enumerate(offers):
        worth = relationship[offer.margin_share]
        price = _price_of_disturbing(facts, declared.channels[offer.channel], worth)
        brought = _brought(facts, offer, effect[offer.channel])
        allowed = is_open[number]
        undisturbed |= allowed & (brought > 0)
        gain[number, allowed] = (brought - price)[allowed]
    driven = {channel: effects.is_driven_off for channel, effects in facts.effects.items()}
    for number, offer in enumerate(offers):
        if offer.channel in driven:
            undisturbed |= is_open[number] & driven[offer.channel]
            gain[number, driven[offer.channel]] = -np.inf
    hopeless = (reason == "") & ~(gain > 0).any(axis=0)
    reason[hopeless] = np.where(undisturbed[hopeless], "would_disturb", "no_gain")
    return Problem(offers, gain, _caps(declared, limits), reason, effect, measured)


def _effect(facts: Facts, channel: str, assumed_share: float) -> tuple[Floats, Flags]:
    chance = facts.customers["probability"].fillna(0).to_numpy(dtype=float)
    if channel not in facts.effects:
        return chance * assumed_share, np.zeros(len(facts), dtype=bool)
    found, doubt = facts.effects[channel].buying, facts.effects[channel].doubt
    measured = ~np.isnan(found)
    if not measured.any():
        return chance * assumed_share, measured
    seen = max(found[measured].sum() / max(chance[measured].sum(), 1e-12), 0.0)
    # What is assumed of some is not more than what was measured of others.
    assumed = chance * min(assumed_share, seen)
    return np.where(measured, _tempered(found, doubt, chance * seen), assumed), measured


def _tempered(found: Floats, doubt: Floats, usual: Floats) -> Floats:
    """Each person's measured effect, drawn towards what is usual for a chance to buy like theirs.

    The two are weighed by their precision (the normal-normal shrinkage of James and Stein, Efron and Morris 1975); what
    is usual is taken to spread as widely as its own size. So a large effect that is little more than noise does not
    win a place that a smaller, surer one deserves.
    """
    usual_weight = 1 / np.maximum(usual, LEAST_EFFECT) ** 2
    found_weight = 1 / np.maximum(np.nan_to_num(doubt), LEAST_EFFECT) ** 2
    tempered: Floats = (found * found_weight + usual * usual_weight) / (found_weight + usual_weight)
    return tempered


def _relationship(facts: Facts, margin: float) -> Floats:
    stays = facts.customers["stays"].to_numpy(dtype=float)
    yearly: Floats = facts.customers["yearly_amount"].to_numpy(dtype=float)
    worth: Floats = yearly * stays * margin
    return worth


def _brought(facts: Facts, offer: Offer, effect: Floats) -> Floats:
    """What a message brings before anybody is disturbed, cost taken off."""
    values = facts.customers["order_value"]
    # Of who never bought, nothing says how much they would: the middle of the others stands in.
    value = values.fillna(values.median()).fillna(0).to_numpy(dtype=float)
    chance = facts.customers["probability"].fillna(0).to_numpy(dtype=float)
    added = effect * value * (offer.margin_share - offer.discount_share)
    given = chance * value * offer.discount_share
    brought: Floats = added - given - offer.cost_per_contact
    return brought


def _price_of_disturbing(facts: Facts, rules: ChannelRules, relationship: Floats) -> Floats:
    leaves, complains = refusal_rates(facts.rates[rules.channel], rules)[
        :, facts.readers[rules.channel]
    ]
    lost: Floats = leaves * rules.lost_by_unsubscribe + complains * rules.lost_by_complaint
    harm = np.zeros(len(facts))
    if rules.channel in facts.effects:
        measured = facts.effects[rules.channel]
        # Who refuses more than others is known of each: the channel's rates then say how many of them complain.
        refusals = np.maximum(measured.refusing, 0) / np.maximum(leaves + complains, LEAST_EFFECT)
        lost = np.where(np.isnan(refusals), lost, lost * refusals)
        # Staying longer is no second gain beside the orders: only harm counts.
        harm = np.maximum(np.nan_to_num(measured.leaving), 0)
    reached = facts.consents[rules.consent]
    mean = float(relationship[reached].mean()) if reached.any() else 0.0
    price: Floats = lost * mean + harm * relationship
    return price


def refusal_rates(counts: Ints, rules: ChannelRules) -> Floats:
    """Rates of unsubscribing and of complaining (2 x kinds of readers) from a channel's own contacts.

    The declared rates stand in for the channel's while its contacts are few, and the channel's for those of a kind.
    """
    rates = np.array([rules.unsubscribe_rate, rules.complaint_rate])
    total = counts.sum(axis=0)
    rates = (total[1:] + PRIOR_CONTACTS * rates) / (total[0] + PRIOR_CONTACTS)
    of_kind = (counts[:, 1:] + PRIOR_CONTACTS * rates) / (counts[:, :1] + PRIOR_CONTACTS)
    by_kind: Floats = of_kind.T
    return by_kind


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
    below = {channel: _below_limits(facts, declared.limits, channel) for channel in rules}
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


def _below_limits(facts: Facts, limits: tuple[ContactLimit, ...], channel: str) -> Flags:
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
