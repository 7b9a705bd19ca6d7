"""The services of docker-compose.yml as plain processes of this machine: same commands, same variables, same order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.services.compose_file import REPOSITORY, filled_in, moved, parsed
from tests.services.postgresql import Cluster, postgresql_programs

START_SECONDS, GRACE_SECONDS = 120, 20


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
    programs: Path = field(default_factory=postgresql_programs)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database_port, self.airflow_port = free_port(), free_port()
        self.mlflow_port = free_port()
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
        self._cluster: Cluster | None = None
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
                    self.wait_until_healthy(needed)
                else:
                    self._wait_until_done(needed)
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

    def wait_until_healthy(self, name: str) -> None:
        """Ask its health check until it is content."""
        self.wait(lambda: self.is_healthy(name), f"{name} to be healthy", START_SECONDS)

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
        if self._cluster:
            self._cluster.remove()

    def environment(self, name: str) -> dict[str, str]:
        """The variables of a service, on top of this machine's own."""
        own = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AIRFLOW", "KITH_", "MLFLOW_", "PG"))
        }
        path = os.pathsep.join(
            [str(Path(sys.executable).parent), str(self.programs), own.get("PATH", "")]
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

    def _wait_until_done(self, name: str) -> None:
        process = self.processes[name]
        self.wait(lambda: process.poll() is not None, f"{name} to end", START_SECONDS)
        assert process.returncode == 0, self.logs(name)

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
        self._cluster = Cluster(self.programs, self.environment("database"), self.database_port)
        self._spawn("database", self._cluster.server, **self._cluster.user)
        self.wait(lambda: self.is_healthy("database"), "PostgreSQL to answer", 60)
        for script in self.compose["configs"].values():
            self._cluster.execute(script["content"])


def _family(pid: int) -> list[psutil.Process]:
    """A process and all that it started: Airflow gives each step a session of its own."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
