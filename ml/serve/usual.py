"""What is usual: for the customer, where the catalogue names a feature that says so, or for most of those scored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.serve.phrases import Phrase, plain

TIME_SINCE = "days_since_"


def typical_values(population: pd.DataFrame, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """The value in the middle of the population, per feature; NaN where most have no value.

    It is a value that somebody has (the lower of the two in the middle), so that what is told is never a half
    of something that comes in wholes.
    """
    typical = np.full(len(names), np.nan, dtype=np.float32)
    for number, name in enumerate(names):
        known = population[name].to_numpy(dtype=np.float32, na_value=np.nan)
        known = known[~np.isnan(known)]
        if len(known) and 2 * len(known) >= len(population):
            middle = (len(known) - 1) // 2
            typical[number] = np.partition(known, middle)[middle]
    return typical


def compared(phrase: Phrase, name: str, value: float, own: float, typical: float) -> str:
    """A value in words, and beside it what is usual where that says something more.

    "last visit 41 days ago; usually every 12" where the customer's own usual value is known, else what most
    have: "2 complaints in the last 90 days; most: 0".
    """
    told = phrase.tell(value)
    if np.isnan(value):
        return told
    is_own = bool(phrase.usual) and not np.isnan(own)
    usual = _figure(phrase, name, own if is_own else typical)
    if usual is None or usual == _figure(phrase, name, value):
        return told
    if not is_own:
        return f"{told}; most: {usual}"
    return f"{told}; usually {'every ' if name.startswith(TIME_SINCE) else ''}{usual}"


def _figure(phrase: Phrase, name: str, value: float) -> str | None:
    """The bare figure of a value, in the unit in which the phrase tells it; None where it has none."""
    if np.isnan(value):
        return "never" if name.startswith(TIME_SINCE) else None
    if "{percent}" in phrase.words:
        return f"{value:.0%}".replace("%", " %")
    return plain(value) if "{value}" in phrase.words else None
