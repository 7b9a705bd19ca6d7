"""Programs that are kept running beside this one, because starting them costs seconds.

dbt and Great Expectations are not imported by this package. Each runs in a process of its own, which
reads requests from its input, one line of JSON each, and answers on its output: lines of text, then one
line that begins with ANSWER and holds JSON. It ends when its input does, so none outlives its user.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

ANSWER = "\x1e"


class CompanionEndedError(RuntimeError):
    """A companion ended without an answer; `said` is what it wrote until then."""

    def __init__(self, name: str, status: int, said: str) -> None:
        super().__init__(f"{name} ended with status {status} before it answered")
        self.said = said


class Companion:
    """One program under way: ask it as often as needed, then close it."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path
    ) -> None:
        self.name = name
        self._process = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            cwd=cwd,
        )

    @property
    def is_alive(self) -> bool:
        """Can it still be asked?"""
        return self._process.poll() is None

    def ask(self, request: object, on_line: Callable[[str], None]) -> dict[str, Any]:
        """Send one request (whatever JSON can say); every line of text goes to `on_line` as it comes. Gives the answer.

        Raises:
            CompanionEndedError: it ended first.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):  # it has gone, or was closed
            self._end("")
        said = []
        for line in self._process.stdout:
            if line.startswith(ANSWER):
                return dict(json.loads(line.removeprefix(ANSWER)))
            said.append(line)
            on_line(line)
        self._end("".join(said))

    def close(self) -> None:
        """End its input and wait for it to go."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()

    def _end(self, said: str) -> NoReturn:
        self.close()
        raise CompanionEndedError(self.name, self._process.returncode, said)


_RUNNING: dict[str, tuple[object, Companion]] = {}


def companion(
    name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path
) -> Companion:
    """The running companion of this name, or a new one where that was started otherwise.

    Of the environment only the settings (`KITH_*`) decide what a companion says.
    """
    settings = sorted(item for item in environment.items() if item[0].startswith("KITH_"))
    kind = (tuple(command), tuple(settings), cwd)
    if name in _RUNNING:
        former, running = _RUNNING[name]
        if former == kind and running.is_alive:
            return running
        dismiss(name)
    started = Companion(name, command, environment, cwd)
    _RUNNING[name] = (kind, started)
    return started


def dismiss(name: str) -> None:
    """Let the companion of this name go, if there is one."""
    _, running = _RUNNING.pop(name, (None, None))
    if running is not None:
        running.close()


@atexit.register
def _dismiss_all() -> None:
    for name in list(_RUNNING):
        dismiss(name)
