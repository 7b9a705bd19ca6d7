"""The plan as a page: a paragraph, its totals, and one picture. It shows counts of people and sums, and no person."""

from __future__ import annotations

from datetime import date
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ml.serve.pages import svg_of, write_page

_BODY = """<p>{words}</p>
<figure>
{picture}
<figcaption>Everybody is counted once: by the offer they get, or by why they are left in peace.</figcaption>
</figure>
<h2>What the caps are worth</h2>
{caps}"""
_STYLE = """td, th { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }"""


def write_plan_page(path: Path, day: date, words: str, totals: pd.DataFrame) -> None:
    """Write the page whole or not at all."""
    body = _BODY.format(
        words=escape(words),
        picture=svg_of(_picture(totals)),
        caps=_caps(totals[totals["topic"] == "cap"]),
    )
    write_page(path, f"The plan for {day}", body, _STYLE)


def _picture(totals: pd.DataFrame) -> Figure:
    shown = totals[totals["topic"].isin(["offer", "peace"]) & (totals["number"] > 0)].iloc[::-1]
    figure = Figure(figsize=(8, 1 + 0.3 * max(len(shown), 1)), layout="constrained")
    axes = figure.subplots()
    labels = shown["item"].str.replace("_", " ")
    colours = ["#2171b5" if topic == "offer" else "#c8c8c8" for topic in shown["topic"]]
    bars = axes.barh(labels, shown["number"], color=colours)
    axes.bar_label(bars, [f"{number:,.0f}" for number in shown["number"]], padding=3)
    axes.set_title("Who gets what (blue), and who is left in peace (grey)", loc="left")
    axes.set(xlabel="customers")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    return figure


def _caps(caps: pd.DataFrame) -> str:
    if caps.empty:
        return "<p>No cap is set for the day.</p>"
    rows = "\n".join(
        f"<tr><td>{escape(str(cap.item))}</td><td class='number'>{cap.number:,.2f}</td>"
        f"<td class='number'>{cap.most:,.2f}</td><td class='number'>{cap.shadow_price:,.4f}</td></tr>"
        for cap in caps.itertuples()
    )
    return (
        "<table><tr><th>cap</th><th>used</th><th>most</th><th>one more would bring</th></tr>\n"
        f"{rows}\n</table>"
    )
