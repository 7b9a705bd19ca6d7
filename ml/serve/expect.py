"""What stands beside a probability when customers are scored: when, how much, and what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from ml.data.interests import category_sales
from ml.data.targets import Target
from ml.data.warehouse import connect
from ml.learn.expected.bundle import ExpectedBundle
from ml.learn.expected.categories import SHOWN, candidates, top_three
from ml.run import Run
from ml.serve.digits import nine_digits

CATEGORIES = [f"category_{number}" for number in range(1, SHOWN + 1)]
# The amount of each target has its own name, since it answers another question.
AMOUNTS = {
    "next_purchase": "expected_amount",
    "churn": "expected_loss",
    "share": "expected_reach",
}
EXPECTED = {
    "expected_days": "double",
    **dict.fromkeys(AMOUNTS.values(), "double"),
    **dict.fromkeys(CATEGORIES, "varchar"),
}
TIMING = {
    "customer_id": "varchar",
    "target": "varchar",
    "horizon_days": "integer",
    "days": "integer",
    "probability": "double",
}


@dataclass(frozen=True)
class Expectations:
    """The expectations of one target on one day; `expected` is None for a model that says none.

    `sales` are what sold until that day, as `category_sales` gives them; none without weights for them.
    """

    target: Target
    expected: ExpectedBundle | None
    sales: pd.DataFrame

    @classmethod
    def of(cls, run: Run, target: Target, expected: ExpectedBundle | None) -> Self:
        """Gather what the run's day knows of sales, where the model has weights for them."""
        sales = pd.DataFrame()
        if expected is not None and expected.weights is not None:
            with connect(run.home, read_only=True) as connection:
                sales = category_sales(connection, run.as_of_date)
        return cls(target, expected, sales)

    @property
    def asks_interests(self) -> bool:
        """Does the model tell categories?"""
        return self.expected is not None and self.expected.weights is not None

    def of_batch(
        self, batch: pd.DataFrame, probability: np.ndarray, interests: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give the columns EXPECTED of a batch, same rows, and its rows of TIMING.

        `batch` holds customer_id and the features, `probability` what is served for each row, `interests` what
        these customers were drawn to, as `interests_of` gives it. What does not apply, or the model cannot say,
        is null.
        """
        told = pd.DataFrame(index=batch.index, columns=list(EXPECTED), dtype=object)
        if self.expected is None:
            return told, pd.DataFrame(columns=list(TIMING))
        survival = self.expected.survival(batch, probability)
        days = self.expected.days(survival, self.target.population_days)
        if days is not None:
            told["expected_days"] = nine_digits(days)
        amount = self.expected.amount(batch, probability)
        if amount is not None:
            told[AMOUNTS[self.target.name]] = nine_digits(amount)
        told[CATEGORIES] = self._categories(batch, interests)
        return told, self._curve(batch, survival, probability)

    def _categories(self, batch: pd.DataFrame, interests: pd.DataFrame) -> np.ndarray:
        shown = np.full((len(batch), SHOWN), None, dtype=object)
        if self.expected is None or self.expected.weights is None:
            return shown
        ids = batch["customer_id"].astype(str)
        found = candidates(ids.tolist(), interests, self.sales)
        if found is None:
            return shown
        best = top_three(found, self.expected.weights)
        row = np.searchsorted(found.customers, ids.to_numpy(dtype=np.str_))
        names = np.array([*found.categories.tolist(), None], dtype=object)  # -1 is none
        return np.asarray(names[best[row]])

    def _curve(
        self, batch: pd.DataFrame, survival: np.ndarray | None, probability: np.ndarray
    ) -> pd.DataFrame:
        if survival is None or self.expected is None or self.expected.timing is None:
            return pd.DataFrame(columns=list(TIMING))
        ends = self.expected.timing.ends
        ordered = 1.0 - survival
        # To the last digit: 1 - (1 - p) is not always p.
        ordered[:, ends.index(self.target.horizon_days)] = probability
        return pd.DataFrame(
            {
                "customer_id": np.repeat(batch["customer_id"].to_numpy(), len(ends)),
                "target": self.target.name,
                "horizon_days": self.target.horizon_days,
                "days": np.tile(ends, len(batch)),
                "probability": nine_digits(ordered.ravel()),
            }
        )
