"""Texts and places as SQL writes them."""

from __future__ import annotations

from pathlib import Path


def literal(text: str | Path) -> str:
    """A text, or a path, as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def raw_rows(raw: Path, entity: str) -> str:
    """All rows of an entity in a raw layer, as a relation."""
    return f"read_parquet({literal(raw / entity / '*.parquet')})"
