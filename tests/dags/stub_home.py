"""A home folder whose Airflow runs a stub instead of `kith`."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

REPOSITORY = Path(__file__).resolve().parents[2]
DAGS = REPOSITORY / "dags"
STUB = Path(__file__).with_name("stub_kith.py")


@dataclass(frozen=True)
class StubHome:
    """A home folder whose Airflow runs the stub instead of `kith`."""

    root: Path
    python: Path

    def start(
        self, *arguments: str, output: IO[str] | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        """Start `python ARGUMENTS` beside the stub."""
        return subprocess.Popen(
            [str(self.python), *arguments],
            env={**_clean_environment(), "KITH_HOME": str(self.root), **environment},
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.root,
            preexec_fn=_hear_interrupts,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run `python ARGUMENTS` beside the stub; gives exit status and output."""
        process = self.start(*arguments, **environment)
        try:
            output, _ = process.communicate(timeout=240)
        finally:
            process.kill()
        return process.returncode, output

    def calls(self) -> list[str]:
        """How the stub was called, in order, without the folders; then forgotten."""
        file = self.root / "calls.txt"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        landing, home = f" --landing {self.root / 'landing'}", f" --home {self.root}"
        steps = [line for line in lines if not line.startswith(("demo", "account"))]
        assert all(home in line for line in steps)
        assert all(landing in line for line in steps if not line.startswith(("plan", "export")))
        return [
            line if line not in steps else line.replace(landing, "").replace(home, "")
            for line in lines
        ]


def _hear_interrupts() -> None:
    """A shell's background job ignores SIGINT, and so would all that it starts: the tests themselves, too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _clean_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KITH_", "AIRFLOW", "STUB_"))
    }
