"""Small simulated worlds whose true probabilities are known."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

HORIZON = 14


@dataclass(frozen=True)
class World:
    """Rows of customers at weekly cut-offs, their labels, and the true probability of each."""

    features: pd.DataFrame
    labels: pd.DataFrame
    truth: np.ndarray
    names: list[str]

    def until(self, last: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give features and labels of the first ``last`` cut-offs."""
        days = sorted(self.labels["as_of_date"].unique())[:last]
        chosen = self.labels["as_of_date"].isin(days)
        return self.features[chosen], self.labels[chosen]


def make_world(
    shape: str, customers: int = 1500, cutoffs: int = 9, noise_columns: int = 6, seed: int = 0
) -> World:
    """Simulate customers with heavy-tailed counts.

    ``shape`` says what decides the outcome: "logistic" three columns (one with missing values),
    "rule" the column ``visits_count_30d`` alone, "bent" a product of two that no line can follow,
    "nothing" a coin.
    """
    random = np.random.default_rng(seed)
    frames, labels, truths = [], [], []
    level = random.normal(size=(customers, 3))
    for number in range(cutoffs):
        level = 0.8 * level + 0.6 * random.normal(size=level.shape)
        counts = np.floor(np.exp(1.0 + level)).astype(np.float32)
        logs = np.log1p(counts)
        unknown = random.random(customers) < 0.2
        logit = {
            "logistic": -2.0 + 1.2 * logs[:, 0] - 0.8 * logs[:, 1] + np.where(unknown, 1.0, 0.0),
            "rule": -2.0 + 1.2 * logs[:, 0],
            "bent": -1.0 + 1.5 * np.sign(level[:, 0]) * np.sign(level[:, 1]),
            "nothing": np.full(customers, -0.5),
        }[shape]
        truth = 1.0 / (1.0 + np.exp(-logit))
        day = pd.Timestamp(date(2024, 1, 1) + timedelta(days=7 * number))
        frame = pd.DataFrame(
            {
                "customer_id": [f"c{k:05d}" for k in range(customers)],
                "as_of_date": day,
                "visits_count_30d": counts[:, 0],
                "complaints_count_30d": counts[:, 1],
                "days_since_last_share": np.where(unknown, np.nan, counts[:, 2]),
            }
        )
        for column in range(noise_columns):
            frame[f"noise_{column}"] = random.lognormal(size=customers).astype(np.float32)
        frames.append(frame)
        outcome = (random.random(customers) < truth).astype(int)
        labels.append(frame[["customer_id", "as_of_date"]].assign(label=outcome))
        truths.append(truth)
    features = pd.concat(frames, ignore_index=True)
    return World(
        features,
        pd.concat(labels, ignore_index=True),
        np.concatenate(truths),
        [c for c in features.columns if c not in ("customer_id", "as_of_date")],
    )
