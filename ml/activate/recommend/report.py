"""One page on what is offered: how good each method was, and why things are offered. It shows counts and no person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ml.activate.recommend.methods import Method
from ml.serve.pages import svg_of, write_page

_STYLE = "td, th { padding: .2rem .8rem .2rem 0; text-align: left; }"

READING = (
    "Each point is the share of people who, in the window, took at least one of the three things that the method "
    "would have offered them; only people who took anything are counted. The line holds nine in ten of the figures "
    "that other people like them would have given. Nothing was sent: that an offered thing is bought does not say "
    "that it is bought because of an offer."
)


def quality_plot(quality: pd.DataFrame, metric: str = "hit_rate_3") -> Figure:
    """A figure of every method with its interval, the chosen one filled. `quality` is the published table."""
    rows = quality.loc[quality["metric"] == metric].iloc[::-1]
    figure = Figure(figsize=(7, 0.4 * len(rows) + 1), layout="constrained")
    axes = figure.subplots()
    heights = np.arange(len(rows))
    axes.hlines(heights, rows["low"], rows["high"], color="0.6")
    filled = ["C0" if chosen else "white" for chosen in rows["chosen"]]
    axes.scatter(rows["value"], heights, c=filled, edgecolors="C0", zorder=2)
    axes.set_yticks(heights, rows["method"])
    axes.set(xlabel=metric.replace("_", " "), xlim=(0, None))
    return figure


def write_recommendation_page(
    path: Path,
    day: str,
    said: Sequence[str],
    quality: pd.DataFrame,
    methods: Sequence[Method],
    why: Mapping[str, int],
) -> None:
    """Write the page: what is said of the day, the picture, what the methods are, and the reasons counted."""
    body = [f"<p>{escape(line)}</p>" for line in said]
    if len(quality):
        body.append(f"<figure>{svg_of(quality_plot(quality))}")
        body.append(f"<figcaption>{READING}</figcaption></figure>")
        meanings = [(method.name, method.meaning) for method in methods]
        body.append(_table(("method", "what it offers"), meanings))
    if why:
        counted = [(reason, f"{count:,}") for reason, count in why.items()]
        body.append(_table(("why", "offers"), counted))
    write_page(path, f"What to offer as of {day}", "\n".join(body), _STYLE)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    for row in rows:
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"
