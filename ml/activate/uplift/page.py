"""The page on what messages do. It needs no server, shows figures of many people, and no person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path

from ml.activate.uplift.bundle import EffectModel
from ml.activate.uplift.card import REASONS, measure, per_thousand, points
from ml.activate.uplift.plots import decile_plot, qini_plot
from ml.serve.pages import svg_of, write_page

STYLE = "td, th { padding: .2rem .6rem; text-align: left; border-bottom: 1px solid #ddd; }"
WIDTH = 60

_INTRODUCTION = """<p>What a message changes, measured where a coin decided who got it. The gain curve shows what
treating the best-ranked first brings; the dashed line is treating at random, and the band holds 95 % of what other
people like these would have shown. The second picture sets what was predicted beside what was measured.</p>"""


def write_uplift_page(path: Path, models: Sequence[EffectModel], day: date) -> Path:
    """Write the page and give its place."""
    sections = "\n".join(_section(model) for model in models)
    if not models:
        sections = f"<p>{escape(REASONS['not_randomised'].capitalize())}.</p>"
    return write_page(path, f"What messages change, {day}", _INTRODUCTION + sections, STYLE, WIDTH)


def _section(model: EffectModel) -> str:
    window = f" within {model.horizon_days} days" if model.horizon_days else ""
    title = f"{model.channel}: {model.outcome}{window}"
    facts = [f"{REASONS[model.reason].capitalize()}."]
    if average := measure(model, "average_effect"):
        facts.append(f"Average effect: {points(average)}.")
    if smallest := measure(model, "smallest_visible_effect"):
        facts.append(
            f"The smallest average effect that would have been seen four times in five: "
            f"{100 * smallest['value']:.2f} points."
        )
    if found := measure(model, "qini"):
        facts.append(f"Qini: {per_thousand(found)}.")
    pictures = ""
    if model.curve:
        pictures = svg_of(qini_plot(model)) + svg_of(decile_plot(model))
    words = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    return f"<h2>{escape(title)}</h2>\n<ul>{words}</ul>\n{pictures}"
