"""`kith plan`: the day's plan of contacts on a published version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from ml.activate.plan.declarations import Declarations, read_declarations
from ml.activate.plan.facts import Facts, read_facts
from ml.activate.plan.page import write_plan_page
from ml.activate.plan.problem import DayLimits, Problem, pose
from ml.activate.plan.sending import Sending
from ml.activate.plan.solver import Solution, solve
from ml.activate.plan.tables import (
    ACTIONS,
    CONTACT,
    TOTALS,
    actions_table,
    rows_of,
    totals_table,
)
from ml.activate.tables import NEXT_BEST_ACTIONS, PLAN_TOTALS, write_parts
from ml.errors import KithError
from ml.home import Home
from ml.serve.versions import Version, Versions


@dataclass(frozen=True)
class Plan:
    """A day's plan: what was asked, what was found, and both as tables."""

    facts: Facts
    problem: Problem
    solution: Solution
    actions: pd.DataFrame
    totals: pd.DataFrame


def make_plan(home: Home, day: date | None, report: Callable[[str], None]) -> Plan:
    """Plan the contacts of a day, write the tables and the page, and say in a paragraph what the plan does.

    Raises:
        KithError: nothing is published for the day, or what the plan needs is not there or cannot be read.
    """
    version = _version_of(home, day)
    declared = read_declarations()
    plan = plan_day(home, version, declared)
    folder = home.activation_version(version.name)
    write_parts(folder / NEXT_BEST_ACTIONS, ACTIONS, [rows_of(plan.actions, ACTIONS)])
    write_parts(folder / PLAN_TOTALS, TOTALS, [rows_of(plan.totals, TOTALS)])
    words = paragraph(version, plan)
    write_plan_page(home.plan_page, version.as_of_date, words, plan.totals)
    report(words)
    report(f"the plan: {folder / NEXT_BEST_ACTIONS}; in words and a picture: {home.plan_page}")
    return plan


def plan_day(home: Home, version: Version, declared: Declarations) -> Plan:
    """Work out a plan; nothing is written."""
    settings = home.settings
    facts = read_facts(home, version, declared)
    sending = Sending(facts.customers, version.as_of_date, settings.timezone, declared.channels)
    limits = DayLimits(
        settings.daily_contacts, settings.daily_contact_budget, settings.assumed_effect_share
    )
    problem = pose(facts, declared, limits, sending.has_hour())
    use = np.array([cap.use for cap in problem.caps]).reshape(
        len(problem.caps), len(declared.offers)
    )
    solution = solve(problem.gain, use, np.array([float(cap.limit) for cap in problem.caps]))
    actions = actions_table(facts, problem, solution, sending)
    return Plan(facts, problem, solution, actions, totals_table(problem, solution, actions))


def _version_of(home: Home, day: date | None) -> Version:
    versions = Versions(home)
    current = versions.current()
    if current is not None and day in (None, current.as_of_date):
        return current
    found = [version for version in versions.all() if version.as_of_date == day]
    if not found:
        published = f"readers see {current.as_of_date}" if current else "nothing is published yet"
        raise KithError(
            f"A plan needs a published version of its day ({day or 'none given'}); {published}. Run `kith run "
            "--as-of-date` for that day first."
        )
    return found[-1]


def paragraph(version: Version, plan: Plan) -> str:
    """The plan in words."""
    contacts = plan.actions[plan.actions["action"] == CONTACT]
    measured = int((contacts["effect_source"] == "measured").sum())
    solution = plan.solution
    text = (
        f"Plan for {version.as_of_date}: of {len(plan.actions):,} customers {len(contacts):,} get one message and "
        f"{len(plan.actions) - len(contacts):,} are left in peace. The messages cost {contacts['cost'].sum():,.2f} and "
        f"are expected to bring {solution.value:,.2f} after that; no plan under the same rules and caps brings more "
        f"than {solution.bound:,.2f}, so this one is within {solution.gap:.4%} of the best. The effect of {measured:,} "
        f"of them was measured by randomised contacts, that of {len(contacts) - measured:,} is assumed."
    )
    if plan.facts.missing:
        text += f" What was not there: {'; '.join(plan.facts.missing)}."
    unlisted = sorted({offer.audience for offer in plan.problem.offers} - set(plan.facts.listed))
    if unlisted:
        text += f" Offers without a member of their audience: {', '.join(unlisted)}."
    return text
