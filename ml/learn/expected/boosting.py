"""Boosted trees (LightGBM) that improve on a simple answer: hazards on log-odds, values on a scale.

Another room than the trees that serve: other objectives, few rounds, and always on an offset, so that
without trees the simple answer remains.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import lightgbm as lgb  # noqa: TID251 - a room of learning, as ml/learn/models/trees.py is
import numpy as np
from numpy.typing import NDArray

from ml.learn.models.linear import Floats
from ml.learn.models.served_trees import ServedTrees
from ml.learn.models.trees import canonical_text

PARAMETERS: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 8,
    "max_bin": 63,
    "bin_construct_sample_cnt": 50_000,
    "feature_fraction": 0.5,
    "lambda_l2": 10.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
LEAST_LEAF_ROWS = 100
LEAST_LEAF_SHARE = 0.005
"""A leaf speaks for at least so many rows, and so large a share of them: cut-offs repeat a customer."""

Objective = Literal["binary", "tweedie"]


@dataclass(frozen=True)
class Boost:
    """What trees add on the scale of their link: log-odds for "binary", logarithms for "tweedie"."""

    text: str

    @classmethod
    def fit(
        cls,
        values: NDArray[Any],
        outcome: Floats,
        offset: Floats,
        objective: Objective,
        rounds: int,
        seed: int,
        threads: int,
    ) -> Self:
        """Grow ``rounds`` trees on values (rows, columns), from ``offset`` (rows,) on the link's scale."""
        parameters = PARAMETERS | {
            "objective": objective,
            "seed": seed,
            "num_threads": threads,
            "min_data_in_leaf": max(LEAST_LEAF_ROWS, round(LEAST_LEAF_SHARE * len(outcome))),
        }
        data = lgb.Dataset(_finite(values), outcome, init_score=offset, params=parameters)
        booster = lgb.Booster(params=parameters, train_set=data)
        for _ in range(rounds):
            booster.update()
        return cls(canonical_text(booster))

    def added(self, values: NDArray[Any]) -> Floats:
        """Give what the trees add to each row's offset, shape (rows,)."""
        return self._served.raw(_finite(values))

    @cached_property
    def _served(self) -> ServedTrees:
        return ServedTrees(self.text)


def _finite(values: NDArray[Any]) -> NDArray[np.float32]:
    narrow = np.asarray(values, dtype=np.float32)
    return np.where(np.isinf(narrow), np.float32(np.nan), narrow)
