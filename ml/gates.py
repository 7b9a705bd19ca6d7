"""The three borders, guarded by Great Expectations in a process of its own that is kept for the next border.

This package does not import the suites or their runner; it starts them and reads their verdict.
"""

from __future__ import annotations

import os
import sys

from ml.companions import Companion, CompanionEndedError, companion
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
    arguments = [border, "--home", str(run.home.root), "--as-of-date", run.as_of_date.isoformat()]
    try:
        answer = _judge().ask(arguments, lambda _: None)
    except CompanionEndedError as end:
        raise KithError(f"The check of the {border} border was not made: {end}.") from end
    if answer["status"] != 0:
        raise KithError(answer["complained"].strip())
    for line in answer["said"].splitlines():
        run.report(line)
    RunState(run).note(f"checked_{border}")


def start() -> None:
    """Let Great Expectations load while something else is done; the first border finds it ready."""
    _judge()


def _judge() -> Companion:
    command = [sys.executable, "-m", "expectations", "--stay"]
    return companion("expectations", command, os.environ, REPOSITORY)
