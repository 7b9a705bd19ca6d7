"""Files of a published version: written in one way, so that equal rows are equal bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.data.sql_text import literal

if TYPE_CHECKING:  # who only compares digests need not wait for it
    import duckdb

# Where a refused row stands is not part of a run's identity: the same rows may come in other files.
NOT_COMPARED = {"quarantine.parquet"}


def write_rows(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> dict[str, Any]:
    """Write the rows of an ordered query as a file of a version; gives its entry in the manifest."""
    copied = connection.execute(
        f"copy ({query}) to {literal(path)} (format parquet, compression zstd, row_group_size 122880)"
    ).fetchone()
    return {"name": path.name, "rows": copied[0] if copied else 0, "sha256": sha256_of(path)}


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def compared_digests(manifest: dict[str, Any]) -> dict[str, str]:
    """What a manifest says of its files, those aside that may differ between two runs that are the same."""
    return {
        file["name"]: file["sha256"]
        for file in manifest["files"]
        if file["name"] not in NOT_COMPARED
    }
