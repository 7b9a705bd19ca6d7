"""The catalogue of tags, row by row: what a reader of the file can check, and what each rule says at its edges.

A row added to seeds/tag_rules.csv is tested here and, against the columns of its facts, in test_built_project.py.
"""

from __future__ import annotations

import csv
import re
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import pytest

from ml.home import SEEDS
from tests.dbt.test_project_rules import PROJECT, WALL_CLOCK

Row = dict[str, str]

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
SENTENCES = re.compile(r"[A-Z].*\.", re.DOTALL)
# One row of facts is all that a tag sees.
MORE_THAN_A_ROW = re.compile(
    r"\b(sum|count|avg|min|max|any_value|string_agg|list|row_number|rank|over|select|random|uuid)\s*\(|\bselect\b",
    re.IGNORECASE,
)
PERSONAL = re.compile(
    r"\b(name|given_name|family_name|email|phone|birth_date|street|city|postcode|text|query|source_key)\b"
)


@cache
def rules() -> dict[str, Row]:
    """The rows of the catalogue by tag."""
    with (SEEDS / "tag_rules.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["tag"] for row in rows}) == len(rows) >= 65
    return {row["tag"]: row for row in rows}


def known_facts() -> set[str]:
    """The models of facts that the macro tag_facts knows."""
    text = (PROJECT / "macros" / "portrait.sql").read_text(encoding="utf-8")
    return set(re.findall(r'"(int_customer__\w+)": ref\(', text))


def faults_of(row: Row) -> list[str]:
    """What is wrong with a row of the catalogue, as far as its text tells."""
    code = {part: re.sub(r"'[^']*'", "''", row[part]) for part in ("value", "evidence")}
    found = {
        "tag": NAME.fullmatch(row["tag"]) is None,
        "topic": not row["topic"],
        "meaning": SENTENCES.fullmatch(row["meaning"]) is None or len(row["meaning"].split()) < 5,
        "facts": row["facts"] not in known_facts(),
        "time_window": not row["time_window"],
        # By its name an erasure knows which tags of others count the person.
        "tag about the household": row["facts"] == "int_customer__household"
        and not row["tag"].startswith("household"),
    }
    for part, text in code.items():
        found[part] = not text
        found[f"{part} reads more than a row"] = MORE_THAN_A_ROW.search(text) is not None
        found[f"{part} reads the wall clock"] = WALL_CLOCK.search(text) is not None
        found[f"{part} reads personal data"] = PERSONAL.search(text) is not None
    return [fault for fault, is_there in found.items() if is_there]


@pytest.mark.parametrize("tag", sorted(rules()))
def test_a_tag_is_well_formed(tag: str) -> None:
    assert faults_of(rules()[tag]) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"tag": "Money Tier"}, "tag"),
        ({"meaning": "money"}, "meaning"),
        ({"meaning": "How much the customer has spent"}, "meaning"),
        ({"facts": "customers"}, "facts"),
        ({"time_window": ""}, "time_window"),
        ({"facts": "int_customer__household"}, "tag about the household"),
        ({"evidence": ""}, "evidence"),
        ({"value": "max(orders_count)"}, "value reads more than a row"),
        ({"value": "rank() over (order by orders_count)"}, "value reads more than a row"),
        ({"evidence": "(select 'x')"}, "evidence reads more than a row"),
        ({"value": "current_date"}, "value reads the wall clock"),
        ({"evidence": "'asked: ' || query"}, "evidence reads personal data"),
    ],
)
def test_a_faulty_row_is_found(change: Row, fault: str) -> None:
    assert fault in faults_of({**rules()["money_tier"], **change})


def tagged(tag: str, facts: dict[str, Any]) -> tuple[str | None, str | None]:
    """Value and evidence of a tag for one row of facts; facts that are not named do not exist."""
    rule = rules()[tag]
    columns = ", ".join(f"$fact_{number} as {name}" for number, name in enumerate(facts))
    row = duckdb.execute(
        f"select cast({rule['value']} as varchar), cast({rule['evidence']} as varchar) from (select {columns})",
        {f"fact_{number}": fact for number, fact in enumerate(facts.values())},
    ).fetchone()
    assert row is not None
    return row


