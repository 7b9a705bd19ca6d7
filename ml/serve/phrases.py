"""How a feature is told in words: the seed `reason_phrases.csv`, the first pattern that matches its name."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from ml.home import SEEDS

ONE_OF_MANY = re.compile(
    r"(?<![\d.,])1 ((?:\w+ )?)(order|day|share|item|search|visit|view|line|interaction"
    r"|product|kind|cart|review|complaint|record|source|service request)(?:(?<=ch)es|s)\b"
)


@dataclass(frozen=True)
class Phrase:
    """How one feature is told: words for a value, for zero, and for no value.

    ``family`` is the family of features it belongs to; ``usual`` names the feature that holds what is usual for
    the same customer, "" where there is none.
    """

    family: str
    words: str
    words_when_zero: str
    words_when_unknown: str
    usual: str = ""

    def tell(self, value: float) -> str:
        """Put a customer's value into words."""
        if np.isnan(value) or value == 0:
            told = self.words_when_unknown if np.isnan(value) else self.words_when_zero
            return ONE_OF_MANY.sub(r"1 \1\2", told)
        percent = "less than 1 %" if 0 < value < 0.005 else f"{value:.0%}".replace("%", " %")
        due = f"due in {plain(value)} days" if value > 0 else f"{plain(-value)} days overdue"
        told = self.words
        for place, words in {"value": plain(value), "percent": percent, "due": due}.items():
            told = told.replace("{" + place + "}", words)
        return ONE_OF_MANY.sub(r"1 \1\2", told)


@cache
def phrase_for(feature: str) -> Phrase:
    """The phrase of a feature, from the first pattern of the seed that matches its whole name."""
    for pattern, topic, *texts in _phrase_rows():
        if found := re.fullmatch(pattern.strip("^$"), feature):
            names = {key: value.replace("_", " ") for key, value in found.groupdict().items()}
            names["feature_words"] = _words_of(feature)
            return Phrase(*(_fill(text, names) for text in (topic, *texts)))
    raise LookupError(f"no phrase matches the feature {feature}")


def plain(value: float) -> str:
    """A number as people say it: no more digits than matter."""
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def _words_of(feature: str) -> str:
    words = re.sub(r"_(count|amount|days|ratio|all|\d+d)(?=_|$)", "", feature)
    return (words or feature).replace("_", " ").strip()


def _fill(text: str, names: dict[str, str]) -> str:
    for name, words in names.items():
        text = text.replace("{" + name + "}", words)
    return text


@cache
def _phrase_rows() -> list[list[str]]:
    with (SEEDS / "reason_phrases.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]
