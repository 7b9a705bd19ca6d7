"""Pictures of an effect model: what treating the best first brings, and what each tenth was worth."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ml.activate.uplift.bundle import EffectModel
from ml.activate.uplift.outcomes import OUTCOMES

_BLUE, _GREY = "#2171b5", "0.6"


def qini_plot(model: EffectModel) -> Figure:
    """The gain curve with its 95 % band, beside treating at random."""
    curve = pd.DataFrame(model.curve)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(
        curve["share"], 1000 * curve["low"], 1000 * curve["high"], color=_BLUE, alpha=0.2
    )
    axes.plot(curve["share"], 1000 * curve["gain"], color=_BLUE, label="best ranked first")
    ends = 1000 * curve["gain"].iloc[[0, -1]]
    axes.plot([0, 1], ends, color=_GREY, linestyle="--", label="at random")
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set(xlabel="share of people written to", ylabel=f"{_gained(model)} per 1,000 people")
    axes.set_title(f"{model.channel}, {model.outcome}", loc="left")
    axes.legend(frameon=False)
    return figure


def decile_plot(model: EffectModel) -> Figure:
    """Predicted and measured effect in each tenth of the ranking, with 95 % intervals."""
    table = pd.DataFrame([row for row in model.quality if row["measure"] == "effect_in_decile"])
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    ends = [100 * (table["value"] - table["low"]), 100 * (table["high"] - table["value"])]
    axes.errorbar(
        table["decile"],
        100 * table["value"],
        yerr=ends,
        fmt="o",
        color=_BLUE,
        capsize=3,
        label="measured",
    )
    axes.plot(table["decile"], 100 * table["predicted"], color=_GREY, marker="_", label="predicted")
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.set(xlabel="tenth of the ranking (1 = most to gain)", ylabel="percentage points")
    axes.set_title(f"{model.channel}, {model.outcome}: the effect of a message", loc="left")
    axes.legend(frameon=False)
    return figure


def _gained(model: EffectModel) -> str:
    words = next(outcome.words for outcome in OUTCOMES if outcome.name == model.outcome)
    return f"{'more' if model.sign > 0 else 'fewer'} {words}"
