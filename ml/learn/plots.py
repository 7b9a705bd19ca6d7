"""Pictures of a model: is a predicted 30 % really 30 %, and how much better than chance is the top."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure


def calibration_plot(table: pd.DataFrame, title: str) -> Figure:
    """Observed rate over mean prediction, one point per bin, the size of a point its rows.

    `table` has mean_prediction, observed_rate and rows.
    """
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    top = float(max(table["mean_prediction"].max(), table["observed_rate"].max())) * 1.05 or 1.0
    axes.plot([0, top], [0, top], color="0.7", linewidth=1, label="perfect")
    axes.scatter(
        table["mean_prediction"],
        table["observed_rate"],
        s=30 + 120 * table["rows"] / table["rows"].max(),
    )
    axes.set(
        xlabel="mean predicted probability", ylabel="observed rate", xlim=(0, top), ylim=(0, top)
    )
    axes.set_title(title)
    axes.legend(frameon=False)
    return figure


def lift_plot(table: pd.DataFrame, title: str) -> Figure:
    """Lift over the base rate per decile, 1 the most likely. `table` has decile and lift."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.bar(table["decile"], table["lift"])
    axes.axhline(1, color="0.5", linewidth=1)
    axes.set(
        xlabel="decile (1 = most likely)",
        ylabel="times the base rate",
        xticks=list(table["decile"]),
    )
    axes.set_title(title)
    return figure
