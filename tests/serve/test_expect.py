"""What is told beside a probability: each customer its own, and null where nothing can be said."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.data.targets import Target
from ml.learn.expected.amount import ValueModel
from ml.learn.expected.bundle import ExpectedBundle, Own
from ml.learn.expected.timing import constant_rate
from ml.serve.expect import CATEGORIES, EXPECTED, TIMING, Expectations

BUYS = Target("next_purchase", 45, 365)
LEAVES = Target("churn", 90, 90)
BATCH = pd.DataFrame({"customer_id": ["zoe", "abe", "may"], "orders": [3.0, 1.0, 2.0]})
CHANCE = np.array([0.5, 0.123456789, 0.0])
INTERESTS = pd.DataFrame(
    [("abe", "tents", 0.0, 2.0), ("zoe", "wine", 3.0, 0.0), ("eve", "toys", 9.0, 9.0)],
    columns=["customer_id", "category", "bought", "looked"],
)
SALES = pd.DataFrame({"category": ["shoes", "books"], "lines_count": [5, 1]})


def bundle(target: Target, weights: tuple[float, float, float] | None = None) -> ExpectedBundle:
    """A value of 20 for everybody, and the curve of a constant rate where the target has one."""
    timing = constant_rate(target.horizon_days) if target is BUYS else None
    value = ValueModel("mean", 20.0, 0.0, 1.0)
    return ExpectedBundle(
        target.name, target.horizon_days, ("orders",), Own(), target is BUYS, timing, value, weights
    )


def told(target: Target, expected: ExpectedBundle | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    return Expectations(target, expected, SALES).of_batch(BATCH, CHANCE, INTERESTS)


def test_each_customer_is_told_its_own() -> None:
    columns, curve = told(BUYS, bundle(BUYS, (0.4, 0.4, 0.2)))
    assert list(columns) == list(EXPECTED)
    assert columns["expected_amount"].tolist() == [10.0, 2.46913578, 0.0]
    assert columns["expected_days"].tolist()[0] == 45.0
    assert columns["expected_days"].tolist()[2] == 365.0
    assert columns["expected_loss"].isna().all()
    assert columns["expected_reach"].isna().all()
    assert columns[CATEGORIES].to_numpy().tolist() == [
        ["wine", "shoes", "books"],
        ["tents", "shoes", "books"],
        ["shoes", "books", None],
    ]
    assert list(curve) == list(TIMING)
    assert curve["customer_id"].tolist() == ["zoe"] * 6 + ["abe"] * 6 + ["may"] * 6
    assert curve["days"].tolist() == [7, 14, 30, 45, 60, 90] * 3
    assert curve.loc[curve["days"] == 45, "probability"].tolist() == CHANCE.tolist()
    assert (curve.groupby("customer_id")["probability"].diff().dropna() >= 0).all()


def test_churn_tells_what_is_at_stake_and_nothing_else() -> None:
    columns, curve = told(LEAVES, bundle(LEAVES))
    assert columns["expected_loss"].tolist() == [10.0, 2.46913578, 0.0]
    assert columns.drop(columns="expected_loss").isna().all(axis=None)
    assert curve.empty


def test_a_model_without_expectations_tells_nothing() -> None:
    columns, curve = told(BUYS, None)
    assert list(columns) == list(EXPECTED)
    assert len(columns) == len(BATCH)
    assert columns.isna().all(axis=None)
    assert list(curve) == list(TIMING)
    assert curve.empty


def test_without_anything_sold_or_liked_there_are_no_categories() -> None:
    nothing = Expectations(BUYS, bundle(BUYS, (0.4, 0.4, 0.2)), SALES.head(0)).of_batch(
        BATCH, CHANCE, INTERESTS.head(0)
    )[0]
    assert nothing[CATEGORIES].isna().all(axis=None)
