"""Publishing: one folder per version, a manifest, and a pointer that changes by one atomic rename."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb

from ml.activate.audiences.register import record_keys
from ml.data.maturity import complete_until_of
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.run import Run, RunState
from ml.serve.dictionary import write_dictionary
from ml.serve.mirror import mirror_version
from ml.serve.tables import PublishedTable, published_tables
from ml.serve.version_files import NOT_COMPARED, compared_digests, sha256_of, write_rows
from ml.serve.versions import MANIFEST, Versions, read_version


def publish_version(run: Run) -> str:
    """Write the audited tables as a version and make it the current one if it is not older.

    An existing version with equal digests is left as it is. Where the setting `published_to` names a mirror, the
    version is brought there before it becomes the current one here.

    Returns:
        The version's name.

    Raises:
        KithError: a version of this name exists with other content, its files were changed, or the
            mirror could not be brought in line.
    """
    state = RunState(run).require("audit", "audit")
    versions = Versions(run.home)
    name = f"{run.as_of_date}-{state['run_id'][:12]}"
    part = versions.folder / f".{name}.part"
    for leftover in versions.folder.glob(".*.part"):
        shutil.rmtree(leftover, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with connect(run.home, read_only=True) as connection:
            files = [_export(connection, table, part) for table in published_tables()]
            models = _models(connection)
        write_dictionary(part / "data_dictionary.md")
        manifest = {
            "version": name,
            "as_of_date": run.as_of_date.isoformat(),
            "run_id": state["run_id"],
            "landing_digest": state["landing_digest"],
            "complete_until": complete_until_of(run, state).isoformat(),
            "label_lag_days": state["label_lag_days"],
            "audit": state["audit"] | _changed_ids(state),
            "models": models,
            "files": files,
        }
        (part / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        _settle(part, versions.folder / name, manifest)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    record_keys(run.home, run.as_of_date)
    folder = versions.folder / name
    # The mirror first: where it cannot be changed, readers and this home go on seeing one and the same version.
    mirror_version(run.home, read_version(folder / MANIFEST), folder, run.report)
    moved = versions.make_current_if_not_older(name, run.as_of_date)
    run.report(
        f"published: {folder}" + ("" if moved else " (the current version is of a later day)")
    )
    RunState(run).note("publish", version=name)
    return name


def _export(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, folder: Path
) -> dict[str, Any]:
    order = ", ".join(f'"{column}"' for column in table.key)
    return write_rows(
        connection,
        f"select * from published.{table.name} order by {order}",
        folder / f"{table.name}.parquet",
    )


def _models(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    cursor = connection.execute("select * from scores.verdicts order by target, horizon_days")
    names = [column[0] for column in cursor.description or []]
    return [
        {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in zip(names, row, strict=True)
        }
        for row in cursor.fetchall()
    ]


def _changed_ids(state: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says where ids that were published are others now."""
    return {"changed_ids": state["changed_ids"]} if state.get("changed_ids") else {}


def _settle(part: Path, target: Path, manifest: dict[str, Any]) -> None:
    if not target.exists():
        os.replace(part, target)
        return
    wanted, listed, found = compared_digests(manifest), _listed(target), _found(target)
    if not wanted == listed == found:
        differing = [
            name
            for name in sorted({*wanted, *listed, *found})
            if not wanted.get(name) == listed.get(name) == found.get(name)
        ]
        raise KithError(
            f"The version {target.name} is published already with other content ({', '.join(differing)}), "
            "although it was made from the same rows, settings, code and models. Nothing was changed. A version is "
            f"never rewritten: look at what differs, and remove {target} only if it is known to be damaged."
        )


def _listed(version: Path) -> dict[str, str]:
    """What the manifest of a published version says of its files; nothing when it cannot be read."""
    try:
        return compared_digests(json.loads((version / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError):
        return {}


def _found(version: Path) -> dict[str, str]:
    """What the files of a published version are: somebody may have touched them."""
    return {
        path.name: sha256_of(path)
        for path in version.glob("*.parquet")
        if path.name not in NOT_COMPARED
    }
