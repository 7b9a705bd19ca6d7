"""The landing contract as Python needs it: entities, their columns, which of them are required.

Read from the declaration that the staging models use, so that there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import yaml

from ml.home import DBT_PROJECT

CONTRACT_FILE = DBT_PROJECT / "models" / "staging" / "_landing.yml"

# A brand without any of these has nothing that can be predicted from.
FACTS = ("orders", "interactions", "shares")


@dataclass(frozen=True)
class Entity:
    """One place of the landing zone."""

    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...]


@cache
def entities() -> dict[str, Entity]:
    """All entities of the landing zone by name, in the order of the contract."""
    tables = yaml.safe_load(CONTRACT_FILE.read_text(encoding="utf-8"))["sources"][0]["tables"]
    return {
        table["name"]: Entity(
            name=table["name"],
            columns=tuple(column["name"] for column in table["columns"]),
            required=tuple(
                column["name"]
                for column in table["columns"]
                if column.get("config", {}).get("meta", {}).get("required")
            ),
        )
        for table in tables
    }
