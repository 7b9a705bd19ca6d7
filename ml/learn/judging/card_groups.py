"""The parts of a model's card that look at groups: is anybody treated otherwise, and where is it weak."""

from collections.abc import Hashable, Mapping
from math import isnan
from typing import Any

import pandas as pd

from ml.learn.judging.fairness import (
    CHOSEN_SHARE,
    LEAST_CUSTOMERS,
    NOT_KNOWN,
    TRAITS,
    fairness_table,
)
from ml.learn.judging.markdown import cell, percent, table
from ml.learn.judging.resampling import LEVEL

FOUR_FIFTHS = 0.8
"""Chosen less often than this share of the most chosen group is worth a look (US Uniform Guidelines on Employee
Selection Procedures, 1978; a rule of thumb, made for hiring)."""

WORDS = {"gender": "gender", "age_band": "age", "experience": "orders so far"}


def fairness_section(oof: pd.DataFrame, groups: pd.DataFrame, seed: int) -> str:
    """The section on groups of people; says so where nothing is known of them."""
    title = "## Are groups treated alike?"
    if groups.empty or oof.empty:
        return f"{title}\n\nNot known: the data name neither gender nor year of birth, or nothing could be judged."
    found = fairness_table(oof, groups, seed)
    overall = float((oof["served"] - oof["label"]).mean())
    lines = [
        [
            WORDS.get(row["trait"], row["trait"]),
            str(row["group"]),
            f"{row['customers']:,.0f}",
            _with_ends(row, "real_rate"),
            _with_ends(row, "chosen_share"),
            _with_ends(row, "auc", ".2f"),
            _with_ends(row, "too_high", "+.1%"),
        ]
        for row in found.to_dict("records")
    ]
    header = ["", "group", "customers", "did it", "chosen", "AUC", "predicted too high by"]
    return "\n\n".join(
        [
            title,
            f"The model reads neither gender nor age. Chosen: in the most likely {percent(CHOSEN_SHARE, 0)} of their "
            f"day. In brackets the {percent(LEVEL, 0)} interval; groups of fewer than {LEAST_CUSTOMERS} customers have "
            "no figures. Groups may really differ, so look at who did it beside who was chosen.",
            table(header, lines),
            _worth_a_look(found, overall),
        ]
    )


def slices_section(reliability: pd.DataFrame) -> str:
    """The section on slices of customers, from ``TrainingResult.reliability``; empty where none was judged."""
    if reliability.empty:
        return ""
    slices = reliability.drop_duplicates(["slice_kind", "slice"])
    lines = [
        [
            WORDS.get(str(row["slice_kind"]), str(row["slice_kind"])),
            str(row["slice"]),
            f"{row['slice_rows']:,}",
            cell(float(row["ece"]), ".3f"),
            cell(float(row["chance_limit"]), ".3f"),
            "no" if row["badly_calibrated"] else "yes",
        ]
        for row in slices.to_dict("records")
    ]
    header = [
        "slice by",
        "slice",
        "rows",
        "calibration error",
        "up to this by chance",
        "well calibrated",
    ]
    return f"## Where it can be trusted\n\n{table(header, lines)}"


def _with_ends(row: Mapping[Hashable, Any], name: str, how: str = ".1%") -> str:
    value, lower, upper = (float(row[f"{name}{end}"]) for end in ("", "_lower", "_upper"))
    if isnan(value):
        return "–"
    return f"{value:{how}} ({lower:{how}} to {upper:{how}})".replace("%", " %")


def _worth_a_look(found: pd.DataFrame, overall: float) -> str:
    """Name the groups that are chosen far less often, or predicted too high or too low, than everybody is."""
    said = []
    for trait in TRAITS:
        groups = found[(found["trait"] == trait) & (found["group"] != NOT_KNOWN)]
        groups = groups[groups["chosen_share"].notna()]
        most = groups["chosen_share"].max()
        for row in groups.to_dict("records"):
            name = f"{WORDS[trait]} {row['group']}"
            if row["chosen_share_upper"] < FOUR_FIFTHS * most:
                said.append(
                    f"{name} is chosen less than four fifths as often as the most chosen group"
                )
            if row["too_high_lower"] > overall or row["too_high_upper"] < overall:
                side = "high" if row["too_high"] > overall else "low"
                said.append(f"{name} is predicted too {side} beside everybody")
    if not said:
        return "No group stands out beyond chance."
    return f"**Worth a look:** {'; '.join(said)}."
