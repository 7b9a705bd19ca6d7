"""Too few outcomes: a buy-till-you-die model serves, told as what it is."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml.learn.judging.model_card import Circumstances
from ml.learn.judging.unjudged_card import unjudged_card
from ml.learn.models.bundle import ModelBundle
from ml.learn.models.lifetimes import BgNbd
from ml.learn.training.train import train
from tests.learn.test_lifetimes import simulate

NAMES = [
    "orders_count_365d",
    "order_days_count_all",
    "days_since_first_order",
    "days_since_last_order",
]
TRUE_CURVE = BgNbd((0.8, 25.0, 0.9, 2.5))
DAY = pd.Timestamp("2024-06-01")


def brand(customers, seed=1):
    """Today's features of a small brand, and who buys within 30 days."""
    seen, after = simulate(TRUE_CURVE, customers, 500.0, 30.0, seed)
    features = pd.DataFrame(
        {
            "customer_id": [f"c{number:04}" for number in range(customers)],
            "as_of_date": DAY,
            "orders_count_365d": seen.repeats + 1,
            "order_days_count_all": seen.repeats + 1,
            "days_since_first_order": seen.age,
            "days_since_last_order": seen.age - seen.last,
        }
    )
    return features, seen, after > 0


def learn(features, labels, today=None, target="next_purchase", **options):
    rules = ["orders_count_365d", "days_since_last_order"]
    return train(
        features, NAMES, labels, target=target, horizon_days=30, rule_columns=rules, today=today, **options
    )  # fmt: skip


def labels_of(features, outcome):
    return features[["customer_id", "as_of_date"]].assign(label=outcome.astype(int))


NOTHING = (
    pd.DataFrame(columns=["customer_id", "as_of_date", *NAMES]),
    pd.DataFrame(columns=["customer_id", "as_of_date", "label"]),
)


@pytest.mark.parametrize("target", ["next_purchase", "churn"])
def test_a_brand_without_any_outcome_is_served_from_today(target):
    today, seen, _ = brand(400)
    result = learn(*NOTHING, today, target)
    assert (result.status, result.grade) == ("trained", "C")
    assert result.served == result.bundle.kind in ("bg_nbd", "pareto_nbd")
    assert result.rule_bundle is result.gain is result.best_rule is None
    assert result.cutoffs == (DAY.date(),)
    assert result.trained_until == DAY.date()
    predicted = result.bundle.predict(today)
    truth = TRUE_CURVE.any_order(seen, 30.0)
    assert np.abs(predicted - (truth if target == "next_purchase" else 1 - truth)).mean() < 0.04
    assert result.base_rate == pytest.approx(predicted.mean(), abs=1e-6)
    terms = result.bundle.contributions(today)
    assert list(terms) == [*NAMES, "bias"]
    assert not terms["orders_count_365d"].any()
    back = ModelBundle.from_files(result.bundle.to_files())
    assert np.array_equal(back.predict(today), predicted)
    assert len(result.oof) == 0
    assert {"label", "served", "out_of_time"} <= set(result.oof)


def test_a_few_outcomes_judge_the_curve_and_set_its_line():
    features, _, outcome = brand(400)
    result = learn(features, labels_of(features, outcome), min_class_customers=300)
    assert result.status == "trained"
    assert result.grade == "C"
    assert result.served in ("bg_nbd", "pareto_nbd")
    assert set(result.metrics) == {
        "rule:orders_count_365d", "rule:days_since_last_order", result.served, "served",
    }  # fmt: skip
    assert result.metrics["served"]["auc"] > 0.7
    assert result.rule_bundle.kind == "rule"
    assert result.bundle.model.slope != 1.0
    fresh, seen, _ = brand(400, seed=2)
    truth = TRUE_CURVE.any_order(seen, 30.0)
    assert np.abs(result.bundle.predict(fresh) - truth).mean() < 0.05


def test_one_outcome_is_no_judge():
    features, _, outcome = brand(300)
    outcome[:] = False
    outcome[0] = True
    result = learn(features, labels_of(features, outcome), features)
    assert result.status == "trained"
    assert (result.customers_with, result.customers_without) == (1, 299)
    assert result.metrics == {}


def test_too_few_who_came_back_are_thin_with_the_counts():
    today, _, _ = brand(400)
    few = today[today["order_days_count_all"] == 1].head(300)
    back = today[today["order_days_count_all"] > 1].head(29)
    result = learn(*NOTHING, pd.concat([few, back]))
    assert result.status == "thin_data"
    assert result.bundle is None
    assert (result.customers_returned, result.returned_needed) == (29, 30)
    enough = pd.concat([few, today[today["order_days_count_all"] > 1].head(30)])
    assert learn(*NOTHING, enough).status == "trained"
    assert learn(*NOTHING, enough, min_returned_customers=31).status == "thin_data"


def test_shares_and_brands_without_orders_stay_thin():
    today, _, _ = brand(400)
    assert learn(*NOTHING, today, "share").status == "thin_data"
    result = train(
        *(NOTHING[0], ["orders_count_365d"], NOTHING[1]), target="churn", horizon_days=30,
        rule_columns=["orders_count_365d"], today=today,
    )  # fmt: skip
    assert (result.status, result.customers_returned) == ("thin_data", 0)


def test_the_order_of_rows_changes_nothing():
    today, _, _ = brand(300)
    mixed = today.sample(frac=1, random_state=1)
    first, second = (learn(*NOTHING, rows).bundle.to_files() for rows in (today, mixed))
    assert first == second


def test_its_card_says_that_nobody_knows_how_good_it_is():
    today, _, _ = brand(400)
    result = learn(*NOTHING, today)
    around = Circumstances("n", "Who buys?", "buyers", date(2024, 6, 1), "d", "l", pd.DataFrame())
    card = unjudged_card(result, around)
    assert "buy-till-you-die model" in card
    assert "unknown until outcomes have matured" in card
    assert f"{result.customers_returned:,} customers bought on two days" in card
