"""A page of what was predicted beside what happened. It needs no server, shows counts of many people, and no person."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd

from ml.learn.judging.plots import monitoring_plot
from ml.serve.relationship_page import svg_of

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

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>What came true</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
svg {{ width: 100%; height: auto; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; }}
.bad {{ color: #b00; font-weight: bold; }}
</style>
</head>
<body>
<h1>What came true</h1>
<p>Each published day whose window has closed: what was predicted then, and what happened. A calibration error (ece) beyond
its chance limit is red.</p>
{sections}
</body>
</html>
"""


def write_monitoring_page(folder: Path, table: pd.DataFrame) -> Path:
    """Write the page of a monitoring table and give its place."""
    sections = []
    for (target, horizon), rows in table.groupby(["target", "horizon_days"]):
        title = f"{target} within {horizon} days"
        picture = svg_of(monitoring_plot(rows[rows["group"] == "everyone"], title))
        sections.append(f"<h2>{escape(title)}</h2>\n{picture}\n{_table(rows)}")
    page = folder / "index.html"
    part = page.with_suffix(".part")
    part.write_text(_PAGE.format(sections="\n".join(sections)), encoding="utf-8")
    part.replace(page)
    return page


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
