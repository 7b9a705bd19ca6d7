"""The daily flow stage by stage, each a process of its own: a first day from nothing, then one new day."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from landing_zones import Zone
from process_tree import TreeCost, cost_of_tree

from ml.data.demo import DEMO_SETTINGS
from ml.data.targets import read_targets
from ml.home import REPOSITORY
from ml.settings import SETTINGS_FILE


def stages() -> dict[str, str]:
    """The command of each stage, in the order of the daily flow, with the labels of a training before `train`."""
    names = {target.name: 0 for target in read_targets(None)}
    return {
        "landing": "build --part landing",
        "check landing": "expect landing",
        "identity": "build --part identity",
        "events": "build --part events",
        "features": "build --part features",
        "check features": "expect features",
        "labels": "build --part labels",
        "train": "train --when-due",
        "promote": "promote",
        "score": " ".join(["score", *(f"--target {name}" for name in names)]),
        "tables": "build --part tables",
        "check scores": "expect scores",
        "audit": "audit",
        "publish": "publish",
    }


# On a day when no model is due nothing asks for labels.
ONLY_FOR_TRAINING = ("labels",)


def kith(arguments: str, landing: Path, home: Path, day: date) -> list[str]:
    """One command of `kith`, as a process."""
    where = ["--landing", str(landing), "--home", str(home), "--as-of-date", day.isoformat()]
    return [sys.executable, "-m", "ml.cli", *arguments.split(), *where]


def environment() -> dict[str, str]:
    """This code's, wherever it was installed from."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def new_home(home: Path, settings: dict[str, object]) -> None:
    """An empty home folder with the demo brand's settings and those given."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    lines = [f"{name} = {value!r}" for name, value in {**DEMO_SETTINGS, **settings}.items()]
    (home / SETTINGS_FILE).write_text("\n".join(lines).replace("'", '"') + "\n", encoding="utf-8")


def open_zone(zone: Zone, landing: Path) -> Callable[[], None]:
    """The zone without what came on its last day, as links to its files; call what it gives to let that day come."""
    shutil.rmtree(landing, ignore_errors=True)
    last = zone.files_of(zone.end - timedelta(days=1))

    def land(files: Iterable[Path]) -> None:
        for file in files:
            place = landing / file.parent.name / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(file)

    land(file for file in zone.files if file not in last)
    return lambda: land(last)


def measure_day(
    landing: Path,
    home: Path,
    day: date,
    say: Callable[[str], None],
    left_out: tuple[str, ...] = (),
    until: str | None = None,
) -> Iterator[tuple[str, TreeCost]]:
    """What each stage of a day takes, one after the other, as it ends; their words go to a log beside the home.

    Args:
        landing: the landing zone.
        home: the home folder.
        day: the as_of_date.
        say: receives a line for each stage.
        left_out: stages that this day has no need of.
        until: the last stage; the whole day when absent.
    """
    for stage, command in stages().items():
        if stage in left_out:
            continue
        log = home.parent / "stages.log"
        cost = cost_of_tree(kith(command, landing, home, day), log, environment())
        say(f"  {day} {stage}: {cost.processor:.1f} s of processors, {cost.memory / 1e9:.2f} GB")
        yield stage, cost
        if stage == until:
            return
