"""The page of the relationship: it shows what the tables say, the same each time, and asks nobody for anything."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.collections import PolyCollection

from ml.data.warehouse import connect, write_table
from ml.home import Home
from ml.run import Run
from ml.serve.relationship_page import PICTURES, write_relationship_page
from ml.serve.relationship_plots import (
    cohort_plot,
    concentration_plot,
    movement_plot,
    open_bottom_plot,
    standing_plot,
)

WEEKS = [date(2024, 1, 29), date(2024, 2, 5)]
FUNNEL = pd.DataFrame(
    [
        (WEEKS[0], "none", 5, 0, 0, 0),
        (WEEKS[0], "super", 2, 2, 0, 1),
        (WEEKS[1], "none", 4, 0, 3, 2),
        (WEEKS[1], "super", 6, 4, 0, 8),
    ],
    columns=["as_of_date", "level", "customers", "risen", "fallen", "brought"],
)
COHORTS = pd.DataFrame(
    [
        (date(2024, 1, 1), 0, 10, 10, True),
        (date(2024, 1, 1), 1, 10, 4, True),
        (date(2024, 1, 1), 2, 10, 9, False),
        (date(2024, 2, 1), 0, 8, 8, True),
        (date(2024, 2, 1), 1, 8, 7, False),
    ],
    columns=["cohort_month", "months_since", "customers", "active_customers", "is_complete"],
)
CONCENTRATION = pd.DataFrame(
    [("own_money", 0.2, 0.7), ("own_money", 0.01, 0.1)],
    columns=["value_kind", "top_share", "share_of_all"],
)
TABLES = {
    "relationship_funnel": FUNNEL,
    "relationship_cohorts": COHORTS,
    "value_concentration": CONCENTRATION,
}
TYPES = {"level": "varchar", "value_kind": "varchar", "is_complete": "boolean"}


def written(root: Path, tables: dict[str, pd.DataFrame]) -> Path:
    run = Run(Home(root), root / "landing", date(2024, 2, 7), [], lambda _: None)
    with connect(run.home) as connection:
        for name, rows in tables.items():
            types = {
                column: TYPES.get(
                    column, "date" if column.endswith(("_date", "_month")) else "double"
                )
                for column in rows
            }
            write_table(connection, f"published.{name}", types, rows)
    write_relationship_page(run)
    return run.home.relationship_page


def test_levels_stand_on_each_other_from_none_to_super() -> None:
    (axes,) = standing_plot(FUNNEL).axes
    none, highest = (area for area in axes.collections if isinstance(area, PolyCollection))
    assert [none.get_label(), highest.get_label()] == ["none", "super"]
    # On the second Monday 4 and, on top of them, 6.
    assert none.get_paths()[0].vertices[:, 1].max() == 5
    assert highest.get_paths()[0].vertices[:, 1].max() == 10


def test_risen_go_up_and_fallen_down() -> None:
    (axes,) = movement_plot(FUNNEL).axes
    assert [bar.get_height() for bar in axes.patches] == [2, 4, 0, -3]


def test_people_brought_are_added_up_by_month_and_level() -> None:
    (axes,) = open_bottom_plot(FUNNEL).axes
    assert [(bar.get_y(), bar.get_height()) for bar in axes.patches] == [
        (0, 0),
        (0, 2),
        (0, 1),
        (2, 8),
    ]


def test_a_cohort_shows_whole_months_after_its_own() -> None:
    axes, _ = cohort_plot(COHORTS).axes
    assert axes.images[0].get_array().tolist() == [[0.4]]


def test_a_brand_of_a_month_has_no_cohort_to_show_yet() -> None:
    (axes,) = cohort_plot(COHORTS[COHORTS["months_since"] == 0]).axes
    assert not axes.images
    assert axes.texts[0].get_text() == "no whole month has passed since a first order"


def test_concentration_goes_from_nobody_to_everybody() -> None:
    (axes,) = concentration_plot(CONCENTRATION).axes
    assert axes.lines[0].get_xydata().tolist() == [[0, 0], [0.01, 0.1], [0.2, 0.7], [1, 1]]


def test_the_page_holds_every_picture_the_same_each_time_and_needs_no_network(
    tmp_path: Path,
) -> None:
    first, second = (written(tmp_path / name, TABLES).read_text() for name in ("one", "two"))
    assert first == second
    assert first.count("<svg") == len(PICTURES)
    assert "as of 2024-02-07" in first
    assert not re.search(r"<(?:script|link|img)|(?:href|src)=\"http", first.replace("xlink:", ""))


@pytest.mark.parametrize("empty", sorted(TABLES))
def test_an_empty_table_is_told(tmp_path: Path, empty: str) -> None:
    text = written(tmp_path, {**TABLES, empty: TABLES[empty][:0]}).read_text()
    shown = sum(picture.table != empty for picture in PICTURES)
    assert text.count("<svg") == shown < len(PICTURES)
    assert f"<code>{empty}</code> is empty" in text
