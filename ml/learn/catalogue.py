"""The catalogue of features: how each is told in words, and which way it is known to work.

It is the seed `feature_catalogue.csv`, from which the SQL makes the features as well. A row whose name
holds `{days}` stands for one feature per window.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ml.data.seeds import seed_rows

_SIGNS = {"+": 1, "-": -1}


@dataclass(frozen=True)
class Entry:
    """What the catalogue says of one feature; `usual` names the feature that tells what is usual for a customer."""

    feature: str
    family: str
    topic: str
    words: str
    words_when_zero: str
    words_when_unknown: str
    usual: str
    more_buying: int
    more_sharing: int


@dataclass(frozen=True)
class Family:
    """A family of features, what it needs to be there, and whether it is wanted."""

    name: str
    needs: frozenset[str]
    is_switched_on: bool
    about: str


@cache
def families() -> dict[str, Family]:
    """The families of the seed `feature_families.csv`, by name, in its order."""
    return {
        row["family"]: Family(
            row["family"],
            frozenset(filter(None, row["needs"].split("|"))),
            row["switched_on"].lower() == "true",
            row["about"],
        )
        for row in seed_rows("feature_families")
    }


@cache
def entry_of(feature: str) -> Entry | None:
    """What the catalogue says of a feature, its window filled in; None where it has no row."""
    for pattern, row in _patterns():
        if found := pattern.fullmatch(feature):
            days = found.groupdict().get("days", "")
            text = {name: value.replace("{days}", days) for name, value in row.items()}
            return Entry(
                feature,
                text["family"],
                text["topic"],
                text["words"],
                text["words_when_zero"],
                text["words_when_unknown"],
                text["usual"],
                _SIGNS.get(text["more_buying"], 0),
                _SIGNS.get(text["more_sharing"], 0),
            )
    return None


def direction_of(feature: str, target: str) -> int:
    """Which way a feature is known to move the probability of a target: 1, -1, or 0 where nothing is known.

    Leaving is the opposite of buying. A feature or a target that the catalogue does not know gives 0.
    """
    entry = entry_of(feature)
    if entry is None:
        return 0
    directions = {
        "next_purchase": entry.more_buying,
        "churn": -entry.more_buying,
        "share": entry.more_sharing,
    }
    return directions.get(target, 0)


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, str]]]:
    """Rows with the names they match; what has no window goes before what has one."""
    rows = sorted(seed_rows("feature_catalogue"), key=lambda row: "{days}" in row["feature"])
    return [
        (re.compile(re.escape(row["feature"]).replace(r"\{days\}", r"(?P<days>\d+)", 1)), row)
        for row in rows
    ]
