"""The precision in which ratios are stored."""

from __future__ import annotations

import numpy as np


def nine_digits(values: np.ndarray) -> np.ndarray:
    """Round to nine significant digits, the precision in which ratios are stored."""
    with np.errstate(divide="ignore"):
        magnitude = np.where(values == 0, 0, np.floor(np.log10(np.abs(values))))
    factor = 10.0 ** (8 - magnitude)
    return np.asarray(np.round(values * factor) / factor)
