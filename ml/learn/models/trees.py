"""Boosted trees (LightGBM), alone or on top of the logistic model's log-odds.

On top of the logistic model the trees need only learn what a line cannot say, which carries them
where customers are few. Alone they draw their thresholds at random (extremely randomised trees,
Geurts, Ernst and Wehenkel 2006), a strong brake on following one season's noise.
LightGBM repeats itself only with fixed seed, fixed order of rows and the parameters below.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from ml.learn.models.linear import Floats, RegularisedLogistic, sigmoid
from ml.learn.models.served_trees import ServedTrees

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "max_bin": 63,
    "bin_construct_sample_cnt": 50_000,
    "min_sum_hessian_in_leaf": 0.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class TreeSettings:
    """How trees grow; the defaults hold for every data set unless a search finds better ones.

    ``customers_per_leaf`` are the customers a leaf speaks for, at least (rows would mislead: cut-offs
    repeat a customer). ``extra_trees`` draws thresholds at random; None means alone, but not on a
    logistic model. ``monotone`` holds -1, 0 or +1 per column: the direction in which the log-odds may
    go as its value rises, 0 for either; columns beyond its end are free.
    """

    learning_rate: float = 0.12
    num_leaves: int = 8
    feature_fraction: float = 0.4
    lambda_l2: float = 20.0
    customers_per_leaf: int = 30
    extra_trees: bool | None = None
    monotone: tuple[int, ...] = ()

    def parameters(self, rows: "TreeRows", seed: int, threads: int) -> dict[str, Any]:
        """Give LightGBM's parameters for fitting on ``rows``."""
        columns = rows.values.shape[1]
        return self.of(columns, rows.rows_per_customer, rows.offset is None, seed, threads)

    def of(
        self, columns: int, rows_per_customer: float, is_alone: bool, seed: int, threads: int
    ) -> dict[str, Any]:
        """Give LightGBM's parameters for trees on so many columns, alone or on an offset."""
        leaf_rows = leaf_rows_of(self.customers_per_leaf, rows_per_customer)
        found = bin_parameters(leaf_rows, seed, threads) | {
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "feature_fraction": self.feature_fraction,
            "lambda_l2": self.lambda_l2,
            "extra_trees": is_alone if self.extra_trees is None else self.extra_trees,
        }
        bound = {"monotone_constraints": [*self.monotone, *[0] * (columns - len(self.monotone))]}
        return found | bound if any(self.monotone) else found


DEFAULTS = TreeSettings()
TREE_PARAMETERS = tuple(
    field.name for field in fields(TreeSettings) if field.name not in ("extra_trees", "monotone")
)
"""The numbers of TreeSettings, by the names under which a training takes them."""


def tree_settings(parameters: Mapping[str, float], monotone: tuple[int, ...]) -> TreeSettings:
    """Give settings with some numbers other than the defaults.

    Raises ValueError on names that are not in TREE_PARAMETERS, and where one that counts is not whole.
    """
    strange = [name for name in parameters if name not in TREE_PARAMETERS]
    if strange:
        raise ValueError(f"no parameter of the trees: {strange}; known: {list(TREE_PARAMETERS)}")
    chosen: dict[str, Any] = {}
    for name, value in parameters.items():
        counts = isinstance(getattr(DEFAULTS, name), int)
        if counts and not float(value).is_integer():
            raise ValueError(f"{name} is a whole number, found {value}")
        chosen[name] = int(value) if counts else float(value)
    return replace(DEFAULTS, **chosen, monotone=monotone)


@dataclass(frozen=True)
class TreeRows:
    """Rows to fit on: values (rows, features); outcome, weights and log-odds offset (rows,)."""

    values: NDArray[Any]
    outcome: Floats
    weights: Floats
    offset: Floats | None
    rows_per_customer: float


@dataclass(frozen=True)
class BoostedTrees:
    """A LightGBM model as its text, and the logistic model it stands on, if any."""

    text: str
    base: RegularisedLogistic | None

    @property
    def kind(self) -> str:
        """Name the sort of model."""
        return "trees" if self.base is None else "trees_on_logistic"

    @classmethod
    def fit(
        cls,
        rows: TreeRows,
        rounds: int,
        seed: int,
        threads: int,
        base: RegularisedLogistic | None = None,
        settings: TreeSettings = DEFAULTS,
    ) -> Self:
        """Fit ``rounds`` trees; ``rows.offset`` must be the log-odds of ``base`` on these rows."""
        parameters = settings.parameters(rows, seed, threads)
        booster = lgb.Booster(params=parameters, train_set=dataset_of(rows, parameters))
        for _ in range(rounds):
            booster.update()
        return cls(canonical_text(booster), base)

    def logit(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds of each row, shape (rows,)."""
        raw = self._served.raw(finite(values))
        return raw if self.base is None else raw + self.base.logit(values)

    def predict(self, values: NDArray[Any]) -> Floats:
        """Give the probability of each row, shape (rows,)."""
        return sigmoid(self.logit(values))

    def contributions(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds terms, shape (rows, features + 1), the bias last.

        Exact TreeSHAP (Lundberg, Erion and Lee 2018), plus the terms of the logistic base.
        """
        terms = self._served.terms(finite(values))
        return terms if self.base is None else terms + self.base.contributions(values)

    def to_parts(self) -> tuple[dict[str, Any], str | None]:
        """Give the plain numbers and the model text."""
        return {"base": None if self.base is None else self.base.to_parts()[0]}, self.text

    @classmethod
    def from_parts(cls, plain: dict[str, Any], text: str | None = None) -> Self:
        """Take back what ``to_parts`` gave. Raises ValueError without the model text."""
        if text is None:
            raise ValueError("a tree model consists of numbers and model text; the text is missing")
        base = plain["base"]
        return cls(text, None if base is None else RegularisedLogistic.from_parts(base))

    @cached_property
    def _served(self) -> ServedTrees:
        return ServedTrees(self.text)


def leaf_rows_of(customers_per_leaf: int, rows_per_customer: float) -> int:
    """Give the least rows of a leaf that speaks for so many customers."""
    return max(20, round(customers_per_leaf * rows_per_customer))


def bin_parameters(leaf_rows: int, seed: int, threads: int) -> dict[str, Any]:
    """Give what bins are cut by, which every model on the same bins must share."""
    return PARAMETERS | {"min_data_in_leaf": leaf_rows, "seed": seed, "num_threads": threads}


def dataset_of(rows: TreeRows, parameters: dict[str, Any]) -> lgb.Dataset:
    """Hand rows to LightGBM, which cuts them into bins when first used."""
    return lgb.Dataset(
        finite(rows.values),
        rows.outcome,
        weight=rows.weights,
        init_score=rows.offset,
        params=parameters,
    )


def canonical_text(booster: lgb.Booster) -> str:
    """Give the model text without its list of parameters, which tells threads and the like."""
    listed = re.compile(r"\nparameters:\n.*?end of parameters\n", re.DOTALL)
    return listed.sub("\n", booster.model_to_string())


def finite(values: NDArray[Any]) -> NDArray[np.float32]:
    """Give 32-bit floats with infinite values as missing, as the logistic model takes them."""
    narrow = np.asarray(values, dtype=np.float32)
    infinite = np.isinf(narrow)
    return np.where(infinite, np.float32(np.nan), narrow) if infinite.any() else narrow
