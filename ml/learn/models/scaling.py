"""Columns made fit for a linear model: their logarithms, outer values drawn in, missing values marked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OUTER_SHARE = 0.001
"""Share of rows at each end of a column that is drawn in: one inviter may make a seventh of all."""

BLOCK_ROWS = 2048
"""Rows worked on at a time: intermediate figures of more would leave the processor's cache."""


def signed_log(values: NDArray[Any]) -> Floats:
    """Give ``sign(x) * log(1 + |x|)`` as 64-bit floats; infinite becomes missing (NaN)."""
    raw = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(raw), np.sign(raw) * np.log1p(np.abs(raw)), np.nan)


def blocks(count: int) -> Iterator[slice]:
    """Give the parts of so many rows that are worked on one after the other."""
    return (slice(first, first + BLOCK_ROWS) for first in range(0, count, BLOCK_ROWS))


@dataclass(frozen=True)
class Scaler:
    """Makes columns fit for a linear model: signed log, outer values drawn in, standardised.

    A missing value takes the column's mean and raises the column's missing indicator. All arrays
    have shape (features,); ``scale`` is 0 for a column without variation, which is left out.
    """

    low: Floats
    high: Floats
    mean: Floats
    scale: Floats
    has_missing: NDArray[np.bool_]

    @classmethod
    def fit(cls, values: NDArray[Any]) -> Self:
        """Learn the borders from ``values``, shape (rows, features), NaN = missing."""
        figures = np.zeros((4, values.shape[1]))
        has_missing = np.zeros(values.shape[1], dtype=bool)
        figures[1] = 1.0
        for column in range(values.shape[1]):
            known = signed_log(np.sort(values[np.isfinite(values[:, column]), column]))
            has_missing[column] = 0 < len(known) < len(values)
            if len(known):
                cut = int(len(known) * OUTER_SHARE)
                low, high = known[cut], known[len(known) - 1 - cut]
                inner = np.clip(known, low, high)
                deviation = inner.std()
                scale = deviation if deviation > 1e-9 else 0.0
                figures[:, column] = low, high, inner.mean(), scale
        low_, high_, mean_, scale_ = figures
        return cls(low_, high_, mean_, scale_, has_missing)

    def transform(self, values: NDArray[Any]) -> tuple[Floats, Floats]:
        """Give the standardised columns and the missing indicators, both (rows, features)."""
        logs = signed_log(values)
        missing = np.isnan(logs)
        safe_scale = np.where(self.scale > 0, self.scale, 1.0)
        standard = (np.clip(logs, self.low, self.high) - self.mean) / safe_scale
        standard[missing] = 0.0
        standard *= self.scale > 0
        return standard, (missing & self.has_missing).astype(np.float64)

    def design(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Give the columns and indicators that vary, side by side in 32 bits, (rows, ``used``)."""
        used = self.used
        table = np.empty((len(values), int(used.sum())), dtype=np.float32)
        for rows in blocks(len(values)):
            table[rows] = np.hstack(self.transform(values[rows]))[:, used]
        return table

    @property
    def used(self) -> NDArray[np.bool_]:
        """Tell which columns, and behind them which indicators, say anything; shape (2 * features,)."""
        return np.concatenate([self.scale > 0, self.has_missing])

    def to_dict(self) -> dict[str, Any]:
        """Give the plain numbers, for JSON."""
        return {name: getattr(self, name).tolist() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Take back what ``to_dict`` gave."""
        floats = {
            k: np.asarray(plain[k], dtype=np.float64) for k in ("low", "high", "mean", "scale")
        }
        return cls(**floats, has_missing=np.asarray(plain["has_missing"], dtype=bool))
