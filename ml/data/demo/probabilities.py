"""True probabilities at the end of the history, by backward recursion over the hidden states.

For each person the process of `process` is a Markov chain on stage x phase x reach once the traits
are given. With v(state) the chance that the event has not happened in the days left, going one day
back applies the day's substeps in reverse order; an event is a path that is cut off. Exact, unlike
sampling, and for all starting states at once, which gives the effect of a message for free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.data.demo.history import State
from ml.data.demo.process import (
    CONTENT,
    FADING,
    FRESH,
    GONE,
    GRIEVED,
    IDLE,
    MESSAGED,
    NOT_MESSAGED,
    UNREACHABLE,
    WANTING,
    Calendar,
    DayChances,
)
from ml.data.demo.traits import Traits

Floats = npt.NDArray[np.float64]

STAGES = np.arange(4).reshape(1, 4, 1, 1)
PHASES = np.arange(3).reshape(1, 1, 3, 1)
REACHES = np.arange(3).reshape(1, 1, 1, 3)
CHUNK = 5_000
NEXT_PURCHASE_DAYS, CHURN_DAYS, SHARE_DAYS = 30, 90, 30


@dataclass(frozen=True)
class TrueProbabilities:
    """One value per person, at the end of the history."""

    next_purchase: Floats
    churn: Floats
    share: Floats
    message_effect_on_purchase: Floats
    message_effect_on_churn: Floats
    churn_if_content: Floats


def true_probabilities(
    traits: Traits, state: State, calendar: Calendar, day: int
) -> TrueProbabilities:
    """Probabilities from ``day`` (00:00) on, of an order that stays and names its customer, of none
    such in 90 days, and of a share; what being reached by a message at ``day`` changes in them; and
    the chance of no order in 90 days, were the person content.

    ``state`` holds the people who had come by that day: the first ones of ``traits``.
    """
    traits = traits.first(len(state.stage))
    parts = []
    for start in range(0, len(state.stage), CHUNK):
        people = slice(start, start + CHUNK)
        some, age = (
            traits.spread(people),
            (day - state.joined[people]).reshape(-1, 1, 1, 1).astype(float),
        )
        rows = np.arange(len(age))
        here = (rows, state.stage[people], state.phase[people], state.reach[people])
        told = (rows, here[1], here[2], np.full(len(rows), MESSAGED))
        content = (rows, np.full(len(rows), CONTENT), here[2], here[3])
        untold = (rows, here[1], here[2], np.full(len(rows), NOT_MESSAGED))

        def absence(event: str, days: int, some: Traits = some, age: Floats = age) -> Floats:
            return _chance_of_absence(some, age, calendar, day, days, event)

        month, quarter = absence("order", NEXT_PURCHASE_DAYS), absence("order", CHURN_DAYS)
        parts.append(
            (
                1 - month[here],
                quarter[here],
                1 - absence("share", SHARE_DAYS)[here],
                month[untold] - month[told],
                quarter[told] - quarter[untold],
                quarter[content],
            )
        )
    return TrueProbabilities(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True)
class MessageEffects:
    """What one message to each person at a day changes, and how many it drives to unsubscribe: one value per person.

    ``orders`` are orders that count within 30 days, ``leaving`` is the chance of no such order in 90.
    """

    orders: Floats
    leaving: Floats
    unsubscribes: Floats


def message_effects(traits: Traits, state: State, calendar: Calendar, day: int) -> MessageEffects:
    """What changes when a message goes out at ``day`` to the people as they are then, the campaigns going on as ever.

    Whom this week's campaign has reached already is moved no further, but may unsubscribe; to those who cannot be
    reached no message goes.
    """
    traits = traits.first(len(state.stage))
    orders: list[Floats] = []
    leaving: list[Floats] = []
    for start in range(0, len(state.stage), CHUNK):
        people = slice(start, start + CHUNK)
        some = traits.spread(people)
        age = (day - state.joined[people]).reshape(-1, 1, 1, 1).astype(float)
        bought = _expected_orders(some, age, calendar, day, NEXT_PURCHASE_DAYS)
        silent = _chance_of_absence(some, age, calendar, day, CHURN_DAYS, "order")
        for table, into in ((bought, orders), (silent, leaving)):
            rows = np.arange(len(age))
            by_reach = table[rows, state.stage[people], state.phase[people]]
            out = traits.unsubscribes[people]
            told = (1 - out) * by_reach[:, MESSAGED] + out * by_reach[:, UNREACHABLE]
            reach = state.reach[people]
            into.append(np.where(reach == UNREACHABLE, 0.0, told - by_reach[rows, reach]))
    unsubscribes = np.where(state.reach == UNREACHABLE, 0.0, traits.unsubscribes)
    return MessageEffects(np.concatenate(orders), np.concatenate(leaving), unsubscribes)


def _expected_orders(
    traits: Traits, age: Floats, calendar: Calendar, day: int, days: int
) -> Floats:
    """Mean number of orders that count in ``[day, day + days)``, people x stages x phases x reaches."""
    v: Floats = np.zeros((len(age), 4, 3, 3))
    for back in range(days - 1, -1, -1):
        chances = DayChances(traits, calendar, day + back)
        ordered = chances.buy(STAGES)[..., 0] * _counts(chances)
        v = _order(_forget(v, traits), chances, counts=False)
        v[:, :, WANTING] += ordered
        v = _before_orders(v, chances, age + back)
    return v


def _chance_of_absence(
    traits: Traits, age: Floats, calendar: Calendar, day: int, days: int, event: str
) -> Floats:
    """Chance of no event in ``[day, day + days)``, people x stages x phases x reaches."""
    v: Floats = np.ones((len(age), 4, 3, 3))
    for back in range(days - 1, -1, -1):
        chances = DayChances(traits, calendar, day + back)
        v = _forget(v, traits)
        if event == "share":
            v = v * (1 - chances.share(STAGES, PHASES))
        v = _order(v, chances, counts=event == "order")
        v = _before_orders(v, chances, age + back)
    return v


def _before_orders(v: Floats, chances: DayChances, age: Floats) -> Floats:
    """The substeps of a day that come before its orders: campaign, stages, wishes."""
    wish = chances.wish(STAGES, PHASES, REACHES)
    wanting = v[:, :, WANTING : WANTING + 1, :]
    v = np.where(PHASES == WANTING, v, (1 - wish) * v + wish * wanting)
    v = _change_stages(v, chances, age)
    return _campaign(v, chances) if chances.calendar.is_campaign(chances.day) else v


def _counts(chances: DayChances) -> Floats:
    """Share of a person's orders that stay and name them."""
    bad = chances.calendar.parameters.cancelled + chances.traits.returned
    kept: Floats = ((1 - bad) * (1 - chances.traits.guest))[..., 0]
    return kept


