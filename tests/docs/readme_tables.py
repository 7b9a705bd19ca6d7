"""Write the README's samples of the published tables from a home folder: `python -m tests.docs.readme_tables HOME`.

Each table becomes a folded section: what a row is, and per column its meaning and an example.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from ml.serve.tables import declared_tables
from tests.conftest import REPOSITORY

README = REPOSITORY / "README.md"
BEGIN, END = re.compile(r"<!-- tables: .*? -->\n"), "<!-- end of tables -->"

# A row that shows most: somebody with a score, a reason, a history.
TELLING = {
    "customers": "churn_probability is not null and people_brought_count > 0 order by orders_amount_365d desc",
    "customer_scores": "status = 'scored' and target = 'churn' order by probability desc, customer_id",
    "identity_map": "valid_to is not null order by valid_from desc, source, source_key",
    "customer_levels": "level = 'super' order by as_of_date desc, customer_id",
    "relationship_funnel": "level = 'super' order by as_of_date desc",
    "super_users": "true order by rank",
    "likely_super_users": "true order by rank",
    "referrals": "generation > 1 and orders_count > 0 order by revenue desc, customer_id",
    "bringers": "true order by downstream_revenue desc, customer_id",
    "reward_ledger": "true order by reward desc, source, order_id, customer_id",
    "referral_metrics": "metric = 'viral_coefficient'",
    "value_concentration": "top_share = 0.20 order by value_kind",
    "journey_stages": "breakdown = 'channel' and stage = 'search' order by reached desc, item",
    "store_journey": "step = 'enter' order by reached desc, place",
    "model_backtests": "contender = 'served' order by as_of_date desc, target, horizon_days",
    "model_reliability": "slice_kind = 'everyone' and bin = 10 order by target, horizon_days",
    "model_drift": "psi is not null order by psi desc, target, feature",
    "reputation": "subject_kind = 'category' order by votes desc, subject",
}


def main(home: Path) -> None:
    """Replace the sections of the README by those of the home's current version."""
    version = json.loads((home / "published/current.json").read_text(encoding="utf-8"))["version"]
    folder = home / "published/versions" / version
    text = README.read_text(encoding="utf-8")
    begin = BEGIN.search(text)
    assert begin is not None
    told = "".join(_section(model, folder) for model in declared_tables())
    README.write_text(text[: begin.end()] + "\n" + told + text[text.index(END) :], encoding="utf-8")


def meanings() -> dict[str, dict[str, str]]:
    """Per published table, each column's meaning as the dbt project declares it."""
    return {
        model["name"]: {column["name"]: _cell(column["description"]) for column in model["columns"]}
        for model in declared_tables()
    }


def sections(readme: str) -> dict[str, dict[str, str]]:
    """Per table shown in the README, each column's meaning."""
    begin = BEGIN.search(readme)
    assert begin is not None
    shown = readme[begin.end() : readme.index(END)]
    found = {}
    for name, body in re.findall(r"<code>(\w+)</code>(.*?)</details>", shown, re.DOTALL):
        rows = re.findall(r"^\| `(\w+)` \| (.*?) \| [^|]* \|$", body, re.MULTILINE)
        found[name] = dict(rows)
    return found


def _section(model: dict[str, Any], folder: Path) -> str:
    file = folder / f"{model['name']}.parquet"
    with duckdb.connect() as connection:
        telling = TELLING.get(model["name"], "true order by all")
        cursor = connection.execute(f"select * from '{file}' where {telling} limit 1")
        names = [column[0] for column in cursor.description or []]
        row = cursor.fetchone() or (None,) * len(names)
    example = dict(zip(names, row, strict=True))
    lines = [
        f"<details><summary><code>{model['name']}</code>: {model['description'].strip()}</summary>",
        "",
        "| column | meaning | example |",
        "|---|---|---|",
        *(
            f"| `{column['name']}` | {_cell(column['description'])} | {_shown(example[column['name']])} |"
            for column in model["columns"]
        ),
        "",
        "</details>",
        "",
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "/")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.4g}"
    return _cell(str(value))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
