"""Living through the days: everybody's hidden state, and the log of what they did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from ml.data.demo.history import CANCELLED, GUEST, KEPT, NOBODY, RETURNED, History, State
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

Ints = npt.NDArray[np.int64]


class Simulation:
    """One run over all days; use `simulate`."""

    def __init__(self, traits: Traits, calendar: Calendar, days: int, rng: np.random.Generator):
        count = len(traits.wishes)
        self.traits, self.calendar, self.days, self.rng = traits, calendar, days, rng
        self.p = calendar.parameters
        self.present = 0
        self.stage = np.full(count, CONTENT)
        self.phase = np.full(count, IDLE)
        self.reach = np.where(traits.is_reachable, NOT_MESSAGED, UNREACHABLE)
        self.joined = np.full(count, days)
        self.brought_by = np.full(count, NOBODY)
        self.brought_by_share = np.full(count, NOBODY)
        self.growth = np.round(
            count
            * (self.p.founding_share + (1 - self.p.founding_share) * _arrivals(calendar, days))
        ).astype(int)
        self.friends_to_come: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.share_count = 0
        self.earlier: dict[int, State] = {}
        self.parts: dict[str, list[dict[str, Ints]]] = defaultdict(list)

    def log(self, name: str, day: int, people: Ints, **columns: Ints) -> None:
        """Append events of one day."""
        if len(people) or not self.parts[name]:
            self.parts[name].append({"person": people, "day": np.full(len(people), day), **columns})

    def run_day(self, day: int) -> None:
        """The substeps of `process`, in its order; newcomers come at the end of the day."""
        n = self.present
        chances = DayChances(self.traits.first(n), self.calendar, day)
        stage, phase, reach = self.stage[:n], self.phase[:n], self.reach[:n]
        if self.calendar.is_campaign(day):
            self._send_campaign(day, chances, stage, reach)
        self._change_stages(chances, stage, reach, day - self.joined[:n])
        chance = chances.wish(stage, phase, reach)
        phase[(phase != WANTING) & (self.rng.random(n) < chance)] = WANTING
        self._visit(day, chances, stage, phase)
        self._order(day, chances, stage, phase, reach)
        self._share(day, chances, stage, phase)
        forgets = self.rng.random(n) < 1 / chances.traits.fresh_days
        phase[(phase == FRESH) & forgets] = IDLE
        if day % 7 == 0:
            owners = np.flatnonzero(chances.traits.has_watch & (stage != GONE))
            self.log("readings", day, owners, stage=stage[owners].copy())
        self._arrive(day)

    def _send_campaign(self, day: int, chances: DayChances, stage: Ints, reach: Ints) -> None:
        n = len(reach)
        reach[reach == MESSAGED] = NOT_MESSAGED
        sent = (reach == NOT_MESSAGED) & (self.rng.random(n) < chances.message())
        leaves = sent & (self.rng.random(n) < chances.traits.unsubscribes)
        reach[sent] = MESSAGED
        reach[leaves] = UNREACHABLE
        people = np.flatnonzero(sent)
        self.log(
            "contacts",
            day,
            people,
            unsubscribed=leaves[people].astype(int),
            stage=stage[people].copy(),
        )

    def _change_stages(self, chances: DayChances, stage: Ints, reach: Ints, age: Ints) -> None:
        p, draw = self.p, self.rng.random(len(stage))
        fade = chances.fade(stage, reach, age)
        before = stage.copy()
        stage[(before <= GRIEVED) & (draw < fade)] = FADING
        stage[(before == GRIEVED) & (draw >= fade) & (draw < fade + p.grieved_recovers)] = CONTENT
        stage[(before == FADING) & (draw < p.fading_to_gone)] = GONE
        stage[(before == FADING) & (draw >= 1 - p.fading_recovers)] = CONTENT
        stage[(before == GONE) & (draw < p.gone_returns)] = CONTENT

    def _visit(self, day: int, chances: DayChances, stage: Ints, phase: Ints) -> None:
        people = np.flatnonzero(self.rng.random(len(stage)) < chances.visit(stage, phase))
        self.log("visits", day, people, wanting=(phase[people] == WANTING).astype(int))

    def _order(self, day: int, chances: DayChances, stage: Ints, phase: Ints, reach: Ints) -> None:
        n, p = len(stage), self.p
        wanting = phase == WANTING
        draw = self.rng.random(n)
        buys = wanting & (draw < chances.buy(stage))
        phase[wanting & ~buys & (self.rng.random(n) < p.lose_interest)] = IDLE
        people = np.flatnonzero(buys)
        outcome = self._outcomes(people)
        phase[people] = np.where(outcome <= GUEST, FRESH, IDLE)
        failed = self.rng.random(len(people)) < p.failure_per_order
        hurt = failed & (self.rng.random(len(people)) < p.failure_hurts)
        grieves = hurt & (stage[people] == CONTENT)
        stage[people[grieves]] = GRIEVED
        self.log(
            "orders",
            day,
            people,
            outcome=outcome,
            failed=failed.astype(int),
            grieves=grieves.astype(int),
            messaged=(reach[people] == MESSAGED).astype(int),
        )

    def _outcomes(self, people: Ints) -> Ints:
        draw = self.rng.random(len(people))
        bad = self.p.cancelled + self.traits.returned[people]
        guest = self.rng.random(len(people)) < self.traits.guest[people]
        good = np.where(guest, GUEST, KEPT)
        return np.where(draw < self.p.cancelled, CANCELLED, np.where(draw < bad, RETURNED, good))

    def _share(self, day: int, chances: DayChances, stage: Ints, phase: Ints) -> None:
        shares = self.rng.random(len(stage)) < chances.share(stage, phase)
        people = np.flatnonzero(shares)
        converts = self.rng.random(len(people)) < self.traits.share_converts[people]
        delay = self.rng.integers(0, 7, len(people))
        numbers = self.share_count + np.arange(len(people))
        self.share_count += len(people)
        self.log("shares", day, people, number=numbers)
        for at in np.flatnonzero(converts):
            friend = (int(people[at]), int(numbers[at]))
            self.friends_to_come[day + int(delay[at])].append(friend)

    def _arrive(self, day: int) -> None:
        """Friends first, then as many others as the brand's growth asks for."""
        room = len(self.joined) - self.present
        friends = self.friends_to_come.pop(day, [])[:room]
        others = max(0, int(self.growth[day]) - self.present - len(friends))
        new = np.arange(self.present, self.present + len(friends) + others)
        if len(friends):
            inviters, numbers = np.array(friends).T
            came = new[: len(friends)]
            self.brought_by[came], self.brought_by_share[came] = inviters, numbers
            # Friends resemble each other, and stay longer than people who came by themselves.
            mean_rate = np.sqrt(self.traits.wishes[came] * self.traits.wishes[inviters])
            self.traits.wishes[came] = mean_rate
            self.traits.leaving_scale[came] *= self.p.referred_stays_factor
            self.traits.member[came, self.traits.brings_in(inviters)] = True
        self.present += len(new)
        self.joined[new] = day
        # People of before the burn-in joined at some time in the three years before it.
        if day == 0:
            self.joined[new] = -self.rng.integers(0, 1000, len(new))
        orders = self.rng.random(len(new)) < self.p.joins_with_order
        buyers = new[orders]
        self.phase[new] = WANTING
        outcome = self._outcomes(buyers)
        self.phase[buyers] = np.where(outcome <= GUEST, FRESH, IDLE)
        if day > 0:
            nothing = np.zeros(len(buyers), dtype=int)
            self.log(
                "orders",
                day,
                buyers,
                outcome=outcome,
                failed=nothing,
                grieves=nothing,
                messaged=nothing,
            )

    def state(self) -> State:
        """The state of those who have come, as it is now."""
        columns = (self.stage, self.phase, self.reach, self.joined)
        return State(*(column[: self.present].copy() for column in columns))

    def history(self) -> History:
        """The logs from the end of the burn-in on, and the last state."""
        logs = {}
        for name, parts in self.parts.items():
            columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
            shown = columns["day"] >= self.p.burn_in_days
            logs[name] = {key: column[shown] for key, column in columns.items()}
        brought = np.full(self.share_count, NOBODY)
        came = np.flatnonzero(self.brought_by != NOBODY)
        brought[self.brought_by_share[came]] = came
        logs["shares"]["brought"] = brought[logs["shares"]["number"]]
        return History(
            logs,
            self.state(),
            self.brought_by,
            self.brought_by_share,
            self.calendar,
            self.earlier,
        )


def simulate(
    traits: Traits,
    calendar: Calendar,
    days: int,
    rng: np.random.Generator,
    remember: Collection[int] = (),
) -> History:
    """Simulate ``days`` days, the burn-in included. Friends' traits are changed in ``traits``.

    The history holds the states at 00:00 of the days in ``remember`` as well.
    """
    simulation = Simulation(traits, calendar, days, rng)
    for day in range(days):
        if day in remember:
            simulation.earlier[day] = simulation.state()
        simulation.run_day(day)
    return simulation.history()


def _arrivals(calendar: Calendar, days: int) -> npt.NDArray[np.float64]:
    """Share of all later joiners who have come by the end of each day: growing, and seasonal."""
    weight = calendar.season[:, :days].mean(axis=0) * np.linspace(0.8, 1.3, days)
    total: npt.NDArray[np.float64] = np.cumsum(weight) / weight.sum()
    return total
