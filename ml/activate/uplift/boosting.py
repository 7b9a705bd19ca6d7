"""Boosted trees (LightGBM) for effects: rates of a group of contacts, and pseudo-effects of single ones.

Another room than the trees that serve scores: here columns are binned once and every fold, arm and second stage
grows on a part of the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import lightgbm as lgb  # noqa: TID251 - a room of learning, as ml/learn/models/trees.py is
import numpy as np
from numpy.typing import NDArray

from ml.learn.models.linear import Floats
from ml.learn.models.trees import canonical_text

Objective = Literal["binary", "regression"]
Rows = NDArray[np.intp]

SHARED: dict[str, Any] = {
    "max_bin": 63,
    "bin_construct_sample_cnt": 50_000,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
RATE: dict[str, Any] = {
    "learning_rate": 0.1,
    "num_leaves": 8,
    "feature_fraction": 0.3,
    "lambda_l2": 20.0,
}
EFFECT: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 4,
    "feature_fraction": 0.3,
    "lambda_l2": 50.0,
}
"""Single effects are nearly all noise: few leaves, small steps."""

LEAF_ROWS = {"binary": 50, "regression": 500}
LEAF_SHARE = {"binary": 0.002, "regression": 0.02}
ROUNDS = {"binary": 80, "regression": 60}


@dataclass(frozen=True)
class Grown:
    """Trees as LightGBM's text; predicts a rate for "binary", the pseudo-effect for "regression"."""

    text: str

    def predict(self, values: NDArray[Any]) -> Floats:
        """Give one number per row of values (rows, columns)."""
        return np.asarray(self._booster.predict(finite(values)), dtype=np.float64)

    @cached_property
    def _booster(self) -> lgb.Booster:
        return lgb.Booster(model_str=self.text)


class Ground:
    """Rows whose columns are binned once, to grow many small models on parts of them."""

    def __init__(self, values: NDArray[Any], seed: int, threads: int) -> None:
        self._fixed = SHARED | {"seed": seed, "num_threads": threads}
        self.values = finite(values)
        self._data = lgb.Dataset(self.values, params=self._fixed, free_raw_data=False).construct()

    @classmethod
    def of(cls, values: NDArray[Any], seed: int, threads: int) -> Self:
        """Bin the columns of values (rows, columns)."""
        return cls(values, seed, threads)

    def grow(
        self, rows: Rows, aim: Floats, objective: Objective, weights: Floats | None = None
    ) -> Grown:
        """Grow trees for aim (len(rows),) on these rows, in rising order of their place."""
        shape = RATE if objective == "binary" else EFFECT
        least = max(LEAF_ROWS[objective], round(LEAF_SHARE[objective] * len(rows)))
        parameters = self._fixed | shape | {"objective": objective, "min_data_in_leaf": least}
        part = self._data.subset(rows.tolist(), params=parameters)
        part.construct()
        part.set_label(aim)
        if weights is not None:
            part.set_weight(weights)
        booster = lgb.Booster(params=parameters, train_set=part)
        for _ in range(ROUNDS[objective]):
            booster.update()
        return Grown(canonical_text(booster))

    def predicted(self, grown: Grown, rows: Rows) -> Floats:
        """What grown trees say of some of these rows."""
        return grown.predict(self.values[rows])


def finite(values: NDArray[Any]) -> NDArray[np.float32]:
    """Give 32-bit floats with infinite values as missing."""
    narrow = np.asarray(values, dtype=np.float32)
    return np.where(np.isinf(narrow), np.float32(np.nan), narrow)
