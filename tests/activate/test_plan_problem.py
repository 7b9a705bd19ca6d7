"""What is open to whom and what it would bring, against a slow telling of the same rules, one person at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from plan_worlds import CHANNELS, DECLARED, offer, rules, world

from ml.activate.plan.declarations import Declarations
from ml.activate.plan.facts import Facts
from ml.activate.plan.gains import (
    PRIOR_CONTACTS,
    brought_by,
    effect_of,
    price_of_disturbing,
    refusal_rates,
    relationship_of,
)
from ml.activate.plan.problem import PEACE_REASONS, DayLimits, pose

LIMITS = DayLimits(contacts=None, budget=None, assumed_effect_share=0.05)


def closed_because(facts: Facts, who: int, number: int, has_hour: dict[str, np.ndarray]) -> str:
    """Why an offer is not open to a person ("" when it is), rule after rule as the page tells them."""
    offered = DECLARED.offers[number]
    if who not in facts.listed[offered.audience]:
        return "no_list"
    if who not in facts.treated[offered.audience]:
        return "held_out"
    if facts.refused[offered.channel][who]:
        return "asked_for_peace"
    if not facts.consents[offered.channel][who]:
        return "no_consent"
    for limit in DECLARED.limits:
        if limit.channel in ("any", offered.channel):
            days = facts.contacts[limit.channel, limit.period_days][who]
            if days >= limit.most_contacts:
                return "limit_reached"
    return "" if has_hour[offered.channel][who] else "no_hour"


ORDER = ("no_list", "held_out", "asked_for_peace", "no_consent", "limit_reached", "no_hour")


@pytest.mark.parametrize("seed", range(12))
def test_open_offers_and_reasons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    facts = world(rng, measured=seed % 2 == 0)
    has_hour = {channel: rng.random(len(facts)) < 0.9 for channel in CHANNELS}
    problem = pose(facts, DECLARED, LIMITS, has_hour)
    seen = set()
    for who in range(len(facts)):
        whys = [closed_because(facts, who, n, has_hour) for n in range(len(DECLARED.offers))]
        person = facts.customers.iloc[who]
        if not person["may_profile"]:
            expected = "profiling_refused"
        elif facts.in_peace[who]:
            expected = "asked_for_peace"
        elif "" not in whys:
            # The rule that closed the last offer standing.
            expected = max(whys, key=ORDER.index)
        else:
            expected = ""
        is_open = expected == ""
        for number, why in enumerate(whys):
            driven = DECLARED.offers[number].channel in facts.effects and bool(
                facts.effects[DECLARED.offers[number].channel].is_driven_off[who]
            )
            closed = not is_open or why != "" or driven
            assert np.isneginf(problem.gain[number, who]) == closed
        if is_open and (problem.gain[:, who] > 0).any():
            assert problem.reason[who] == ""
        elif is_open:
            assert problem.reason[who] in ("would_disturb", "no_gain")
        else:
            assert problem.reason[who] == expected
        seen.add(problem.reason[who])
    assert len(seen) >= 6
    assert seen - {""} <= set(PEACE_REASONS)


def test_the_gain_by_hand() -> None:
    """A chance of a half, orders of 100 with a margin of 40 %, an assumed twentieth: 1.00, less costs and goodwill."""
    facts = replace(world(np.random.default_rng(1), count=2, measured=False))
    facts.customers.loc[:, ["probability", "order_value", "yearly_amount", "stays"]] = [
        [0.5, 100.0, 300.0, 0.5],
        [0.2, 50.0, 100.0, 1.0],
    ]
    facts.consents["email"][:] = True
    facts.rates["email"][:] = 0
    effect, measured = effect_of(facts, "email", 0.05)
    assert effect == pytest.approx([0.025, 0.01])
    assert not measured.any()
    assert brought_by(facts, offer("o", "ready", "email"), effect) == pytest.approx([0.95, 0.15])
    # A coupon of a tenth also goes to the half that buys anyway: 0.025 x 100 x 0.3 - 0.5 x 100 x 0.1 - 0.05.
    coupon = offer("o", "ready", "email", discount_share=0.1)
    assert brought_by(facts, coupon, effect) == pytest.approx([-4.3, -0.9])
    # Relationships of 60 and 40, in the mean 50; without own contacts the declared rates hold.
    relationship = relationship_of(facts, 0.4)
    assert relationship == pytest.approx([60, 40])
    price = price_of_disturbing(facts, rules("email", lost_by_unsubscribe=0.5), relationship)
    assert price == pytest.approx([(0.002 * 0.5 + 0.0002) * 50] * 2)


def test_rates_of_refusing_go_from_the_declared_ones_to_the_readers_own() -> None:
    declared = rules("email", unsubscribe_rate=0.01, complaint_rate=0.001)
    few = np.zeros((2, 3), dtype=np.int64)
    assert refusal_rates(few, declared) == pytest.approx(np.array([[0.01] * 2, [0.001] * 2]))
    many = np.array([[10_000_000, 200_000, 5_000], [10_000_000, 10_000, 100]])
    left, complained = refusal_rates(many, declared)
    assert left == pytest.approx([0.02, 0.001], rel=0.01)
    assert complained == pytest.approx([0.0005, 0.00001], rel=0.05)
    alone = refusal_rates(np.array([[PRIOR_CONTACTS, 0, 0]]), declared)[0, 0]
    assert alone == pytest.approx(0.01 / 4)


def measured_world(effect: float, doubt: float) -> Facts:
    """Ten people with the same chance to buy; one with another effect than the others."""
    facts = world(np.random.default_rng(3), count=10)
    facts.customers["probability"] = 0.2
    found = facts.effects["email"]
    buying = np.full(10, 0.01)
    buying[0] = effect
    return replace(
        facts, effects={"email": replace(found, buying=buying, doubt=np.full(10, doubt))}
    )


def test_a_sure_effect_stands_and_a_doubtful_one_is_tempered() -> None:
    sure, _ = effect_of(measured_world(0.05, 1e-6), "email", 0.05)
    assert sure == pytest.approx([0.05] + [0.01] * 9, rel=1e-4)
    doubtful, _ = effect_of(measured_world(0.05, 1.0), "email", 0.05)
    usual = (0.05 + 9 * 0.01) / 10
    assert doubtful == pytest.approx([usual] * 10, rel=1e-3)
    between, _ = effect_of(measured_world(0.05, usual), "email", 0.05)
    assert between[0] == pytest.approx((0.05 + usual) / 2)
    # Where nothing is usual, what would be assumed says how far effects may lie apart: 0.2 x 0.05 = 0.01.
    facts = measured_world(-0.09, 0.01)
    assert effect_of(facts, "email", 0.05)[0] == pytest.approx([-0.045] + [0.005] * 9)


def test_what_is_assumed_is_not_more_than_what_others_showed() -> None:
    facts = measured_world(0.01, 0.001)
    facts.effects["email"].buying[5] = np.nan
    effect, measured = effect_of(facts, "email", 0.5)
    assert not measured[5]
    assert effect[5] == pytest.approx(0.01)
    assert effect_of(facts, "email", 0.02)[0][5] == pytest.approx(0.02 * 0.2)
    harmful = measured_world(-1.0, 0.001)
    harmful.effects["email"].buying[5] = np.nan
    assert effect_of(harmful, "email", 0.5)[0][5] == 0


def test_staying_longer_is_no_second_gain_but_being_driven_off_costs() -> None:
    facts = world(np.random.default_rng(4), count=3)
    found = replace(
        facts.effects["email"], leaving=np.array([-0.1, 0.0, 0.1]), refusing=np.full(3, np.nan)
    )
    facts = replace(facts, effects={"email": found}, readers={"email": np.zeros(3, dtype=int)})
    relationship = np.array([10.0, 10.0, 10.0])
    price = price_of_disturbing(facts, DECLARED.channels["email"], relationship)
    assert price[0] == price[1]
    assert price[2] == pytest.approx(price[1] + 1)


def test_caps_are_those_that_are_set() -> None:
    facts = world(np.random.default_rng(2))
    hours = {channel: np.ones(len(facts), dtype=bool) for channel in CHANNELS}
    channels = {"email": rules("email", daily_capacity=7, daily_budget=2.5), "push": rules("push")}
    declared = Declarations(DECLARED.offers, channels, DECLARED.limits)
    problem = pose(facts, declared, DayLimits(9, 4.5, 0.05), hours)
    told = {cap.name: (cap.limit, cap.use.tolist()) for cap in problem.caps}
    assert told == {
        "contacts": (9, [1, 1, 1, 1]),
        "budget": (4.5, [0.05] * 4),
        "capacity of email": (7, [1, 0, 1, 1]),
        "budget of email": (2.5, [0.05, 0, 0.05, 0.05]),
        "stock of save": (3, [0, 0, 0, 1]),
    }


def test_no_customers_and_no_offers() -> None:
    empty = world(np.random.default_rng(1), count=0)
    hours = {channel: np.ones(0, dtype=bool) for channel in CHANNELS}
    assert pose(empty, DECLARED, LIMITS, hours).gain.shape == (4, 0)
    facts = world(np.random.default_rng(1), count=5)
    hours = {channel: np.ones(5, dtype=bool) for channel in CHANNELS}
    nothing = Declarations((), DECLARED.channels, DECLARED.limits)
    reasons = set(pose(facts, nothing, LIMITS, hours).reason)
    assert reasons <= {"no_list", "profiling_refused", "asked_for_peace"}
    assert "no_list" in reasons
    assert pd.Series(sorted(PEACE_REASONS)).is_unique
