"""One page of pictures: who stands where, who moves, who brings, who comes back. It needs no server and no network.

It shows counts of many people and sums of money, and no person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import pandas as pd
from matplotlib.figure import Figure

from ml.data.warehouse import connect, frame
from ml.run import Run
from ml.serve.pages import svg_of, write_page
from ml.serve.relationship_plots import (
    cohort_plot,
    concentration_plot,
    movement_plot,
    open_bottom_plot,
    standing_plot,
)
from ml.serve.tables import published_tables


@dataclass(frozen=True)
class Picture:
    """A picture, the published table it shows, and how to read it."""

    table: str
    plot: Callable[[pd.DataFrame], Figure]
    reading: str


PICTURES = (
    Picture(
        "relationship_funnel",
        standing_plot,
        "Each Monday, everybody who was known by then. A brand that only collects addresses grows at the top, where "
        "nobody has done anything for a year; one that people come back to grows below.",
    ),
    Picture(
        "relationship_funnel",
        movement_plot,
        "Falling is slower than rising by rule: a level is left only when the softer rule for staying fails, too.",
    ),
    Picture(
        "relationship_funnel",
        open_bottom_plot,
        "The open bottom of the funnel: new people who came because a customer shared something, by the level at which "
        "that customer stood in the week.",
    ),
    Picture(
        "relationship_cohorts",
        cohort_plot,
        "Each line is the month in which people bought for the first time. A column that grows darker downwards says "
        "that newer customers come back more than those before them. The running month is left out.",
    ),
    Picture(
        "value_concentration",
        concentration_plot,
        "The further a line stands above the grey one, the fewer people the brand lives from.",
    ),
)


def write_relationship_page(run: Run) -> None:
    """Write the page of the tables that stand in the warehouse for the run's day."""
    shown = {picture.table for picture in PICTURES}
    with connect(run.home, read_only=True) as connection:
        rows = {
            table.name: frame(
                connection, f"select * from published.{table.name} order by {', '.join(table.key)}"
            )
            for table in published_tables()
            if table.name in shown
        }
    figures = [_figure(picture, rows[picture.table]) for picture in PICTURES]
    page = write_page(
        run.home.relationship_page,
        f"The relationship as of {run.as_of_date}",
        "\n".join(figures),
        "figure { margin: 2rem 0; }",
    )
    run.report(f"pictures of the relationship: {page}")


def _figure(picture: Picture, rows: pd.DataFrame) -> str:
    if rows.empty:
        shown = f"<p>Nothing to show yet: <code>{picture.table}</code> is empty.</p>"
    else:
        shown = svg_of(picture.plot(rows))
    return f"<figure>\n{shown}\n<figcaption>{escape(picture.reading)}</figcaption>\n</figure>"
