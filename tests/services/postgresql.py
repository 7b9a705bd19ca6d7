"""A PostgreSQL of a test's own: what the entry point of PostgreSQL's image does, with the programs of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

HOW_TO_GET_IT = (
    "PostgreSQL, or the user postgres that root needs for it, is not on this machine; "
    "`apt-get install postgresql` brings both"
)
DEBIAN_VERSIONS = Path("/usr/lib/postgresql")
OWNER = "postgres"
PROGRAMS = ("initdb", "postgres", "psql", "pg_isready")


def postgresql_programs() -> Path:
    """The folder with PostgreSQL's programs; the test is skipped where there is none."""
    named = shutil.which("initdb")
    folders = [Path(named).resolve().parent] if named else []
    folders += sorted(DEBIAN_VERSIONS.glob("*/bin"), reverse=True)
    if os.geteuid() == 0 and OWNER not in {user.pw_name for user in pwd.getpwall()}:
        folders = []
    for folder in folders:
        if all((folder / name).exists() for name in PROGRAMS):
            return folder
    pytest.skip(HOW_TO_GET_IT)


class Cluster:
    """A data folder that asks for passwords over TCP, and for none on its socket, as the image's does."""

    def __init__(self, programs: Path, environment: Mapping[str, str], port: int) -> None:
        self._programs, self._environment, self._port = programs, environment, port
        # Not in pytest's folders, which nobody but their owner may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="kith-postgresql-"))
        self.user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self.user = {"user": OWNER, "group": OWNER, "extra_groups": []}
            shutil.chown(self.folder, OWNER, OWNER)
        password = self.folder / "password"
        password.touch(mode=0o644)
        password.write_text(environment["POSTGRES_PASSWORD"], encoding="utf-8")
        self._call(
            ["initdb", "--username=postgres", f"--pwfile={password}", "--auth-local=trust",
             "--auth-host=scram-sha-256", "--no-sync", f"--pgdata={self.folder / 'data'}"]
        )  # fmt: skip
        password.unlink()

    @property
    def server(self) -> list[str]:
        """The command that serves it."""
        return [
            str(self._programs / "postgres"), "-D", str(self.folder / "data"), f"--port={self._port}",
            f"--unix_socket_directories={self.folder}", "--listen_addresses=127.0.0.1", "--fsync=off",
        ]  # fmt: skip

    def execute(self, script: str) -> None:
        """Run a script with psql as the owner of everything, once the server answers."""
        self._call(
            ["psql", f"--host={self.folder}", f"--port={self._port}", "--username=postgres",
             "--no-psqlrc", "--set=ON_ERROR_STOP=1"],
            script,
        )  # fmt: skip

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, command: list[str], given: str | None = None) -> None:
        done = subprocess.run(
            [str(self._programs / command[0]), *command[1:]],
            env=self._environment,
            cwd=self.folder,
            input=given,
            text=True,
            capture_output=True,
            check=False,
            **self.user,
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
