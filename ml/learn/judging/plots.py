"""Pictures of a model: is a predicted 30 % really 30 %, how much better than chance is the top, and since when."""

from __future__ import annotations

from collections.abc import Mapping

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


def compared_calibration_plot(tables: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Observed rate over mean prediction of several models, one line each.

    The tables have mean_prediction and observed_rate.
    """
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    tops = [
        table[["mean_prediction", "observed_rate"]].to_numpy().max() for table in tables.values()
    ]
    top = float(max(tops)) * 1.05 or 1.0
    axes.plot([0, top], [0, top], color="0.7", linewidth=1, label="perfect")
    for name, table in tables.items():
        axes.plot(table["mean_prediction"], table["observed_rate"], marker="o", label=name)
    axes.set(
        xlabel="mean predicted probability", ylabel="observed rate", xlim=(0, top), ylim=(0, top)
    )
    axes.set_title(title)
    axes.legend(frameon=False)
    return figure


def compared_lift_plot(tables: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Lift over the base rate per decile of several models, side by side. The tables have decile and lift."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(tables)
    for number, (name, table) in enumerate(tables.items()):
        axes.bar(
            table["decile"] + (number - (len(tables) - 1) / 2) * width,
            table["lift"],
            width,
            label=name,
        )
    axes.axhline(1, color="0.5", linewidth=1)
    axes.set(xlabel="decile (1 = most likely)", ylabel="times the base rate")
    axes.set_title(title)
    axes.legend(frameon=False)
    return figure


def gain_plot(table: pd.DataFrame, title: str) -> Figure:
    """What a variant saves at each cut-off, with its interval. `table` has as_of_date, gain, lower and upper."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    ends = [table["gain"] - table["lower"], table["upper"] - table["gain"]]
    axes.errorbar(pd.to_datetime(table["as_of_date"]), table["gain"], yerr=ends, fmt="o", capsize=3)
    axes.axhline(0, color="0.5", linewidth=1)
    axes.set(xlabel="cut-off", ylabel="log-loss saved (more is better)")
    axes.tick_params(axis="x", rotation=30)
    axes.set_title(title)
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


def backtest_plot(table: pd.DataFrame, title: str) -> Figure:
    """Log-loss and AUC at each cut-off, one line per contender.

    `table` has as_of_date, contender, log_loss and auc.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    for contender, rows in table.groupby("contender", sort=False):
        days = pd.to_datetime(rows["as_of_date"])
        for axes, measure in zip(panels, ("log_loss", "auc"), strict=True):
            axes.plot(days, rows[measure], marker="o", markersize=3, label=contender)
    panels[0].set(ylabel="log-loss (less is better)")
    panels[1].set(ylabel="AUC", xlabel="cut-off")
    panels[1].tick_params(axis="x", rotation=30)
    panels[0].legend(frameon=False)
    panels[0].set_title(title)
    return figure


def monitoring_plot(table: pd.DataFrame, title: str) -> Figure:
    """Predicted and observed rate, and AUC beside the simple rule's, per published day.

    `table` has as_of_date, mean_probability, base_rate, auc and rule_auc.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    days = pd.to_datetime(table["as_of_date"])
    for axes, lines in zip(
        panels,
        (
            (("mean_probability", "predicted"), ("base_rate", "happened")),
            (("auc", "served"), ("rule_auc", "best simple rule")),
        ),
        strict=True,
    ):
        for column, label in lines:
            axes.plot(days, table[column], marker="o", markersize=3, label=label)
        axes.legend(frameon=False)
    panels[0].set(ylabel="share of people", title=title)
    panels[1].set(ylabel="AUC", xlabel="published day")
    panels[1].tick_params(axis="x", rotation=30)
    return figure


def feature_plot(table: pd.DataFrame, title: str) -> Figure:
    """What a model leans on, the greatest on top. `table` has feature and contribution."""
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.barh(table["feature"][::-1], table["contribution"][::-1])
    axes.set(xlabel="mean absolute contribution to the log-odds")
    axes.set_title(title)
    return figure
