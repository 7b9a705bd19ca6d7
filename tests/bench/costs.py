"""What a process takes: time and memory, of itself and of all that it starts."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds by the clock, seconds of processors, most memory in GB."""

    seconds: float
    processor: float
    memory: float

    def growth(self, former: Cost, times_larger: float) -> str:
        """How many times as much processor time a larger task took, in words."""
        times = self.processor / max(former.processor, 0.05)
        return f"×{times:.1f} for ×{times_larger:.1f}"


def cost_of_process(command: Sequence[str], log: Path) -> Cost:
    """Run a command; what it says goes to the log.

    Raises:
        RuntimeError: it did not end well.
    """
    began = time.perf_counter()
    with log.open("w", encoding="utf-8") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"`{' '.join(command)}` stopped; see {log}.")
    seconds = time.perf_counter() - began
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)
