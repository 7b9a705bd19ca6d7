"""The hidden process of one person, day by day: written once for simulating and for the truth.

A person has a stage (how the relationship stands), a phase (what the last days were about) and a
reach (whether this week's campaign reached them). Each day, in this order: a campaign may go out,
the stage may change, a wish may arise, a wish may become an order or dissolve, something may be
shared, and the last order is forgotten. Chances depend on these three states, on fixed traits and
on the calendar only, so probabilities of what follows have a closed form (`probabilities`).

All functions broadcast: the simulation passes one state per person, the truth all states at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from ml.data.demo.catalogue import season_by_day
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.traits import ANNOYED, PERSUADABLE, Traits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CONTENT, GRIEVED, FADING, GONE = range(4)
IDLE, FRESH, WANTING = range(3)
NOT_MESSAGED, MESSAGED, UNREACHABLE = range(3)


@dataclass(frozen=True)
class Calendar:
    """Days since the burn-in began, as dates, seasons and campaigns."""

    first_day: date
    season: Floats
    parameters: DemoParameters

    @classmethod
    def starting(cls, first_day: date, days: int, parameters: DemoParameters) -> Calendar:
        """A calendar that knows the seasons of ``days`` days (categories x days)."""
        return cls(first_day, season_by_day(first_day, days), parameters)

    def is_campaign(self, day: int) -> bool:
        """Whether a campaign goes out that day."""
        weekday = (self.first_day + timedelta(days=day)).weekday()
        return weekday == self.parameters.campaign_weekday

    def is_pilot(self, day: int) -> bool:
        """Whether that day's campaign is the randomised kind."""
        return self.week(day) % self.parameters.pilot_every == 0

    def week(self, day: int) -> int:
        """Number of the campaign week, the same for any length of history."""
        return (self.first_day.toordinal() - 1 - self.parameters.campaign_weekday + day) // 7


@dataclass(frozen=True)
class DayChances:
    """The chances of one day, for traits of shape (n,) or (n, 1, 1, 1)."""

    traits: Traits
    calendar: Calendar
    day: int

    def message(self) -> Floats:
        """Chance that the day's campaign reaches a reachable person."""
        if self.calendar.is_pilot(self.day):
            return np.full_like(self.traits.message_chance, self.calendar.parameters.pilot_chance)
        return self.traits.message_chance

    def fade(self, stage: Ints, reach: Ints, age: Ints | Floats) -> Floats:
        """Chance that a content or grieved person of this age (days since joining) fades."""
        p = self.calendar.parameters
        grieved = np.where(stage == GRIEVED, p.grieved_leaves_factor, 1.0)
        annoyed = (self.traits.persuasion == ANNOYED) & (reach == MESSAGED)
        factor = grieved * np.where(annoyed, p.annoyed_leaves_factor, 1.0)
        k = p.leaving_shape
        older: Floats = np.power(age + 1.0, k) - np.power(np.maximum(age, 0.0), k)
        chance: Floats = -np.expm1(-older * self.traits.leaving_scale**-k * factor)
        return chance

    def wish(self, stage: Ints, phase: Ints, reach: Ints) -> Floats:
        """Chance that someone who wants nothing begins to want something."""
        p = self.calendar.parameters
        season = self.calendar.season[self.traits.favourite, self.day]
        fresh = np.where(phase == FRESH, self.traits.fresh_factor, 1.0)
        by_type = np.where(
            self.traits.persuasion == PERSUADABLE,
            p.persuadable_factor,
            np.where(self.traits.persuasion == ANNOYED, p.annoyed_factor, 1.0),
        )
        message = np.where(reach == MESSAGED, by_type, 1.0)
        by_stage = np.array(p.wish_by_stage)[stage]
        chance: Floats = -np.expm1(-self.traits.wishes * season * by_stage * fresh * message)
        return chance

    def buy(self, stage: Ints) -> Floats:
        """Chance that someone who wants something orders it today."""
        return np.where(stage == GONE, 0.0, self.calendar.parameters.buy_while_wanting)

    def visit(self, stage: Ints, phase: Ints) -> Floats:
        """Chance of coming to look today: the fading come less, those with a wish nearly daily."""
        p = self.calendar.parameters
        idly = self.traits.visits * np.array(p.visit_by_stage)[stage]
        return np.where(phase == WANTING, p.visit_while_wanting, idly)

    def share(self, stage: Ints, phase: Ints) -> Floats:
        """Chance of sending at least one share today."""
        p = self.calendar.parameters
        fresh = np.where(phase == FRESH, p.share_after_order_factor, 1.0)
        by_stage = np.array(p.share_by_stage)[stage]
        chance: Floats = -np.expm1(-self.traits.shares * by_stage * fresh)
        return chance
