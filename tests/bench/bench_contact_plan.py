"""The contact plan against simpler choices of whom to write to, lived forward in the demo brand.

    python tests/bench/bench_contact_plan.py HOME TRUTH [--months 24] [--seed 7] [--contacts N]

HOME holds a demo brand, published for the day on which the demo ends (and, best, its `kith uplift`); TRUTH is the
folder beside its landing zone. The hidden state of everybody at that day is lived into again from the seed, and what
one message changes for each person from there is worked out exactly by the chain behind the demo: orders that count
within 30 days, silence for 90, unsubscribing. So no luck is in the comparison: all choices meet the same future. Kith
sees none of it.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.activate.plan.declarations import read_declarations
from ml.activate.plan.make import plan_day
from ml.activate.plan.problem import below_limits
from ml.activate.plan.tables import CONTACT
from ml.data.demo.catalogue import draw_products
from ml.data.demo.history import KEPT, History
from ml.data.demo.instants import Clock
from ml.data.demo.orders import draw_orders
from ml.data.demo.parameters import DEMO_AS_OF_DATE, DemoParameters
from ml.data.demo.probabilities import MessageEffects, message_effects
from ml.data.demo.traits import Traits
from ml.data.demo.truth import STAGES
from ml.data.demo.write import live
from ml.home import Home
from ml.serve.versions import Versions

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ORDERS_EACH, RANDOM_DRAWS = 20, 200


def mean_amounts(traits: Traits, history: History) -> Floats:
    """What an order of each person is worth on average, in money: from orders drawn as the demo draws."""
    count = len(history.state.stage)
    person = np.repeat(np.arange(count), ORDERS_EACH)
    ones, zeros = np.ones(len(person), dtype=np.int64), np.zeros(len(person), dtype=np.int64)
    log = {"person": person, "day": ones, "outcome": KEPT * ones, "failed": zeros}
    wanted = replace(history, logs={"orders": {**log, "grieves": zeros, "messaged": ones}})
    rng = np.random.default_rng(1)
    clock = Clock(history.calendar.first_day, DEMO_AS_OF_DATE)
    products = draw_products(rng, history.calendar.first_day)
    orders = draw_orders(wanted, traits, products, clock, rng)
    amounts: Floats = np.bincount(orders.person, orders.amount, count) / ORDERS_EACH / 100
    return amounts


def person_of(home: Home, truth: Path, version: str, customers: pd.Series) -> Ints:
    """Who each customer truly is: the person with most of the customer's records."""
    records = pd.read_parquet(truth / "records.parquet")
    mapped = pd.read_parquet(home.published / "versions" / version / "identity_map.parquet")
    both = mapped[mapped["valid_to"].isna()].merge(records, on=["source", "source_key"])
    both = both[both["person_id"].str.startswith("P")]
    counts = both.groupby(["customer_id", "person_id"]).size().rename("records").reset_index()
    counts = counts.sort_values(["records", "person_id"], ascending=[False, True])
    owner = counts.drop_duplicates("customer_id").set_index("customer_id")["person_id"]
    return customers.map(owner.str[1:].astype(int)).fillna(-1).to_numpy(dtype=np.int64)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--contacts", type=int, help="budget; the top decile's size when absent")
    given = parser.parse_args()
    home = Home(given.home.resolve())
    people = pd.read_parquet(given.truth / "people.parquet")
    parameters = DemoParameters()
    traits, history = live(len(people), given.months, given.seed, DEMO_AS_OF_DATE, parameters)
    if (STAGES[history.state.stage] != people["stage"].to_numpy()).any():
        raise SystemExit(f"{given.truth} is not the truth of a demo brand of this seed and length")
    day = (DEMO_AS_OF_DATE - history.calendar.first_day).days
    effects = message_effects(traits, history.state, history.calendar, day)
    money = effects.orders * mean_amounts(traits, history)
    Comparison(home, given.truth, given.contacts, effects, money, traits, parameters).run()


