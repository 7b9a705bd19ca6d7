"""Pictures of the relationship: who stands where, who rises and falls, who comes back, what few people bring."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

# From far to close; light to dark, so that the picture reads without colours too.
_LEVEL_COLOURS = {
    "none": "#e8e8e8",
    "micro": "#c6dbef",
    "weak": "#6baed6",
    "strong": "#2171b5",
    "super": "#08306b",
}


def standing_plot(funnel: pd.DataFrame) -> Figure:
    """Customers at each level, week by week. `funnel` has as_of_date, level and customers."""
    counts = funnel.pivot(index="as_of_date", columns="level", values="customers")
    levels = [level for level in _LEVEL_COLOURS if level in counts]
    figure, axes = _panel("How many customers stand at each level")
    axes.stackplot(
        pd.to_datetime(counts.index),
        [counts[level] for level in levels],
        labels=levels,
        colors=[_LEVEL_COLOURS[level] for level in levels],
    )
    _legend_beside(axes)
    axes.set(ylabel="customers")
    axes.tick_params(axis="x", rotation=30)
    return figure


def movement_plot(funnel: pd.DataFrame) -> Figure:
    """Risen upwards, fallen downwards, week by week, all levels together. `funnel` has as_of_date, risen and fallen."""
    moved = funnel.groupby("as_of_date")[["risen", "fallen"]].sum()
    figure, axes = _panel("How many rise and fall each week")
    days = pd.to_datetime(moved.index)
    axes.bar(days, moved["risen"], width=6, color=_LEVEL_COLOURS["strong"], label="risen")
    axes.bar(days, -moved["fallen"], width=6, color="#cb6d51", label="fallen")
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.legend(frameon=False)
    axes.set(ylabel="customers a week")
    axes.tick_params(axis="x", rotation=30)
    return figure


def open_bottom_plot(funnel: pd.DataFrame) -> Figure:
    """People brought each month by the level of who brought them. `funnel` has as_of_date, level and brought."""
    months = pd.to_datetime(funnel["as_of_date"]).dt.to_period("M").dt.to_timestamp()
    brought = funnel.assign(month=months).pivot_table(
        index="month", columns="level", values="brought", aggfunc="sum"
    )
    figure, axes = _panel("Who brings new people, month by month")
    bottom = pd.Series(0.0, index=brought.index)
    for level, colour in _LEVEL_COLOURS.items():
        if level in brought:
            axes.bar(
                brought.index, brought[level], width=24, bottom=bottom, color=colour, label=level
            )
            bottom += brought[level]
    _legend_beside(axes)
    axes.set(ylabel="people brought")
    axes.tick_params(axis="x", rotation=30)
    return figure


def cohort_plot(cohorts: pd.DataFrame) -> Figure:
    """Share of each month's new buyers who order again, by months since; whole months only.

    `cohorts` has cohort_month, months_since, customers, active_customers and is_complete.
    """
    whole = cohorts[cohorts["is_complete"] & (cohorts["months_since"] > 0)]
    share = (whole["active_customers"] / whole["customers"]).rename("share")
    table = whole.assign(share=share).pivot(
        index="cohort_month", columns="months_since", values="share"
    )
    figure, axes = _panel("How many of a month's new buyers order, so many months later")
    if table.empty:
        axes.text(0.5, 0.5, "no whole month has passed since a first order", ha="center")
        axes.axis("off")
        return figure
    image = axes.imshow(table.to_numpy(dtype=float), aspect="auto", cmap="Blues", vmin=0)
    axes.set(
        xlabel="months since the first order",
        ylabel="month of the first order",
        yticks=range(0, len(table), 3),
        yticklabels=[pd.Timestamp(day).strftime("%Y-%m") for day in table.index[::3]],
        xticks=range(0, table.shape[1], 3),
        xticklabels=[str(number) for number in table.columns[::3]],
    )
    figure.colorbar(image, format=PercentFormatter(1, decimals=0))
    return figure


def concentration_plot(concentration: pd.DataFrame) -> Figure:
    """Share of all money that the best few bring. `concentration` has value_kind, top_share and share_of_all."""
    figure, axes = _panel("How much the best few bring")
    for kind, rows in concentration.groupby("value_kind", sort=True):
        ordered = rows.sort_values("top_share")
        axes.plot(
            [0, *ordered["top_share"], 1],
            [0, *ordered["share_of_all"], 1],
            marker="o",
            markersize=4,
            label=str(kind).replace("_", " "),
        )
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.legend(frameon=False, loc="lower right")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set(xlabel="of the people, best first", ylabel="of all money")
    return figure


def _legend_beside(axes: Axes) -> None:
    """The levels in the order in which they stand on each other, beside the picture: it is full to the edges."""
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, reverse=True)


def _panel(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    return figure, axes