def _forget(v: Floats, traits: Traits) -> Floats:
    forgets = (1 / traits.fresh_days)[..., 0]
    v = v.copy()
    v[:, :, FRESH] = (1 - forgets) * v[:, :, FRESH] + forgets * v[:, :, IDLE]
    return v


def _order(v: Floats, chances: DayChances, counts: bool) -> Floats:
    """An order that counts cuts the path; a returned, cancelled or nameless one does not."""
    p = chances.calendar.parameters
    traits = chances.traits
    buy = chances.buy(STAGES)[..., 0]
    hurt = p.failure_per_order * p.failure_hurts
    after = v.copy()
    after[:, CONTENT] = (1 - hurt) * v[:, CONTENT] + hurt * v[:, GRIEVED]
    bad = (p.cancelled + traits.returned)[..., 0]
    guest = traits.guest[..., 0]
    seen = 0.0 if counts else 1.0
    kept = (1 - bad) * ((1 - guest) * seen + guest) * after[:, :, FRESH]
    bought = kept + bad * after[:, :, IDLE]
    stays = (1 - p.lose_interest) * v[:, :, WANTING] + p.lose_interest * v[:, :, IDLE]
    v = v.copy()
    v[:, :, WANTING] = buy * bought + (1 - buy) * stays
    return v


def _change_stages(v: Floats, chances: DayChances, age: Floats) -> Floats:
    p = chances.calendar.parameters
    fade = chances.fade(STAGES, REACHES, age)
    content, grieved = fade[:, CONTENT], fade[:, GRIEVED]
    recovers = np.minimum(p.grieved_recovers, 1 - grieved)
    out = np.empty_like(v)
    out[:, CONTENT] = (1 - content) * v[:, CONTENT] + content * v[:, FADING]
    out[:, GRIEVED] = (
        grieved * v[:, FADING] + recovers * v[:, CONTENT] + (1 - grieved - recovers) * v[:, GRIEVED]
    )
    out[:, FADING] = (
        p.fading_to_gone * v[:, GONE]
        + p.fading_recovers * v[:, CONTENT]
        + (1 - p.fading_to_gone - p.fading_recovers) * v[:, FADING]
    )
    out[:, GONE] = p.gone_returns * v[:, CONTENT] + (1 - p.gone_returns) * v[:, GONE]
    return out


def _campaign(v: Floats, chances: DayChances) -> Floats:
    sent, leaves = chances.message()[..., 0], chances.traits.unsubscribes[..., 0]
    reached = (1 - leaves) * v[..., MESSAGED] + leaves * v[..., UNREACHABLE]
    out = v.copy()
    out[..., NOT_MESSAGED] = (1 - sent) * v[..., NOT_MESSAGED] + sent * reached
    out[..., MESSAGED] = out[..., NOT_MESSAGED]
    return out
