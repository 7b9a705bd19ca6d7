"""The services of docker-compose.yml as plain processes of this machine: same commands, same variables, same order."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services.compose_file import REPOSITORY, filled_in, moved, parsed

HOW_TO_GET_POSTGRESQL = "PostgreSQL is not on this machine; `apt-get install postgresql` brings it"
GRACE_SECONDS = 20


def postgresql_binaries() -> Path:
    """The folder with initdb and postgres; the test is skipped where there is none."""
    folders = [Path(place).parent for name in ("initdb",) if (place := shutil.which(name))]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if all((folder.resolve() / name).exists() for name in ("initdb", "postgres", "pg_isready")):
            return folder.resolve()
    pytest.skip(HOW_TO_GET_POSTGRESQL)


def free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


@dataclass
class NativeServices:
    """Starts what docker-compose.yml describes, with its addresses and folders moved to this machine.

    Args:
        root: an empty folder; it holds what the volumes hold, and the logs.
        secrets: what stands in .env.
    """

    root: Path
    secrets: Mapping[str, str]
    binaries: Path = field(default_factory=postgresql_binaries)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database_port, self.airflow_port, self.mlflow_port = (
            free_port(),
            free_port(),
            free_port(),
        )
        self.home, self.landing = self.root / "home", self.root / "landing"
        # The one place where this machine differs from the containers.
        places = {
            "/kith": str(self.root),
            "/run/kith": str(self.root / "run"),
            "0.0.0.0": "127.0.0.1",
            "database:5432": f"127.0.0.1:{self.database_port}",
            "--port=5432": f"--port={self.database_port}",
            "airflow-api-server:8080": f"127.0.0.1:{self.airflow_port}",
            "localhost:8080": f"127.0.0.1:{self.airflow_port}",
            "mlflow:5000": f"127.0.0.1:{self.mlflow_port}",
            "localhost:5000": f"127.0.0.1:{self.mlflow_port}",
            "127.0.0.1:5000": f"127.0.0.1:{self.mlflow_port}",
            "--port=5000": f"--port={self.mlflow_port}",
        }
        self.compose = moved(filled_in(parsed(), self.secrets), places)
        self._cluster = Path(tempfile.mkdtemp(prefix="kith-postgresql-"))
        for folder in ("home", "landing", "models", "run", "logs"):
            (self.root / folder).mkdir(exist_ok=True)

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.airflow_port}"

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self.mlflow_port}"

    def up(self, *names: str) -> None:
        """Start services and, before each, what it depends on, in the state it asks for."""
        for name in names:
            for needed, how in self._service(name).get("depends_on", {}).items():
                self.up(needed)
                if how["condition"] == "service_healthy":
                    self.wait(
                        lambda needed=needed: self.is_healthy(needed),
                        f"{needed} to be healthy",
                        120,
                    )
                else:
                    self.wait(
                        lambda needed=needed: self._has_ended(needed), f"{needed} to end", 120
                    )
                    assert self.processes[needed].returncode == 0, self.logs(needed)
            if name not in self.processes:
                self._start(name)

    def is_healthy(self, name: str) -> bool:
        """Run the health check of a service."""
        kind, *command = self._service(name)["healthcheck"]["test"]
        assert kind == "CMD"
        with self._log(f"{name}-health").open("ab") as sink:
            asked = subprocess.run(
                command,
                env=self.environment(name),
                cwd=REPOSITORY,
                stdout=sink,
                stderr=subprocess.STDOUT,
                check=False,
            )
        return asked.returncode == 0

    def wait(self, condition: Callable[[], Any], what: str, seconds: float) -> Any:
        """Wait until a condition gives something; fail with the logs when it does not, or when a service died."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            dead = [
                name
                for name, process in self.processes.items()
                if self._service(name)["restart"] != "no" and process.poll() is not None
            ]
            assert not dead, f"{dead} ended while waiting for {what}\n{self.logs(*dead)}"
            assert time.monotonic() < deadline, f"waited {seconds} s for {what}\n{self.logs()}"
            time.sleep(0.5)
        return found

    def logs(self, *names: str) -> str:
        """The ends of the logs of services, of all of them when none is named."""
        files = [self._log(name) for name in names] or sorted((self.root / "logs").iterdir())
        files += sorted((self.home / "logs").rglob("*.log"))
        return "\n".join(
            f"== {file}\n{file.read_text(encoding='utf-8', errors='replace')[-3000:]}"
            for file in files
        )

    def stop(self, name: str) -> None:
        """End a service and what it started."""
        process = self.processes.pop(name)
        family = _family(process.pid)
        if process.poll() is None:
            # To PostgreSQL, SIGTERM means to wait for its clients.
            process.send_signal(signal.SIGINT if name == "database" else signal.SIGTERM)
        _, left = psutil.wait_procs(family, timeout=GRACE_SECONDS)
        for survivor in left:
            survivor.kill()
        process.wait()

    def down(self) -> None:
        """End every service, the last one started first."""
        for name in reversed(list(self.processes)):
            self.stop(name)
        shutil.rmtree(self._cluster, ignore_errors=True)

    def environment(self, name: str) -> dict[str, str]:
        """The variables of a service, on top of this machine's own."""
        own = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AIRFLOW", "KITH_", "MLFLOW_", "PG"))
        }
        path = os.pathsep.join(
            [str(Path(sys.executable).parent), str(self.binaries), own.get("PATH", "")]
        )
        # What an image sets, and where the api server listens: its image gives it a network of its own.
        around = {
            "PATH": path,
            "PYTHONPATH": str(REPOSITORY),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.airflow_port),
            "PYTHONUNBUFFERED": "1",
        }
        return {**own, **around, **self._service(name).get("environment", {})}

    def _service(self, name: str) -> Any:
        return self.compose["services"][name]

    def _log(self, name: str) -> Path:
        return self.root / "logs" / f"{name}.log"

    def _has_ended(self, name: str) -> bool:
        return self.processes[name].poll() is not None

    def _start(self, name: str) -> None:
        if name == "database":
            self._start_database()
            return
        self._spawn(name, self._service(name)["command"])

    def _spawn(self, name: str, command: list[str], **user: Any) -> None:
        with self._log(name).open("ab") as sink:
            self.processes[name] = subprocess.Popen(
                command,
                env=self.environment(name),
                cwd=REPOSITORY,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **user,
            )

    def _start_database(self) -> None:
        """What the entry point of PostgreSQL's image does: a cluster with passwords, the server, the scripts."""
        environment = self.environment("database")
        password = self._cluster / "password"
        password.write_text(environment["POSTGRES_PASSWORD"], encoding="utf-8")
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            for place in (self._cluster, password):
                shutil.chown(place, "postgres", "postgres")
        data = str(self._cluster / "data")
        self._as_owner(
            ["initdb", "--username=postgres", f"--pwfile={password}", "--auth-local=trust",
             "--auth-host=scram-sha-256", "--no-sync", f"--pgdata={data}"],
            environment,
        )  # fmt: skip
        password.unlink()
        socket_and_port = [
            f"--unix_socket_directories={self._cluster}",
            f"--port={self.database_port}",
        ]
        server = [
            "postgres",
            "-D",
            data,
            *socket_and_port,
            "--listen_addresses=127.0.0.1",
            "--fsync=off",
        ]
        self._spawn("database", [str(self.binaries / server[0]), *server[1:]], **_unprivileged())
        self.wait(lambda: self.is_healthy("database"), "PostgreSQL to answer", 60)
        for script in self.compose["configs"].values():
            self._as_owner(
                ["psql", f"--host={self._cluster}", f"--port={self.database_port}", "--username=postgres",
                 "--no-psqlrc", "--set=ON_ERROR_STOP=1"],
                environment,
                script["content"],
            )  # fmt: skip

    def _as_owner(
        self, command: list[str], environment: dict[str, str], given: str | None = None
    ) -> None:
        done = subprocess.run(
            [str(self.binaries / command[0]), *command[1:]],
            env=environment,
            cwd=self._cluster,
            input=given,
            text=True,
            capture_output=True,
            check=False,
            **_unprivileged(),
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


def _unprivileged() -> dict[str, Any]:
    """How root starts PostgreSQL's programs."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _family(pid: int) -> list[psutil.Process]:
    """A process and all that it started: Airflow gives each step a session of its own."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
