"""The project as dbt parsed it: kept until a file of it changes, for parsing costs more than most commands.

dbt keeps a parse of its own, but throws it away whenever a variable or the warehouse is another one, and each day
is another variable. What a parse finds depends on neither: the day and the paths matter when a model is compiled,
and the warehouse has the same name in every home. So the project is parsed without them, and commands are given the
parse, as dbt's programmatic invocations allow (https://docs.getdbt.com/reference/programmatic-invocations).
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.version import __version__

# What a parse must know of a command line.
OF_THE_PROJECT = ("--project-dir", "--profiles-dir", "--target", "--log-level-file", "--log-path")
READ_BY_DBT = {".sql", ".yml", ".yaml", ".csv", ".md"}
# What profiles.yml says of one home; it has a default for each.
OF_A_HOME = ("KITH_WAREHOUSE", "KITH_WAREHOUSE_TEMP", "KITH_THREADS", "KITH_MEMORY_LIMIT")


@dataclass(frozen=True)
class Parse:
    """A project as it was parsed: from which files, and what of the environment the parse has read."""

    digest: str
    read: dict[str, str | None]
    manifest: Manifest

    def holds(self, digest: str) -> bool:
        """Would it come out the same now?"""
        return self.digest == digest and all(
            os.environ.get(name) == value for name, value in self.read.items()
        )


_PARSES: dict[str, Parse] = {}


def runner(arguments: list[str]) -> dbtRunner:
    """What runs a command of dbt, with the project parsed; without, where it cannot be: the command says why."""
    options = dict(pairwise(arguments))
    project, target = Path(options["--project-dir"]), options.get("--target", "")
    digest = _digest(project, target)
    known = _PARSES.get(target)
    if known is None or not known.holds(digest):
        manifest = _parse(options, _folder(project, options["--target-path"], target, digest))
        if manifest is None:
            return dbtRunner()
        read = {name: os.environ.get(name) for name in manifest.env_vars}
        known = _PARSES[target] = Parse(digest, read, manifest)
    return dbtRunner(manifest=known.manifest)


def _parse(options: dict[str, str], folder: Path) -> Manifest | None:
    words = [word for name in OF_THE_PROJECT if name in options for word in (name, options[name])]
    words += ["--target-path", str(folder), "--no-write-json", "--no-version-check", "--quiet"]
    with _of_no_home():
        found = dbtRunner().invoke(["parse", *words]).result
    return found if isinstance(found, Manifest) else None


def _digest(project: Path, target: str) -> str:
    digest = hashlib.sha256(f"{__version__}\0{target}\0{project}".encode())
    for path in sorted(project.rglob("*")):
        place = path.relative_to(project)
        if path.suffix in READ_BY_DBT and place.parts[0] not in ("target", "logs"):
            digest.update(f"\0{place.as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _folder(project: Path, target_path: str, target: str, digest: str) -> Path:
    """Where dbt keeps the parse for the next process: beside the project, or in the home where that is read-only."""
    beside = project / "target" if os.access(project, os.W_OK) else Path(target_path)
    folder = beside / "parsed" / (target or "default") / digest[:16]
    for other in folder.parent.glob("*"):  # the parses of other files are of no more use
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder


@contextmanager
def _of_no_home() -> Iterator[None]:
    held = {name: os.environ.pop(name) for name in OF_A_HOME if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(held)
