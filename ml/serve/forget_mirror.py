"""Taking erased people out of the versions on the mirror.

Each object changes in one step, and a version's manifest changes last. Who reads a version at that moment may find
the person in some of its tables and no more in others; all other rows stay what they were.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from ml.data.erasures import Erasures
from ml.data.warehouse import connect_in_memory
from ml.errors import KithError
from ml.home import Home
from ml.serve.forget_versions import rewrite_version
from ml.serve.mirror import Mirror, Say
from ml.serve.versions import MANIFEST, VERSIONS, Versions, read_version
from ml.stores.store import Stored

SCRATCH = "mirrored"  # folder in the warehouse: one version of the mirror at a time


def forget_in_mirror(home: Home, erasures: Erasures, say: Say) -> list[str]:
    """Rewrite every version on the mirror that holds an erased person; gives what could not be reached.

    Versions of this home folder were rewritten already, and are sent; others are fetched, rewritten and sent back.
    """
    mirror = Mirror.of(home)
    if mirror is None:
        return []
    try:
        files = mirror.store.files(VERSIONS)
    except KithError as stop:
        return [f"{mirror.place}: {stop}"]
    by_version: dict[str, list[Stored]] = {}
    for file in files:
        by_version.setdefault(file.name.split("/")[1], []).append(file)
    unreached = []
    with connect_in_memory(home) as connection:
        erasures.prepare(connection)
        for name, objects in by_version.items():
            where = mirror.place / VERSIONS / name
            try:
                sent = _forget_in_version(connection, home, mirror, name, objects)
            except KithError as stop:
                unreached.append(f"{where}: {stop}")
                continue
            if sent:
                say(f"rewritten: {where}, {sent} files")
    return unreached


def _forget_in_version(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    mirror: Mirror,
    name: str,
    objects: list[Stored],
) -> int:
    """Gives how many files were sent."""
    own = Versions(home).folder / name
    if (own / MANIFEST).exists():
        return mirror.renew(own)
    if not any(file.name.endswith(f"/{MANIFEST}") for file in objects):
        raise KithError(
            "An upload that never ended and that this home folder knows nothing of. Delete it, unless somebody is "
            "publishing there now."
        )
    versions = home.warehouse / SCRATCH
    shutil.rmtree(versions, ignore_errors=True)
    folder = versions / name
    folder.mkdir(parents=True)
    try:
        for file in objects:
            with mirror.store.on_disk(file, versions / ".fetched") as path:
                shutil.move(path, folder / Path(file.name).name)
        rewritten = rewrite_version(connection, versions, read_version(folder / MANIFEST))
        return mirror.renew(folder) if rewritten else 0
    finally:
        shutil.rmtree(versions, ignore_errors=True)
