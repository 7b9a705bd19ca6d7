"""What is said of a batch of customers, from their features alone: no warehouse, no registry, no clock.

One machine asks it batch by batch, Spark in as many processes as it has; what it says of a customer does not depend
on who else is in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.data.targets import Target
from ml.learn.models.bundle import ModelBundle
from ml.serve.digits import nine_digits
from ml.serve.expect import EXPECTED, TIMING, Expectations
from ml.serve.reasons import REASONS, Teller

# Of how many customers it is seen what usually pushes a score.
EXPLAINED_ROWS = 10_000

PREDICTIONS = {
    "customer_id": "varchar",
    "target": "varchar",
    "horizon_days": "integer",
    "probability": "double",
    **dict.fromkeys(REASONS, "varchar"),
    **EXPECTED,
}


@dataclass(frozen=True)
class Scorer:
    """A champion, what it expects beside its probability, and what is needed to give its reasons in words."""

    target: Target
    bundle: ModelBundle
    expectations: Expectations
    teller: Teller

    @classmethod
    def of(
        cls,
        target: Target,
        bundle: ModelBundle,
        expectations: Expectations,
        sample: pd.DataFrame,
    ) -> Scorer:
        """Prepare for a population of which `sample` holds everybody, or some thousands spread evenly."""
        contributions = bundle.contributions(explained_sample(sample))
        return cls(target, bundle, expectations, Teller.of(sample, contributions))

    def probability(self, batch: pd.DataFrame) -> np.ndarray:
        """The probability served for each row, shape (rows,), to nine digits."""
        return nine_digits(self.bundle.predict(batch))

    def score(
        self, batch: pd.DataFrame, interests: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Score a batch.

        Args:
            batch: customer_id and the features; the rows are numbered from 0.
            interests: what these customers were drawn to, as `interests_of` gives it; read only by a model that
                tells categories.

        Returns:
            One row of PREDICTIONS per row, and the rows of TIMING of those that have a curve.
        """
        probability = self.probability(batch)
        contributions = self.bundle.contributions(batch)
        reasons = self.teller.tell(contributions, batch, probability >= self.bundle.base_rate)
        expected, curve = self.expectations.of_batch(batch, probability, interests)
        told = reasons.join(expected).assign(
            customer_id=batch["customer_id"],
            target=self.target.name,
            horizon_days=self.target.horizon_days,
            probability=probability,
        )
        return told[list(PREDICTIONS)], curve[list(TIMING)]


def explained_sample(population: pd.DataFrame) -> pd.DataFrame:
    """An even sample of a population, large enough to see what usually pushes a score."""
    return population.iloc[:: len(population) // EXPLAINED_ROWS + 1]
