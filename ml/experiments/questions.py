"""Another question of the same facts: other days to look ahead, or other people to ask about.

Labels and populations belong to the targets of a run, and the warehouse of a home holds those of its own run. So
the other question is built in a copy of the warehouse, which is gone afterwards: what is published, and what the
next step expects to find, stays as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ml.data.build import build_cutoffs, build_labels
from ml.data.control import write_control_tables
from ml.data.maturity import training_plan
from ml.data.targets import Target
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.run import Run, RunState
from ml.settings import SETTINGS_FILE


def ensure_labels(run: Run) -> None:
    """Build the labels of a run's day where they are not there yet."""
    state = RunState(run).require("events", "build")
    if "labels" not in state["done"]:
        build_labels(run)


@contextmanager
def run_that_asks(run: Run, target: Target, asked: Target) -> Iterator[Run]:
    """A run whose warehouse holds features and labels of what is asked in a target's place.

    Raises:
        KithError: the disk has no room for a copy of the warehouse.
    """
    if asked == target:
        yield run
        return
    # The other targets stay: features look at windows as long as their horizons.
    targets = sorted({asked if listed == target else listed for listed in run.targets})
    trial = replace(run, home=run.home.trial, targets=targets)
    shutil.rmtree(trial.home.root, ignore_errors=True)
    try:
        _copy(run, trial)
        run.report(
            f"{asked.key}, population of {asked.population_days} days: building features and labels"
        )
        plan = training_plan(trial, RunState(trial).require("events", "build"))
        wanted = (asked.name, asked.horizon_days)
        build_cutoffs(trial, [cutoff for cutoff in plan if cutoff[:2] == wanted])
        yield trial
    finally:
        shutil.rmtree(trial.home.root, ignore_errors=True)


def _copy(run: Run, trial: Run) -> None:
    tables = [path for path in run.home.lake.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in [run.home.database, *tables])
    free = shutil.disk_usage(run.home.root).free
    if free < 2 * size:
        raise KithError(
            f"An experiment with another horizon or population works on a copy of the warehouse ({size / 2**30:.1f} "
            f"GB) and needs twice its size; {run.home.root} has {free / 2**30:.1f} GB left. Free some space, or "
            "experiment on a home with fewer customers."
        )
    trial.home.warehouse.mkdir(parents=True)
    shutil.copyfile(run.home.database, trial.home.database)
    if tables:
        shutil.copytree(run.home.lake, trial.home.lake)
    shutil.copyfile(run.home.run_state, trial.home.run_state)
    if (settings := run.home.root / SETTINGS_FILE).exists():
        shutil.copyfile(settings, trial.home.root / SETTINGS_FILE)
    with connect(trial.home) as connection:
        write_control_tables(connection, trial.home, trial.targets)
