"""What is usual: for the customer, where the catalogue names a feature that says so, or for most of those scored."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.serve.phrases import Phrase, plain

TIME_SINCE = "days_since_"
_COUNTED = re.compile(r"_(count|amount)(_|$)")


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

    "last order 41 days ago; usually every 12 days" where the customer's own usual value is known, else what most
    have: "2 complaints in the last 90 days; most: 0".
    """
    if "{usual}" in phrase.words and not np.isnan(own):
        return phrase.tell(value, np.nan if plain(own) == plain(value) else own)
    told = phrase.tell(value)
    most = _figure(phrase, name, typical)
    if np.isnan(value) or most is None or most == _figure(phrase, name, value):
        return told
    if value == 0 and not _COUNTED.search(
        name
    ):  # "no order lately" is told of a ratio without its figure
        return told
    return f"{told}; most: {most}"


def _figure(phrase: Phrase, name: str, value: float) -> str | None:
    """The bare figure of a value, in the unit in which the phrase tells it; None where it has none."""
    if np.isnan(value):
        return "never" if name.startswith(TIME_SINCE) else None
    if "{percent}" in phrase.words:
        return f"{value:.0%}".replace("%", " %")
    return plain(value) if "{value}" in phrase.words else None
