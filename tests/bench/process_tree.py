"""What a command takes with all that it starts: processor seconds, seconds by the clock, peak of memory."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PAUSE = 0.2
"""Seconds between two looks at the memory."""
_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class TreeCost:
    """Processor seconds (user and system), seconds by the clock, and the most memory held at once, in bytes.

    Memory is the sum over all processes under way; pages that they share count for each.
    """

    processor: float
    seconds: float
    memory: int

    def as_json(self) -> dict[str, float]:
        """Rounded to what can be measured."""
        return {name: round(value, 2) for name, value in asdict(self).items()}


def cost_of_tree(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> TreeCost:
    """Run a command; what it says is added to the log.

    Raises:
        RuntimeError: it did not end well; the message holds its last words.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with log.open("a", encoding="utf-8") as sink:
        process = subprocess.Popen(
            list(command),
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment else None,
        )
        watch = _Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    watch.end()
    process.returncode = os.waitstatus_to_exitcode(status)
    # The system counts exactly, but only whom their parents waited for; the looks count everybody, to the last look.
    processor = max(watch.processor, usage.ru_utime + usage.ru_stime)
    memory = max(watch.memory, usage.ru_maxrss * 1024)
    if process.returncode:
        last = "\n".join(log.read_text(encoding="utf-8").splitlines()[-12:])
        raise RuntimeError(f"`{' '.join(command)}` ended with {process.returncode}; {log}:\n{last}")
    return TreeCost(processor, seconds, memory)


class _Watch(threading.Thread):
    """Looks at a process and its descendants until told to stop."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.memory = 0
        self._root, self._over = root, threading.Event()
        self._family = {root}
        self._processor: dict[int, float] = {}

    @property
    def processor(self) -> float:
        """Seconds of all processes, each as it was last seen."""
        return sum(self._processor.values())

    def run(self) -> None:
        while not self._over.wait(PAUSE):
            self._look()

    def end(self) -> None:
        """No more looks."""
        self._over.set()
        self.join()

    def _look(self) -> None:
        parents, resident = {}, {}
        for pid, fields in _processes():
            parents[pid] = int(fields[1])
            resident[pid] = int(fields[21]) * _PAGE
            if pid in self._family or parents[pid] in self._family:
                self._family.add(pid)  # once of the family, always: a parent may end first
                self._processor[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
        self.memory = max(self.memory, sum(resident.get(pid, 0) for pid in self._family))


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Every process by number, with the fields of its status from the third on, parents before children mostly."""
    for name in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
        # It may have ended since.
        with contextlib.suppress(OSError):
            status = Path("/proc", name, "stat").read_text(encoding="utf-8", errors="replace")
            yield int(name), status.rpartition(")")[2].split()
