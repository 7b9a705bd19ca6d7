"""The plan as tables: one action per customer, and the totals with what each cap is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.activate.plan.facts import Facts
from ml.activate.plan.prices import NOTHING
from ml.activate.plan.problem import ASSUMED, MEASURED, PEACE_REASONS, Problem
from ml.activate.plan.sending import Sending
from ml.activate.plan.solver import Solution

CONTACT, LEAVE_IN_PEACE = "contact", "leave_in_peace"

_INSTANT = pa.timestamp("us", tz="UTC")
ACTIONS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("action", pa.string()),
        ("offer", pa.string()),
        ("audience", pa.string()),
        ("channel", pa.string()),
        ("item", pa.string()),
        ("expected_gain", pa.float64()),
        ("cost", pa.float64()),
        ("effect", pa.float64()),
        ("effect_source", pa.string()),
        ("send_from", _INSTANT),
        ("send_until", _INSTANT),
        ("reason", pa.string()),
    ]
)
TOTALS = pa.schema(
    [
        ("topic", pa.string()),
        ("item", pa.string()),
        ("number", pa.float64()),
        ("most", pa.float64()),
        ("shadow_price", pa.float64()),
        ("meaning", pa.string()),
    ]
)


def actions_table(
    facts: Facts, problem: Problem, solution: Solution, sending: Sending
) -> pd.DataFrame:
    """One row per customer, ordered by customer_id; columns as in `ACTIONS`."""
    chosen = np.flatnonzero(solution.action != NOTHING)
    offers = [problem.offers[number] for number in solution.action[chosen]]
    reason = problem.reason.copy()
    reason[reason == ""] = "caps_spent"
    table = pd.DataFrame(
        {
            "customer_id": facts.customers["customer_id"],
            "action": LEAVE_IN_PEACE,
            "expected_gain": 0.0,
            "cost": 0.0,
            "reason": reason,
        }
    )
    windows = [
        sending.window(customer, offer.channel)
        for customer, offer in zip(chosen.tolist(), offers, strict=True)
    ]
    measured = [problem.is_measured[o.channel][c] for c, o in zip(chosen, offers, strict=True)]
    source = [MEASURED if known else ASSUMED for known in measured]
    planned = pd.DataFrame(
        {
            "action": CONTACT,
            "offer": [offer.offer for offer in offers],
            "audience": [offer.audience for offer in offers],
            "channel": [offer.channel for offer in offers],
            "item": _items(facts, problem, solution, chosen),
            "expected_gain": problem.gain[solution.action[chosen], chosen],
            "cost": [offer.cost_per_contact for offer in offers],
            "effect": [problem.effect[o.channel][c] for c, o in zip(chosen, offers, strict=True)],
            "effect_source": source,
            "send_from": [window.send_from for window in windows],
            "send_until": [window.send_until for window in windows],
            "reason": [f"{kind}_effect" for kind in source],
        },
        index=chosen,
    )
    table = table.reindex(columns=ACTIONS.names)
    for column in planned:
        table[column] = table[column].astype(object)
        table.loc[chosen, column] = planned[column].astype(object)
    return table


def _items(
    facts: Facts, problem: Problem, solution: Solution, chosen: np.ndarray
) -> list[str | None]:
    """What is shown: the offer's own item, or the person's recommendation, or else their likeliest category."""
    recommended = facts.customers["category"].astype(object)
    own = facts.items["item"]
    recommended = own.astype(object).reindex(recommended.index).fillna(recommended)
    shown: list[str | None] = []
    for customer, item in zip(chosen.tolist(), recommended.iloc[chosen], strict=True):
        offer = problem.offers[solution.action[customer]]
        if offer.item_kind == "recommended":
            shown.append(item if isinstance(item, str) else None)
        else:
            shown.append(offer.item)
    return shown


def totals_table(problem: Problem, solution: Solution, actions: pd.DataFrame) -> pd.DataFrame:
    """Totals by topic: the whole plan, caps with their shadow prices, offers, and people left in peace by reason."""
    contacts = actions[actions["action"] == CONTACT]
    rows: list[tuple[str, str, float, float | None, float | None, str]] = [
        ("plan", "customers", len(actions), None, None, "customers looked at"),
        ("plan", "contacts", len(contacts), None, None, "customers who get a message"),
        ("plan", "cost", contacts["cost"].sum(), None, None, "what the messages cost"),
        ("plan", "expected_gain", solution.value, None, None, "what they are expected to bring"),
        ("plan", "bound", solution.bound, None, None, "no plan under these caps brings more"),
        ("plan", "gap", solution.gap, None, None, "how much better a plan could be, as a share"),
    ]
    for cap, used, price in zip(problem.caps, solution.used, solution.prices, strict=True):
        meaning = "used, the most there is, and what one more would bring"
        rows.append(("cap", cap.name, used, cap.limit, price, meaning))
    counts = contacts["offer"].value_counts()
    rows += [
        ("offer", offer.offer, counts.get(offer.offer, 0), None, None, offer.words)
        for offer in problem.offers
    ]
    left = actions.loc[actions["action"] == LEAVE_IN_PEACE, "reason"].value_counts()
    rows += [
        ("peace", reason, left.get(reason, 0), None, None, meaning)
        for reason, meaning in PEACE_REASONS.items()
    ]
    return pd.DataFrame(rows, columns=TOTALS.names)


def rows_of(table: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """A table as it is written: the same rows give the same bytes."""
    return pa.Table.from_pandas(
        table, schema=schema, preserve_index=False
    ).replace_schema_metadata()
