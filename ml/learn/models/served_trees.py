"""LightGBM's trees from their text, in whichever form answers sooner: its own, or tables."""

from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb  # noqa: TID251 - a room of learning, as ml/learn/models/trees.py is
import numpy as np
from numpy.typing import NDArray

from ml.learn.models.linear import Floats
from ml.learn.models.tree_tables import TreeTables

TABLES_FROM_ROWS = 30_000
"""Making tables takes as long as LightGBM takes to predict so many rows."""


@dataclass(frozen=True)
class ServedTrees:
    """What trees say of rows: values (rows, columns), NaN = missing, no infinite ones."""

    text: str

    def raw(self, values: NDArray[np.float32]) -> Floats:
        """Give the sum of the leaves, shape (rows,): the same bits from either form."""
        is_made = "_tables" in vars(self)
        tables = self._tables if is_made or len(values) >= TABLES_FROM_ROWS else None
        if tables is None:
            return np.asarray(self._booster.predict(values, raw_score=True), dtype=np.float64)
        return tables.raw(values)

    def terms(self, values: NDArray[np.float32]) -> Floats:
        """Give what each column adds, shape (rows, columns + 1), the bias last.

        From tables wherever there can be any, for few rows too: LightGBM's own terms take a hundred times longer
        than its sums and differ in the last bits, and equal rows should have equal terms in batches of any size.
        """
        if self._tables is None:
            return np.asarray(self._booster.predict(values, pred_contrib=True))
        return self._tables.terms(values)

    @cached_property
    def _booster(self) -> lgb.Booster:
        return lgb.Booster(model_str=self.text)

    @cached_property
    def _tables(self) -> TreeTables | None:
        try:
            return TreeTables.of(self.text)
        except ValueError:
            return None
