"""What a message is expected to bring.

The expected gain of a message m to a person, in the brand's money:

    effect x order value x (margin - discount)      orders that would not be there without it
  - chance to buy x order value x discount          what is given to those who buy anyway
  - cost of the message
  - (rate of unsubscribing x lost by it + rate of complaining x lost by it) x mean relationship
  - harm to staying x the person's relationship     where a message drives them off, measured

where effect is the change of the chance to buy: measured by randomised contacts, or else a cautious share of the
chance to buy. A relationship is worth what the person spent in a year, times the margin, if they stay. Refusals cost
the mean one of those the channel may reach: priced by each person's own, disturbing would be cheap with those who spend
little, and who refuse more than others.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml.activate.plan.declarations import ChannelRules, Offer
from ml.activate.plan.facts import Facts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# How many contacts the rates that are assumed before them count for: the declared ones, then the channel's.
PRIOR_CONTACTS = 1_000
# Effects are not told apart more finely than this.
LEAST_EFFECT = 1e-6


def effect_of(facts: Facts, channel: str, assumed_share: float) -> tuple[Floats, Flags]:
    """What a message on a channel adds to the chance to buy, and of whom that was measured."""
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
    usual, spread = chance * seen, chance * max(seen, assumed_share)
    return np.where(measured, _tempered(found, doubt, usual, spread), assumed), measured


def _tempered(found: Floats, doubt: Floats, usual: Floats, spread: Floats) -> Floats:
    """Each person's measured effect, drawn towards what is usual for a chance to buy like theirs.

    The two are weighed by their precision (the normal-normal shrinkage of James and Stein; Efron and Morris 1975). What
    is usual is taken to spread as widely as its own size, at least as what would be assumed without a measurement. So
    a large effect that is little more than noise does not win a place that a smaller, surer one deserves.
    """
    usual_weight = 1 / np.maximum(spread, LEAST_EFFECT) ** 2
    found_weight = 1 / np.maximum(np.nan_to_num(doubt), LEAST_EFFECT) ** 2
    tempered: Floats = (found * found_weight + usual * usual_weight) / (found_weight + usual_weight)
    return tempered


def relationship_of(facts: Facts, margin: float) -> Floats:
    """What each relationship is worth in a year."""
    stays = facts.customers["stays"].to_numpy(dtype=float)
    yearly: Floats = facts.customers["yearly_amount"].to_numpy(dtype=float)
    worth: Floats = yearly * stays * margin
    return worth


def brought_by(facts: Facts, offer: Offer, effect: Floats) -> Floats:
    """What a message brings before anybody is disturbed, cost taken off."""
    values = facts.customers["order_value"]
    # Of who never bought, nothing says how much they would: the middle of the others stands in.
    value = values.fillna(values.median()).fillna(0).to_numpy(dtype=float)
    chance = facts.customers["probability"].fillna(0).to_numpy(dtype=float)
    added = effect * value * (offer.margin_share - offer.discount_share)
    given = chance * value * offer.discount_share
    brought: Floats = added - given - offer.cost_per_contact
    return brought


def price_of_disturbing(facts: Facts, rules: ChannelRules, relationship: Floats) -> Floats:
    """Expected loss of goodwill by a message: refusals, and who is driven to leave."""
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
