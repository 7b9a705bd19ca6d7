"""`kith demo`: the landing zone of the demo brand, and its truth beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from ml.data.demo.catalogue import draw_products
from ml.data.demo.deliver import (
    Brand,
    deliver_behaviour,
    deliver_people,
    deliver_purchases,
    draw_complaints,
)
from ml.data.demo.history import History
from ml.data.demo.instants import Clock
from ml.data.demo.landing_files import DELIVERED_FILES, Delivery
from ml.data.demo.orders import draw_orders
from ml.data.demo.parameters import DEMO_AS_OF_DATE, DemoParameters
from ml.data.demo.people import draw_people
from ml.data.demo.probabilities import CHURN_DAYS, true_probabilities
from ml.data.demo.process import Calendar
from ml.data.demo.records import open_records
from ml.data.demo.simulate import simulate
from ml.data.demo.traits import Traits, draw_traits
from ml.data.demo.truth import write_truth
from ml.errors import KithError
from ml.stores.place import Place

TOPICS = (
    "traits",
    "simulation",
    "people",
    "records",
    "forms",
    "products",
    "orders",
    "interactions",
    "shares",
    "contacts",
    "measurements",
    "delivery",
)
MOST_CUSTOMERS, MOST_MONTHS = 2_000_000, 120


@dataclass(frozen=True)
class DemoSummary:
    """What was written where; rows per entity, bad and repeated ones included."""

    landing: Place
    truth: Place
    customers: int
    start: date
    end: date
    rows: dict[str, int]
    bad_rows: dict[str, int]
    repeated_rows: dict[str, int]
    truth_rows: dict[str, int]

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {entity}" for entity, count in self.rows.items())
        return (
            f"{self.customers:,} people from {self.start} to {self.end} in {self.landing}: "
            f"{counts}; the truth in {self.truth}"
        )


def default_truth_folder(landing: Path) -> Path:
    """Where the truth goes when nobody says: beside the landing zone, under a telling name."""
    resolved = landing.resolve()
    return resolved.with_name(f"{resolved.name}-truth")


def write_demo(
    landing: Path,
    truth: Path,
    customers: int = 20_000,
    months: int = 24,
    seed: int = 7,
    end: date = DEMO_AS_OF_DATE,
    on_progress: Callable[[str], None] | None = None,
    parameters: DemoParameters | None = None,
) -> DemoSummary:
    """Write a demo brand of ``customers`` people and ``months`` months that ends before ``end``.

    The same arguments give the same bytes. ``truth`` must lie outside of ``landing``. Raises
    KithError for impossible sizes, and where the landing zone holds files that are not the demo's.
    """
    _check(landing, truth, customers, months, seed)
    say = on_progress or (lambda message: None)
    p = parameters or DemoParameters()
    start = _months_before(end, months)
    first_day = start - timedelta(days=p.burn_in_days)
    days = (end - first_day).days
    rng = generators(seed)

    say(f"living through {days:,} days of {customers:,} people")
    traits, history = live(customers, months, seed, end, p)
    calendar = history.calendar
    say("working out the true probabilities")
    probabilities = {
        first_day + timedelta(days=day): true_probabilities(traits, state, calendar, day)
        for day, state in (*history.earlier.items(), (days, history.state))
    }

    say("writing down who they are")
    clock = Clock(first_day, end)
    products = draw_products(rng["products"], start)
    brand = Brand(
        p,
        clock,
        traits,
        history,
        draw_people(customers, end.year, p, rng["people"]),
        products,
        open_records(traits, history, clock, rng["records"]),
        draw_orders(history, traits, products, clock, rng["orders"]),
        rng,
    )
    complaints = draw_complaints(brand)
    delivery = Delivery(landing, p, rng["delivery"])
    deliver_people(brand, delivery)
    say("writing what they bought")
    deliver_purchases(brand, delivery)
    say("writing what they looked at, said and heard")
    shares = deliver_behaviour(brand, delivery, complaints)
    say("writing the truth beside it")
    truth_rows = write_truth(
        truth,
        end,
        brand.people,
        traits,
        history,
        brand.records,
        delivery.keys,
        shares,
        complaints,
        probabilities,
        p,
    )
    return DemoSummary(
        landing,
        truth,
        customers,
        start,
        end,
        delivery.rows,
        delivery.bad_rows,
        delivery.repeated_rows,
        truth_rows,
    )


def generators(seed: int) -> dict[str, np.random.Generator]:
    """One generator per topic: deepening one leaves the others as they are."""
    return {topic: np.random.default_rng([seed, number]) for number, topic in enumerate(TOPICS)}


def live(
    customers: int, months: int, seed: int, end: date, p: DemoParameters
) -> tuple[Traits, History]:
    """Who the people of a demo brand are, and their history with the hidden state at its end; nothing is written."""
    rng = generators(seed)
    first_day = _months_before(end, months) - timedelta(days=p.burn_in_days)
    days = (end - first_day).days
    traits = draw_traits(customers, p, rng["traits"])
    calendar = Calendar.starting(first_day, days + CHURN_DAYS, p)
    # An earlier day too, whose windows have all closed by the end, where the history is that long.
    earlier = [day for day in (days - CHURN_DAYS,) if day > p.burn_in_days]
    return traits, simulate(traits, calendar, days, rng["simulation"], remember=earlier)


def _check(landing: Path, truth: Path, customers: int, months: int, seed: int) -> None:
    if not 1 <= customers <= MOST_CUSTOMERS:
        raise KithError(
            f"The demo brand has 1 to {MOST_CUSTOMERS:,} customers; "
            f"found {customers:,}. Give another number with --customers."
        )
    if not 1 <= months <= MOST_MONTHS:
        raise KithError(
            f"The demo brand's history has 1 to {MOST_MONTHS} months; found {months}. "
            "Give another number with --months."
        )
    if seed < 0:
        raise KithError(f"A seed is 0 or greater; found {seed}. Give another one with --seed.")
    inside, outside = truth.resolve(), landing.resolve()
    if inside == outside or outside in inside.parents or inside in outside.parents:
        raise KithError(
            f"The truth must lie beside the landing zone, neither inside nor around it, "
            f"so that no run can read it; found {truth} and {landing}. Choose "
            f"another folder, such as {default_truth_folder(landing)}."
        )
    for folder in (landing, truth):
        if folder.exists() and not folder.is_dir():
            raise KithError(
                f"The demo brand is written into two folders; found a file at {folder}. Move it away, "
                "or choose another landing zone with --landing."
            )
    if landing.is_dir():
        present = {str(f.relative_to(landing)) for f in landing.rglob("*") if f.is_file()}
        foreign = sorted(present - DELIVERED_FILES)
        if foreign:
            raise KithError(
                f"{landing}: the demo brand wants a landing zone of its own; found "
                f"{foreign[0]} ({len(foreign)} such files). Choose another folder."
            )


def _months_before(day: date, months: int) -> date:
    """The same day of the month, that many months earlier (the 1st when there is none)."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return date(year, month + 1, 1)
