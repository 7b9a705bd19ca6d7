"""Reasons: three of them, in words that people use, each on a topic of its own."""

from __future__ import annotations

import csv
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.home import SEEDS
from ml.serve.phrases import phrase_for
from ml.serve.reasons import top_reasons

UNKNOWN = float("nan")
FEATURES = [
    "days_since_last_order",
    "days_since_first_order",
    "days_since_second_last_order",
    "orders_count_30d",
    "orders_count_all",
    "orders_amount_365d",
    "mean_gap_days",
    "last_order_to_mean_gap_ratio",
    "days_until_order_due",
    "order_days_per_day",
    "coupon_orders_share",
    "shares_sent_count_all",
    "interactions_trend_30d",
    "days_since_last_view",
    "searches_count_7d",
    "something_nobody_thought_of",
]


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


def reasons_of(
    weights: dict[str, float], values: dict[str, float], is_likely: bool = True
) -> list[str]:
    """Reasons of one customer, given what each feature adds."""
    told = top_reasons(
        pd.DataFrame([weights | {"bias": 9.0}]),
        pd.DataFrame([values]),
        np.array([is_likely]),
        [*values],
    )
    assert list(told.columns) == ["reason_1", "reason_2", "reason_3"]
    return [str(reason) for reason in told.iloc[0]]


WEIGHTS = {
    "orders_count_30d": 0.5,
    "orders_count_all": 0.4,
    "days_since_last_order": -0.3,
    "orders_amount_365d": 0.2,
    "coupon_orders_share": -0.1,
    "mean_gap_days": 0.05,
}
VALUES = {
    "orders_count_30d": 2.0,
    "orders_count_all": 9.0,
    "days_since_last_order": 40.0,
    "orders_amount_365d": 50.0,
    "coupon_orders_share": 0.5,
    "mean_gap_days": 20.0,
}


def test_a_likely_customer_is_told_what_raises_the_score_one_per_topic() -> None:
    # Both counts are one topic, and what lowers the score is no reason for a high one.
    assert reasons_of(WEIGHTS, VALUES) == [
        "2 orders in the last 30 days",
        "spent 50 in the last 365 days",
        "usually 20 days between orders",
    ]


def test_an_unlikely_customer_is_told_what_lowers_it_and_then_plain_facts() -> None:
    assert reasons_of(WEIGHTS, VALUES, is_likely=False) == [
        "last order 40 days ago",
        "a coupon in 50 % of the orders",
        "9 orders so far",
    ]


def test_what_is_equal_for_everybody_is_nobodys_reason() -> None:
    contributions = pd.DataFrame([WEIGHTS] * 2)
    values = pd.DataFrame([VALUES, VALUES | {"mean_gap_days": 1.0}], index=[7, 3])
    told = top_reasons(contributions, values, np.array([True, True]), ["mean_gap_days"])
    assert told.index.tolist() == [7, 3]
    assert told.to_numpy().tolist() == [
        ["usually 20 days between orders", "no further reason", "no further reason"],
        ["usually 1 day between orders", "no further reason", "no further reason"],
    ]
    told = top_reasons(contributions, values, np.array([True, True]), [])
    assert set(told.to_numpy().ravel()) == {"no further reason"}


def test_a_newcomer_is_not_told_the_same_thing_three_times() -> None:
    names = [
        "days_since_last_order",
        "days_since_first_order",
        "order_days_per_day",
        "orders_count_30d",
    ]
    assert len({phrase_for(name).topic for name in names}) == 4
    values = dict.fromkeys(names, UNKNOWN)
    told = reasons_of({name: 4.0 - number for number, name in enumerate(names)}, values)
    assert told == ["no order yet", "no order in the last 30 days", "no further reason"]


def test_equal_weights_are_told_in_the_order_of_the_features() -> None:
    names = ["orders_amount_365d", "mean_gap_days", "coupon_orders_share", "days_since_last_order"]
    told = reasons_of(dict.fromkeys(names, 0.25), {name: VALUES[name] for name in names})
    assert told == [tell(name, VALUES[name]) for name in names[:3]]


def test_an_empty_population_has_no_reasons_and_no_error() -> None:
    nobody = pd.DataFrame(columns=list(VALUES), dtype=float)
    assert top_reasons(nobody, nobody, np.array([], dtype=bool), list(VALUES)).shape == (0, 3)


NUMBERS = st.sampled_from([UNKNOWN, 0.0, 1.0, 0.001, 0.5, 3.0, 365.0, -2.0, 1e6])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_always_three_reasons_and_no_topic_twice(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(FEATURES), min_size=1, unique=True))
    tellable = [name for name in names if data.draw(st.booleans())]
    rows = data.draw(st.integers(1, 3))
    table = st.lists(
        st.lists(NUMBERS, min_size=len(names), max_size=len(names)), min_size=rows, max_size=rows
    )
    weights = pd.DataFrame(data.draw(table), columns=names).fillna(0.0)
    values = pd.DataFrame(data.draw(table), columns=names)
    likely = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))
    told = top_reasons(weights, values, likely, tellable)
    for row in range(rows):
        reasons = [reason for reason in told.iloc[row] if reason != "no further reason"]
        assert all(told.iloc[row])
        assert len(set(reasons)) == len(reasons)
        possible = {tell(name, values.loc[row, name]): set() for name in tellable}
        for name in tellable:
            possible[tell(name, values.loc[row, name])].add(phrase_for(name).topic)
        assert set(reasons) <= set(possible)
        # However texts fall on topics, as many different topics as reasons can be chosen from them.
        assert _distinct([possible[reason] for reason in reasons])
        up = weights.loc[row, tellable] * (1 if likely[row] else -1)
        topics = {phrase_for(name).topic for name in tellable if up[name] > 0}
        assert len(reasons) >= min(1, len(topics))


def _distinct(choices: list[set[str]], used: frozenset[str] = frozenset()) -> bool:
    if not choices:
        return True
    return any(_distinct(choices[1:], used | {topic}) for topic in choices[0] - used)