def stage(**facts: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "orders_count": 5, "orders_count_365d": 5, "year_frequency_place": 0.5, "days_since_last_order": 10,
        "days_since_first_order": 900, "days_since_comeback": None,
        "cooling_after_days": 90, "sleeping_after_days": 180, "lost_after_days": 365,
    }  # fmt: skip
    assert set(facts) <= set(usual)
    return {**usual, **facts}


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        (stage(orders_count=0), None),
        (stage(), "growing"),
        (stage(year_frequency_place=0.3), "loyal"),
        (stage(year_frequency_place=0.3, orders_count_365d=1), "growing"),
        (stage(days_since_first_order=90), "new"),
        (stage(days_since_first_order=91), "growing"),
        (stage(days_since_last_order=90), "growing"),
        (stage(days_since_last_order=91, year_frequency_place=0.1), "cooling"),
        (stage(days_since_last_order=180), "cooling"),
        (stage(days_since_last_order=181), "sleeping"),
        (stage(days_since_last_order=365), "sleeping"),
        (stage(days_since_last_order=366), "lost"),
        (stage(days_since_comeback=90, year_frequency_place=0.1), "won back"),
        (stage(days_since_comeback=91), "growing"),
        (stage(days_since_comeback=10, days_since_last_order=100), "cooling"),
    ],
)
def test_life_stages_meet_at_the_limits_of_the_brand(
    facts: dict[str, Any], value: str | None
) -> None:
    told = (
        "days since the first order: {days_since_first_order}, since the last: {days_since_last_order}, "
        "orders in 365 days: {orders_count_365d}"
    )
    assert tagged("life_stage", facts) == (value, told.format(**facts))


ACTS = {"shares_sent_count": 0, "orders_count": 0, "search_count": 0, "interactions_count": 0,
        "interest_stage_count": 0, "search_stage_count": 0,
        "shares_received_count": 3, "messages_count": 2}  # fmt: skip
BUYER = {"orders_count": 9, "coupon_orders_count": 0, "brand_coupon_percent": 20}
EMAILS = {"email_count": 20, "email_opened_count": 5, "email_clicked_count": 1, "email_stopped_count": 0,
          "email_opened_percent": 25, "brand_email_opened_percent": 25}  # fmt: skip
CHANNEL = {"topic": "channel", "choice": "app", "times": 7, "times_all": 9}
SPENT = {"orders_count": 1, "orders_amount": Decimal("10.5")}
TAKEN_OFF = {
    "orders_count": 4,
    "discount_percent": 25,
    "discounted_orders_count": 2,
    "discount_place": 0.3,
}
COMPLAINED = {
    "last_complaint_at": datetime(2024, 1, 2, 9),
    "last_order_at": datetime(2024, 1, 2, 10),
}
STEPS = {"metric": "steps", "metric_rank": 1, "trend": "rising", "weeks_count": 8, "slope_percent": 3,
         "days_since_last_reading": 2}  # fmt: skip
LATE = {"gaps_count": 2, "gap_days_average": 10, "days_since_last_order": 20}
YEAR = {"orders_count": 3, "orders_amount_365d": Decimal("10.5")}


