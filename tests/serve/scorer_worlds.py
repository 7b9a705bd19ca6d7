"""A small scorer and customers to ask it about: trees, a curve, categories."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from ml.data.targets import Target
from ml.learn.expected.amount import ValueModel
from ml.learn.expected.bundle import ExpectedBundle, Own
from ml.learn.expected.timing import constant_rate
from ml.learn.models.bundle import ModelBundle
from ml.learn.models.trees import BoostedTrees, TreeRows
from ml.learn.training.calibration import Calibrator
from ml.serve.expect import Expectations
from ml.serve.scorer import Scorer

DAY = date(2026, 7, 1)
BUYS, LEAVES = Target("next_purchase", 30, 365), Target("churn", 90, 90)
NAMES = ("days_since_last_order", "orders_count_90d", "orders_count_all", "order_amount_365d")
SALES = pd.DataFrame({"category": ["shoes", "books"], "lines_count": [5, 1]})


def people(count: int) -> pd.DataFrame:
    """Customers by customer_id with their features, as 32-bit floats; some have never ordered."""
    random = np.random.default_rng(5)
    orders = random.poisson(3, count)
    lately = random.binomial(orders, 0.4)
    amount = np.where(lately > 0, random.gamma(2, 40, count), np.nan)
    since = np.where(orders > 0, random.integers(0, 300, count), np.nan)
    columns = dict(zip(NAMES, (since, lately, orders, amount), strict=True))
    frame = pd.DataFrame(columns).astype(np.float32)
    frame.insert(0, "customer_id", [f"c{number:04}" for number in range(count)])
    return frame


def interests(customers: pd.DataFrame) -> pd.DataFrame:
    """What every third customer was drawn to: categories that sell, and one that does not."""
    drawn = customers["customer_id"].iloc[::3].repeat(2)
    return pd.DataFrame(
        {
            "customer_id": drawn.to_numpy(),
            "category": np.resize(["wine", "books", "shoes"], len(drawn)),
            "bought": np.resize([1.0, 0.25], len(drawn)),
            "looked": np.resize([0.0, 3.0, 1.5], len(drawn)),
        }
    )


def scorer(target: Target) -> Scorer:
    """Trees fitted on such customers; who buys has a curve and categories, who leaves has neither."""
    learned = people(600)
    values = learned[list(NAMES)].to_numpy()
    outcome = (np.nan_to_num(values[:, 1]) + values[:, 2] > 4).astype(np.float64)
    outcome[::7] = 1 - outcome[::7]
    rows = TreeRows(values, outcome, np.ones(len(values)), None, 1.0)
    model = BoostedTrees.fit(rows, 12, seed=1, threads=1)
    bundle = ModelBundle(
        target.name, target.horizon_days, NAMES, model, Calibrator(), "B", 0.4, (DAY,), DAY
    )
    buys = target == BUYS
    beside = ExpectedBundle(
        target.name,
        target.horizon_days,
        NAMES[:1],
        Own(),
        buys,
        constant_rate(target.horizon_days) if buys else None,
        ValueModel("mean", 20.0, 0.0, 1.0),
        (0.4, 0.4, 0.2) if buys else None,
    )
    expectations = Expectations(target, beside, SALES if buys else pd.DataFrame())
    return Scorer.of(target, bundle, expectations, learned)
