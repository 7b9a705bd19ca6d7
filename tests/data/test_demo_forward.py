"""What one message changes in the demo brand: the closed form against lives that go on with and without it."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np

from ml.data.demo.history import KEPT, State
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.probabilities import MessageEffects, message_effects, true_probabilities
from ml.data.demo.process import MESSAGED, NOT_MESSAGED, UNREACHABLE, Calendar
from ml.data.demo.simulate import Simulation
from ml.data.demo.traits import ANNOYED, PERSUADABLE, Traits, draw_traits

PEOPLE, PAST, LIVES = 600, 455, 60


@cache
def brand() -> tuple[Traits, Calendar, State, MessageEffects]:
    """Six hundred people on a Wednesday: the message works until the next campaign on Tuesday."""
    p = DemoParameters(persuadable_share=0.7, persuadable_factor=12.0)
    calendar = Calendar.starting(date(2025, 1, 1), PAST + 90, p)
    traits = draw_traits(PEOPLE, p, np.random.default_rng(5))
    before = Simulation(traits, calendar, PAST, np.random.default_rng(6))
    for day in range(PAST):
        before.run_day(day)
    state = before.history().state
    return traits, calendar, state, message_effects(traits, state, calendar, PAST)


def orders_of(reach: np.ndarray, life: int) -> np.ndarray:
    """Orders that count within 30 days per person, in one life from the state on."""
    traits, calendar, state, _ = brand()
    count = len(state.stage)
    after = Simulation(traits, calendar, PAST + 30, np.random.default_rng(100 + life))
    # Nobody new comes: those who are there must meet the same chances in every life.
    after.present, after.joined = count, state.joined.copy()
    after.growth[:] = 0
    after.stage, after.phase, after.reach = (
        np.resize(column, len(after.joined)).copy() for column in (state.stage, state.phase, reach)
    )
    for day in range(PAST, PAST + 30):
        after.run_day(day)
    log = after.history().logs["orders"]
    kept = log["person"][(log["outcome"] == KEPT) & (log["person"] < count)]
    return np.bincount(kept, minlength=count)


def test_orders_that_a_message_brings_agree_with_living_on() -> None:
    _, _, state, effects = brand()
    may = state.reach == NOT_MESSAGED
    assert may.sum() > 50
    told = np.where(may, MESSAGED, state.reach)
    # Most of those told stay reachable; the few who unsubscribe are in the closed form, at one or two in a thousand.
    difference = np.array(
        [orders_of(told, life) - orders_of(state.reach, life) for life in range(LIVES)]
    )
    found = difference[:, may].sum(axis=1)
    error = found.std() / np.sqrt(LIVES)
    expected = effects.orders[may].sum()
    # Half as much, or half as much again, would be seen.
    assert expected > 8 * error
    assert abs(found.mean() - expected) < 3 * error


def test_whom_a_message_moves() -> None:
    traits, calendar, state, effects = brand()
    kind = traits.persuasion[: len(state.stage)]
    may = state.reach == NOT_MESSAGED
    assert (effects.orders[may & (kind == PERSUADABLE)] > 0).mean() > 0.8
    assert effects.orders[may & (kind == ANNOYED)].sum() < 0
    assert effects.leaving[may & (kind == ANNOYED)].sum() > 0
    unreachable = state.reach == UNREACHABLE
    for what in (effects.orders, effects.leaving, effects.unsubscribes):
        assert (what[unreachable] == 0).all()
    already = state.reach == MESSAGED
    assert already.any()
    assert np.abs(effects.orders[already]).max() < effects.orders[may].max() / 20
    assert (
        effects.unsubscribes[~unreachable] == traits.unsubscribes[: len(kind)][~unreachable]
    ).all()
    # A change in the chance of any order is less than that in the mean number of orders.
    chance = true_probabilities(traits, state, calendar, PAST).message_effect_on_purchase
    moved = may & (kind == PERSUADABLE)
    assert 0 < chance[moved].sum() < effects.orders[moved].sum()