@pytest.mark.parametrize(
    ("tag", "facts", "value", "evidence"),
    [
        ("favourite_channel", CHANNEL, "app", "7 of 9 orders"),
        ("favourite_channel", {**CHANNEL, "topic": "store"}, None, "7 of 9 orders"),
        ("tenure", {"tenure_place": 1 / 3, "days_known": 9}, "old friend", None),
        ("tenure", {"tenure_place": 2 / 3, "days_known": 9}, "acquainted", None),
        ("tenure", {"tenure_place": 0.67, "days_known": 9}, "newcomer", None),
        ("aisas_stage", ACTS, "attention", None),
        ("aisas_stage", {**ACTS, "interactions_count": 1}, "attention", None),
        ("aisas_stage", {**ACTS, "interest_stage_count": 1}, "interest", None),
        ("aisas_stage", {**ACTS, "interest_stage_count": 1, "search_stage_count": 1}, "search", None),
        ("aisas_stage", {**ACTS, "orders_count": 1}, "action", None),
        ("aisas_stage", {**ACTS, "orders_count": 1, "shares_sent_count": 1}, "share",
         "shares sent: 1, orders: 1, searches: 0, interactions: 0, shares received: 3, messages: 2"),
        ("money_tier", {**SPENT, "money_place": 0.2}, "top 20 %", "spent so far: 10.50"),
        ("money_tier", {**SPENT, "money_place": 0.21}, "upper half", None),
        ("money_tier", {**SPENT, "money_place": 0.51}, "lower half", None),
        ("money_tier", {**SPENT, "money_place": 0.1, "orders_count": 0}, None, None),
        ("spending_grade", {**YEAR, "spent_above_percent": 79}, "A",
         "spent in 365 days: 10.50, those who spent more brought 79 % of the money"),
        ("spending_grade", {**YEAR, "spent_above_percent": 80}, "B", None),
        ("spending_grade", {**YEAR, "spent_above_percent": 95}, "C", None),
        ("spending_grade", {**YEAR, "orders_amount_365d": Decimal(0), "spent_above_percent": 100}, "D", None),
        ("coupon_use", BUYER, "never", "0 of 9 orders with a coupon"),
        ("coupon_use", {**BUYER, "coupon_orders_count": 4}, "sometimes", None),
        ("coupon_use", {**BUYER, "orders_count": 8, "coupon_orders_count": 4}, "often", None),
        ("coupon_sensitivity", {**BUYER, "coupon_orders_count": 1}, "low", "1 of 9 orders with a coupon, brand: 20 %"),
        ("coupon_sensitivity", {**BUYER, "coupon_orders_count": 2}, "medium", None),
        ("coupon_sensitivity", {**BUYER, "orders_count": 8, "coupon_orders_count": 4}, "high", None),
        ("coupon_sensitivity", {**BUYER, "brand_coupon_percent": 0}, None, None),
        ("price_sensitivity", {**TAKEN_OFF, "discount_percent": 0, "discounted_orders_count": 0}, "none", None),
        ("price_sensitivity", TAKEN_OFF, "high", "25 % taken off, 2 of 4 orders with a discount"),
        ("price_sensitivity", {**TAKEN_OFF, "discount_place": 0.4}, "medium", None),
        ("price_sensitivity", {**TAKEN_OFF, "discount_place": 0.7}, "low", None),
        ("price_sensitivity", {**TAKEN_OFF, "discount_percent": None}, None, None),
        ("email_reaction", EMAILS, "opens", "5 of 20 e-mails opened, 1 clicked, brand opens: 25 %"),
        ("email_reaction", {**EMAILS, "email_opened_percent": 24}, "seldom opens", None),
        ("email_reaction", {**EMAILS, "email_clicked_count": 2}, "clicks", None),
        ("email_reaction", {**EMAILS, "email_clicked_count": 2, "email_stopped_count": 1}, "stopped", None),
        ("email_reaction", {**EMAILS, "email_clicked_count": 0, "email_opened_count": 0}, "silent", None),
        ("email_reaction", {**EMAILS, "email_count": 0}, None, None),
        ("after_complaint", {"last_complaint_at": datetime(2024, 1, 2), "last_order_at": None}, "not since",
         "last complaint on 2024-01-02, last order never"),
        ("after_complaint", COMPLAINED, "bought again",
         "last complaint on 2024-01-02, last order on 2024-01-02"),
        ("device_trend", STEPS, "rising",
         "steps: 8 weekly means, slope 3 % of the mean per week, days since the last reading: 2"),
        ("overdue", LATE, "due", "days since the last order: 20, usual gap: 10"),
        ("overdue", {**LATE, "days_since_last_order": 21}, "overdue", None),
        ("overdue", {**LATE, "gaps_count": 1}, None, None),
    ],
)  # fmt: skip
def test_a_tag_says_what_its_meaning_says(
    tag: str, facts: dict[str, Any], value: str | None, evidence: str | None
) -> None:
    found, told = tagged(tag, facts)
    assert found == value
    assert told == evidence if evidence else told or value is None
