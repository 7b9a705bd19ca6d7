"""Trees under way, judged while they grow, on bins that several of them share."""

from dataclasses import replace
from typing import Any

import lightgbm as lgb  # noqa: TID251 - a room of learning, as ml/learn/models/trees.py is
import numpy as np
from numpy.typing import NDArray

from ml.learn.models.linear import Floats
from ml.learn.models.trees import (
    DEFAULTS,
    TreeRows,
    TreeSettings,
    bin_parameters,
    dataset_of,
    finite,
    leaf_rows_of,
)


class BinnedRows:
    """Rows to fit on and rows to judge, cut into bins once for all trees that are grown on them.

    ``judged`` has shape (judged rows, features). Offsets of ``rows`` do not matter: they are those of
    the trees. Which columns can be cut at all depends on ``customers_per_leaf``, so the trees must keep it.
    """

    def __init__(
        self,
        rows: TreeRows,
        judged: NDArray[Any],
        seed: int,
        threads: int,
        customers_per_leaf: int,
    ) -> None:
        leaf_rows = leaf_rows_of(customers_per_leaf, rows.rows_per_customer)
        parameters = bin_parameters(leaf_rows, seed, threads)
        self.columns = rows.values.shape[1]
        self.rows_per_customer = rows.rows_per_customer
        self._fit = dataset_of(replace(rows, offset=None), parameters).construct()
        # LightGBM keeps a validation set's scores current; predicting anew took ten times as long.
        self._judged = self._fit.create_valid(
            finite(judged), label=np.zeros(len(judged)), params=parameters
        ).construct()

    def booster(
        self, parameters: dict[str, Any], offset: Floats | None, judged_offset: Floats | None
    ) -> lgb.Booster:
        """Give a model without trees that watches the judged rows; it must be grown before the next is asked for."""
        self._fit.set_field("init_score", offset)
        self._judged.set_field("init_score", judged_offset)
        booster = lgb.Booster(params=parameters | {"metric": "None"}, train_set=self._fit)
        booster.add_valid(self._judged, "judged")
        return booster


class GrowingTrees:
    """Trees under way, with the log-odds they give to rows set aside for judging.

    ``offset`` and ``judged_offset`` are log-odds of the base on both sorts of rows, None without one.
    """

    def __init__(
        self,
        rows: BinnedRows,
        offset: Floats | None,
        judged_offset: Floats | None,
        seed: int,
        threads: int,
        settings: TreeSettings = DEFAULTS,
    ) -> None:
        is_alone = offset is None
        parameters = settings.of(rows.columns, rows.rows_per_customer, is_alone, seed, threads)
        self._booster = rows.booster(parameters, offset, judged_offset)

    def grow(self, rounds: int) -> Floats:
        """Grow ``rounds`` more trees and give the judged rows' log-odds, shape (judged rows,)."""
        for _ in range(rounds):
            self._booster.update()
        seen: list[Floats] = []

        def keep(probability: Floats, _: lgb.Dataset) -> tuple[str, float, bool]:
            seen.append(np.clip(probability, 1e-15, 1.0 - 1e-15))
            return "seen", 0.0, False

        self._booster.eval_valid(feval=keep)
        return np.asarray(np.log(seen[0]) - np.log1p(-seen[0]))
