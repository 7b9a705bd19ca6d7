"""What a feature says of a customer, in plain words.

The words stand in the catalogue of features (`feature_catalogue.csv`). A feature without an entry is told by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ml.learn.catalogue import entry_of

ONE_OF_MANY = re.compile(
    r"(?<![\d.,])1 ((?:\w+ )?)(order|day|share|item|search|visit|view|line|interaction"
    r"|product|kind|cart|review|complaint|record|source|service request|message|coupon|reading"
    r"|rating|friend|second|offer)(?:(?<=ch)es|s)\b"
)
NO_FAMILY = ""


@dataclass(frozen=True)
class Phrase:
    """How one feature is told: its topic, and words for a value, for zero, and for no value.

    `family` is the family it belongs to, `usual` the feature that says what is usual for the same customer
    (either may be empty). A part of `words` after a semicolon that holds `{usual}` is told where that is known.
    """

    topic: str
    words: str
    words_when_zero: str
    words_when_unknown: str
    family: str = NO_FAMILY
    usual: str = ""

    def tell(self, value: float, usual: float = float("nan")) -> str:
        """Put a customer's value into words, beside what is usual for that customer where it is known."""
        if np.isnan(value) or value == 0:
            told = self.words_when_unknown if np.isnan(value) else self.words_when_zero
            return _one_of_many(told)
        told = self.words
        if "{usual}" in told and (np.isnan(usual) or usual == 0):
            told = "; ".join(clause for clause in told.split("; ") if "{usual}" not in clause)
        # Only what is asked for is put into words: of a million customers, most differ.
        for place, words in PLACES.items():
            if place in told:
                told = told.replace(place, words(value, usual))
        return _one_of_many(told)


@cache
def phrase_for(feature: str) -> Phrase:
    """The phrase of a feature: what the catalogue says, or else its name in words."""
    entry = entry_of(feature)
    if entry is not None:
        return Phrase(
            entry.topic,
            entry.words,
            entry.words_when_zero,
            entry.words_when_unknown,
            entry.family,
            entry.usual,
        )
    name = _words_of(feature)
    return Phrase(name, f"{name} is {{value}}", f"{name} is 0", f"{name} is not known")


def _one_of_many(told: str) -> str:
    return ONE_OF_MANY.sub(r"1 \1\2", told) if "1 " in told else told


def plain(value: float) -> str:
    """A number as people say it: no more digits than matter."""
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def _percent(value: float) -> str:
    return "less than 1 %" if 0 < value < 0.005 else f"{value:.0%}".replace("%", " %")


def _due(value: float) -> str:
    return f"due in {plain(value)} days" if value > 0 else f"{plain(-value)} days overdue"


# What stands for what in `words`: of the value, and of what is usual for the customer.
PLACES: dict[str, Callable[[float, float], str]] = {
    "{value}": lambda value, usual: plain(value),
    "{percent}": lambda value, usual: _percent(value),
    "{due}": lambda value, usual: _due(value),
    "{usual}": lambda value, usual: plain(usual),
}


def _words_of(feature: str) -> str:
    words = re.sub(r"_(count|amount|days|ratio|all|\d+d)(?=_|$)", "", feature)
    return (words or feature).replace("_", " ").strip()
