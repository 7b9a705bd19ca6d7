"""How features are told: in words that people use, whatever the value."""

from __future__ import annotations

import csv
import re

import pytest

from ml.home import SEEDS
from ml.serve.phrases import phrase_for

UNKNOWN = float("nan")


def feature_names() -> list[str]:
    """The features of the catalogue, with a window of 7 days where they have one."""
    with (SEEDS / "feature_catalogue.csv").open(encoding="utf-8", newline="") as lines:
        return [row["feature"].replace("{days}", "7") for row in csv.DictReader(lines)]


def tell(feature: str, value: float) -> str:
    return phrase_for(feature).tell(value)


@pytest.mark.parametrize(
    ("feature", "value", "words"),
    [
        ("days_since_last_order", 12, "last order 12 days ago"),
        ("days_since_last_order", 1, "last order 1 day ago"),
        ("days_since_last_order", 21, "last order 21 days ago"),
        ("days_since_last_order", 1001, "last order 1,001 days ago"),
        ("days_since_last_order", 0, "last order today"),
        ("days_since_last_order", UNKNOWN, "no order yet"),
        ("orders_count_30d", 1, "1 order in the last 30 days"),
        ("orders_count_30d", 0, "no order in the last 30 days"),
        ("orders_count_1d", 3, "3 orders in the last 1 day"),
        ("orders_amount_365d", 1234.5, "spent 1,234 in the last 365 days"),
        ("orders_amount_365d", 12.34, "spent 12.3 in the last 365 days"),
        ("mean_gap_days", 2.1, "usually 2.1 days between orders"),
        ("mean_gap_days", 0.1, "usually 0.10 days between orders"),
        ("coupon_orders_share", 0.25, "a coupon in 25 % of the orders"),
        ("coupon_orders_share", 0.001, "a coupon in less than 1 % of the orders"),
        ("coupon_orders_share", 0, "never used a coupon"),
        ("days_until_order_due", 5, "the next order is due in 5 days by the usual rhythm"),
        ("days_until_order_due", 1, "the next order is due in 1 day by the usual rhythm"),
        ("days_until_order_due", -5, "the next order is 5 days overdue by the usual rhythm"),
        ("days_until_order_due", -1, "the next order is 1 day overdue by the usual rhythm"),
        ("cancelled_orders_count_90d", 1, "1 cancelled order in the last 90 days"),
        ("order_lines_count_30d", 1, "1 order line bought in the last 30 days"),
        ("searches_count_7d", 1, "1 search in the last 7 days"),
        ("searches_count_7d", 2, "2 searches in the last 7 days"),
        ("something_nobody_thought_of", 0.5, "something nobody thought of is 0.50"),
        ("something_nobody_thought_of", UNKNOWN, "something nobody thought of is not known"),
    ],
)
def test_words_for_a_value(feature: str, value: float, words: str) -> None:
    assert tell(feature, value) == words


def test_every_feature_of_the_sql_is_told_in_plain_words() -> None:
    names = feature_names()
    assert len(names) > 30
    for name in names:
        for value in (UNKNOWN, 0.0, 0.004, 0.5, 1.0, 7.0, 12345.678):
            words = tell(name, value)
            assert words
            assert not re.search(
                r"[{}_]|\bnan\b|\b1 (days|orders|shares|items|views|searches)\b", words
            ), (name, words)