class Comparison:
    """The choices side by side; customers are those of the published version."""

    def __init__(
        self,
        home: Home,
        truth: Path,
        contacts: int | None,
        effects: MessageEffects,
        money: Floats,
        traits: Traits,
        parameters: DemoParameters,
    ) -> None:
        self.declared, self.parameters = read_declarations(), parameters
        version = Versions(home).current()
        assert version is not None
        assert version.as_of_date == DEMO_AS_OF_DATE, (
            "the demo's last day must be the published one"
        )
        free = plan_day(home, version, self.declared)
        self.facts = free.facts
        self.person = person_of(home, truth, version.name, self.facts.customers["customer_id"])
        known = self.person >= 0
        self.effects, self.money, self.known = effects, money, known
        self.persuasion = np.where(known, traits.persuasion[self.person], -1)
        chance = self.facts.customers["probability"].to_numpy(dtype=float)
        self.chance = np.nan_to_num(chance, nan=-1)
        may = self.facts.customers["may_profile"].to_numpy(dtype=bool)
        self.may_be_written_to = self.facts.consents["email"] & may
        scored = np.sort(chance[~np.isnan(chance)])
        decile = chance >= scored[-max(len(scored) // 10, 1)]
        self.budget = contacts or int((decile & self.may_be_written_to).sum())
        settings = home.settings.model_copy(update={"daily_contacts": self.budget})
        home.__dict__["settings"] = settings
        self.plan = plan_day(home, version, self.declared)

    def run(self) -> None:
        """Print the table."""
        actions = self.plan.actions
        planned = (actions["action"] == CONTACT).to_numpy()
        count = int(planned.sum())
        rested = self.may_be_written_to & below_limits(self.facts, self.declared.limits, "email")
        gain = np.where(self.known, self.money[self.person], 0.0)
        print(
            f"{len(actions):,} customers, {self.may_be_written_to.sum():,} may be written to; budget {self.budget:,}"
        )
        print(
            f"plan: {count:,} messages; expected gain told {self.plan.solution.value:,.2f}; "
            f"gap {self.plan.solution.gap:.4%}"
        )
        sources = actions.loc[planned, "effect_source"].value_counts().to_dict()
        print(f"effects {sources}; missing: {'; '.join(self.plan.facts.missing) or 'nothing'}")
        print(
            "| choice | messages | orders more | realised gain | complaints | unsubscribed | more silent 90 days | "
            "persuadable, annoyed | in peace |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        self.tell("the plan", planned)
        for size in dict.fromkeys([self.budget, count]):
            self.tell(
                f"top of next_purchase, {size:,}",
                self.top(self.chance, self.may_be_written_to, size),
            )
            self.tell(
                f"the same, within the contact limits, {size:,}",
                self.top(self.chance, rested, size),
            )
            self.tell_random(size)
        self.tell("by the truth (nobody can)", self.top(gain, self.may_be_written_to, self.budget))

    def top(self, by: Floats, among: Flags, size: int) -> Flags:
        """The first of a ranking among some, ties by customer_id."""
        order = np.lexsort((np.arange(len(by)), -by))
        order = order[among[order]][:size]
        chosen = np.zeros(len(by), dtype=bool)
        chosen[order] = True
        return chosen

    def figures(self, chosen: Flags) -> Floats:
        """What a choice brings: messages, orders, gain, complaints, unsubscribed, silent, shares of two kinds."""
        offer = self.declared.offers[0]
        who = self.person[chosen & self.known]
        refused = self.effects.unsubscribes[who].sum()
        gain = self.money[who].sum() * offer.margin_share - chosen.sum() * offer.cost_per_contact
        complaints = refused * self.parameters.unsubscribes_complaining
        kinds = self.persuasion[chosen]
        return np.array(
            [
                chosen.sum(),
                self.effects.orders[who].sum(),
                gain,
                complaints,
                refused - complaints,
                self.effects.leaving[who].sum(),
                (kinds == 1).mean(),
                (kinds == 2).mean(),
            ]
        )

    def tell_random(self, size: int) -> None:
        """The mean of many draws."""
        rng = np.random.default_rng(3)
        among = np.flatnonzero(self.may_be_written_to)
        total = np.zeros(8)
        for _ in range(RANDOM_DRAWS):
            chosen = np.zeros(len(self.person), dtype=bool)
            chosen[rng.choice(among, min(size, len(among)), replace=False)] = True
            total += self.figures(chosen) / RANDOM_DRAWS
        self.row(f"by lot, {size:,}", total)

    def tell(self, name: str, chosen: Flags) -> None:
        """One line of the table."""
        self.row(name, self.figures(chosen))

    def row(self, name: str, figures: Floats) -> None:
        """Print a line."""
        messages, orders, gain, complaints, left, silent, persuadable, annoyed = figures
        print(
            f"| {name} | {messages:,.0f} | {orders:,.2f} | {gain:,.2f} | {complaints:.3f} | {left:.2f} | "
            f"{silent:+.2f} | {persuadable:.0%}, {annoyed:.0%} | {len(self.person) - messages:,.0f} |"
        )


if __name__ == "__main__":
    main()
