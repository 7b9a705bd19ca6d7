"""The lists of `dbt_project/seeds` as Python reads them."""

from __future__ import annotations

import csv

from ml.home import SEEDS


def seed_rows(name: str) -> list[dict[str, str]]:
    """The rows of the seed `name`.csv, each a mapping of column to text, in the order of the file."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
