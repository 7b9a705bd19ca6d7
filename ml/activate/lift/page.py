"""The page on what lists and campaigns brought: a forest of intervals, and the numbers. It shows no person."""

from __future__ import annotations

from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ml.activate.lift.readings import READ
from ml.activate.uplift.page import STYLE, WIDTH
from ml.serve.pages import svg_of, write_page

_INTRODUCTION = """<p>Each line compares people who were to be written to with people held out by a coin or a hash,
whoever got the message in the end (intention to treat). A line right of the middle brought orders. A hollow point is
not proved: with so many readings at once, one in twenty would look like a success by luck, so a reading is called
proved only where at most 5 % of all that are called so are false. The grey bar is the smallest difference that such
groups would have shown four times in five: a reading within it says little, and never that nothing happened.</p>"""

_COLUMNS = {
    "name": "what",
    "quarter": "quarter",
    "status": "status",
    "readable_on": "readable from",
    "people_treated": "written to",
    "people_holdout": "held out",
    "difference": "points",
    "difference_low": "from",
    "difference_high": "to",
    "smallest_visible": "smallest visible",
    "money_difference": "money per person",
    "reason_code": "reason",
}
_BLUE = "#2171b5"
_POINTS = {"difference", "difference_low", "difference_high", "smallest_visible"}


def forest_plot(table: pd.DataFrame) -> Figure:
    """Difference of buying rates with its interval, one line per reading."""
    rows = table.reset_index(drop=True)
    figure = Figure(figsize=(8, 1.2 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows.to_dict("records")):
        seen = 100 * row["smallest_visible"]
        axes.barh(place, 2 * seen, left=-seen, height=0.5, color="0.9")
        ends = [100 * row["difference_low"], 100 * row["difference_high"]]
        axes.plot(ends, [place, place], color=_BLUE)
        filled = _BLUE if row["is_proved"] else "white"
        axes.plot(100 * row["difference"], place, "o", color=_BLUE, markerfacecolor=filled)
    axes.axvline(0, color="0.3", linewidth=0.8)
    labels = [
        f"{name} {quarter}" for name, quarter in zip(rows["name"], rows["quarter"], strict=True)
    ]
    axes.set_yticks(range(len(rows)), labels)
    axes.invert_yaxis()
    axes.set(xlabel="percentage points more who bought")
    return figure


def write_lift_page(path: Path, table: pd.DataFrame, day: date) -> Path:
    """Write the page and give its place."""
    sections = []
    titles = {
        "audience": "Lists that Kith exported, by quarter",
        "campaigns": "Randomised campaigns, by quarter",
        "campaign": "Randomised campaigns, one by one",
    }
    for kind, title in titles.items():
        own = table[table["kind"] == kind]
        if own.empty:
            continue
        read = own[own["status"] == READ]
        picture = svg_of(forest_plot(read)) if len(read) else ""
        sections.append(f"<h2>{escape(title)}</h2>\n{picture}\n{_table(own)}")
    if not sections:
        sections.append(
            "<p>Nobody was chosen or held out by a coin yet, so nothing can be read.</p>"
        )
    title = f"What lists and campaigns brought, {day}"
    return write_page(path, title, _INTRODUCTION + "\n".join(sections), STYLE, WIDTH)


def _table(rows: pd.DataFrame) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in _COLUMNS.values())
    lines = [
        "<tr>" + "".join(f"<td>{_cell(column, row[column])}</td>" for column in _COLUMNS) + "</tr>"
        for row in rows.to_dict("records")
    ]
    return f"<table><tr>{head}</tr>\n" + "\n".join(lines) + "\n</table>"


def _cell(column: str, value: Any) -> str:
    if value is None or pd.isna(value):
        return "–"
    if isinstance(value, float) and column in _POINTS:
        return f"{100 * value:.2f}"
    return (
        f"{value:,.2f}"
        if isinstance(value, float) and not value.is_integer()
        else escape(f"{value}")
    )
