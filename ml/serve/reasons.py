"""Three reasons for a score, in plain words.

A model says what each feature adds to the log-odds of one customer. The features that add most in the
direction of the score are told, one per topic, with the customer's own value. How a feature is told is
the seed `reason_phrases.csv`: the first pattern that matches a feature's name gives its topic and words.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from ml.home import SEEDS

REASONS = 3
ONE_OF_MANY = re.compile(
    r"(?<![\d.,])1 ((?:\w+ )?)(order|day|share|item|search|visit|view|line|interaction"
    r"|product|kind|cart|review|complaint|record|source|service request)(?:(?<=ch)es|s)\b"
)


@dataclass(frozen=True)
class Phrase:
    """How one feature is told: its topic, and words for a value, for zero, and for no value."""

    topic: str
    words: str
    words_when_zero: str
    words_when_unknown: str

    def tell(self, value: float) -> str:
        """Put a customer's value into words."""
        if np.isnan(value) or value == 0:
            told = self.words_when_unknown if np.isnan(value) else self.words_when_zero
            return ONE_OF_MANY.sub(r"1 \1\2", told)
        percent = "less than 1 %" if 0 < value < 0.005 else f"{value:.0%}".replace("%", " %")
        due = f"due in {_plain(value)} days" if value > 0 else f"{_plain(-value)} days overdue"
        told = self.words
        for place, words in {"value": _plain(value), "percent": percent, "due": due}.items():
            told = told.replace("{" + place + "}", words)
        return ONE_OF_MANY.sub(r"1 \1\2", told)


@cache
def phrase_for(feature: str) -> Phrase:
    """The phrase of a feature, from the first pattern of the seed that matches its whole name."""
    for pattern, topic, *texts in _phrase_rows():
        if found := re.fullmatch(pattern.strip("^$"), feature):
            names = {key: value.replace("_", " ") for key, value in found.groupdict().items()}
            names["feature_words"] = _words_of(feature)
            filled = [_fill(text, names) for text in (topic, *texts)]
            return Phrase(*filled)
    raise LookupError(f"no phrase matches the feature {feature}")


def top_reasons(
    contributions: pd.DataFrame, values: pd.DataFrame, is_likely: np.ndarray, tellable: list[str]
) -> pd.DataFrame:
    """Give reason_1 to reason_3 of each row.

    Args:
        contributions: rows × features, what each feature adds to the log-odds; a column `bias` is ignored.
        values: the customers' features, same rows.
        is_likely: per row, whether the score is above the usual: then what raises it is told first,
            otherwise what lowers it.
        tellable: the features that differ between customers; what is the same for all is nobody's reason.
            Those of them that say how long ago or how many in all are told, too, when the model
            itself uses fewer than three topics.

    Returns:
        DataFrame with the columns reason_1, reason_2, reason_3, same rows.
    """
    names = [name for name in contributions.columns if name in tellable]
    spare = [
        name for name in tellable if name.startswith("days_since_") or name.endswith("_count_all")
    ]
    weight = contributions[names].to_numpy()
    weight = np.where(is_likely[:, None], weight, -weight)
    topics = np.array([phrase_for(name).topic for name in names])
    order = np.argsort(-weight, axis=1, kind="stable")
    table = values[names].to_numpy(dtype=float)
    spare_values = values[spare].to_numpy(dtype=float)
    rows = [
        _pick(names, topics, order[row], weight[row], table[row], spare, spare_values[row])
        for row in range(len(values))
    ]
    columns = [f"reason_{number}" for number in range(1, REASONS + 1)]
    return pd.DataFrame(rows, columns=columns, index=values.index)


def _pick(
    names: list[str],
    topics: np.ndarray,
    order: np.ndarray,
    weight: np.ndarray,
    values: np.ndarray,
    spare: list[str],
    spare_values: np.ndarray,
) -> list[str]:
    told: list[str] = []
    used: set[str] = set()
    for index in order:
        if weight[index] <= 0 or len(told) == REASONS:
            break
        if topics[index] not in used:
            used.add(topics[index])
            # Two topics may have one thing to say of a newcomer: no order yet.
            if (text := phrase_for(names[index]).tell(values[index])) not in told:
                told.append(text)
    for name, value in zip(spare, spare_values, strict=True):
        phrase = phrase_for(name)
        if (
            len(told) < REASONS
            and phrase.topic not in used
            and (text := phrase.tell(value)) not in told
        ):
            used.add(phrase.topic)
            told.append(text)
    return told + ["no further reason"] * (REASONS - len(told))


def _plain(value: float) -> str:
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
