"""A page of what was predicted beside what happened. It needs no server, shows counts of many people, and no person."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd

from ml.learn.judging.plots import monitoring_plot
from ml.serve.pages import svg_of, write_page

COLUMNS = (
    "as_of_date",
    "group",
    "rows",
    "mean_probability",
    "base_rate",
    "auc",
    "rule_auc",
    "ece",
    "chance_limit",
)

_INTRODUCTION = """\
<p>Each published day whose window has closed: what was predicted then, and what happened. A calibration error (ece)
beyond its chance limit is red.</p>
"""
_STYLE = """td, th { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; }
.bad { color: #b00; font-weight: bold; }"""


def write_monitoring_page(folder: Path, table: pd.DataFrame) -> Path:
    """Write the page of a monitoring table and give its place."""
    sections = []
    for (target, horizon), rows in table.groupby(["target", "horizon_days"]):
        title = f"{target} within {horizon} days"
        picture = svg_of(monitoring_plot(rows[rows["group"] == "everyone"], title))
        sections.append(f"<h2>{escape(title)}</h2>\n{picture}\n{_table(rows)}")
    body = _INTRODUCTION + "\n".join(sections)
    return write_page(folder / "index.html", "What came true", body, _STYLE, width=60)


def _table(rows: pd.DataFrame) -> str:
    head = "".join(f"<th>{escape(column.replace('_', ' '))}</th>" for column in COLUMNS)
    lines = []
    for row in rows.to_dict("records"):
        shade = ' class="bad"' if row["badly_calibrated"] else ""
        cells = "".join(f"<td>{_cell(row[column])}</td>" for column in COLUMNS)
        lines.append(f"<tr{shade}>{cells}</tr>")
    return f"<table><tr>{head}</tr>\n" + "\n".join(lines) + "\n</table>"


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else escape(str(value))
