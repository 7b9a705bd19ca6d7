"""The three borders, guarded by Great Expectations in a process of its own.

This package does not import the suites or their runner; it starts them and reads their verdict.
"""

from __future__ import annotations

import subprocess
import sys

from ml.errors import KithError
from ml.home import REPOSITORY
from ml.run import Run, RunState

# Which step must be done before a border can be looked at, and the command that does it.
BORDERS = {
    "landing": ("landing", "build"),
    "features": ("features", "build"),
    "scores": ("tables", "score"),
}


def check_border(run: Run, border: str) -> None:
    """Validate one border (`landing`, `features`, `scores`) of a run.

    Raises:
        KithError: an expectation failed; the paragraph of the runner says which and what to do.
    """
    step, command = BORDERS[border]
    state = RunState(run).require(step, command)
    if state.get("kept") and f"checked_{border}" in state["done"]:
        run.report(f"border {border}: the same rows held every rule when the day was built")
        return
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "expectations",
            border,
            "--home",
            str(run.home.root),
            "--as-of-date",
            run.as_of_date.isoformat(),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        told = (
            finished.stderr.strip()
            or f"the check of the {border} border ended with status {finished.returncode}"
        )
        raise KithError(told)
    for line in finished.stdout.splitlines():
        run.report(line)
    RunState(run).note(f"checked_{border}")
