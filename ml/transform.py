"""Running one step of the dbt project, in a process of its own that is kept for the next step.

dbt knows nothing of this package and this package does not import dbt: the two meet at dbt's command
line, at the warehouse, and at the control tables. One command per step: the warehouse has one writer at a time.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from ml.companions import Companion, CompanionEndedError, companion
from ml.data.spark import spark_environment
from ml.data.warehouse import handed_over
from ml.errors import KithError
from ml.faults import EntriesWithoutValues, without_values
from ml.home import DBT_PROJECT, REPOSITORY, Home
from ml.learn.catalogue import families

Report = Callable[[str], None]
# Unit tests belong to the tests; a data test runs in the step that builds the last of the tables it looks at.
_IN_PRODUCTION = ("--exclude-resource-type", "unit_test", "--indirect-selection", "buildable")
_OF_EVERY_HOME = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "PYTHONWARNINGS": "ignore"}
_PROGRESS = re.compile(r"(\d+) of (\d+) (?:OK|ERROR|FAIL|PASS|WARN)\b")


def run_models(
    home: Home, as_of_date: date, select: Sequence[str], report: Report, append: bool = False
) -> None:
    """Build the selected models and seeds and run their data tests.

    Args:
        home: the home folder whose warehouse is built.
        as_of_date: the day the run speaks for.
        select: dbt selectors, such as `path:models/staging`.
        report: receives a line of progress now and then.
        append: tables that can grow are added to; otherwise they are built whole.

    Raises:
        KithError: a model or a test failed; the message names it, its error and the full log.
    """
    whole = () if append else ("--full-refresh",)
    options = ("--no-write-json", *_IN_PRODUCTION, *whole, "--select", *select)
    with handed_over(home):
        _run(home, dbt_arguments(home, as_of_date, "build", *options), report)


def write_project_page(home: Home, as_of_date: date, page: Path) -> None:
    """Write dbt's page of every model, source and exposure, with the columns that the warehouse holds.

    It is one file that needs no server and no network. It names columns and holds no row; places on this
    machine are told from the home folder. The old page stays until the new one is whole.

    Raises:
        KithError: dbt stopped; the message names the full log.
    """
    made = _target(home) / "static_index.html"
    made.unlink(missing_ok=True)
    with handed_over(home):
        _run(home, dbt_arguments(home, as_of_date, "docs generate", "--static"), lambda _: None)
    text = made.read_text(encoding="utf-8")
    for place, told in ((home.root, "HOME"), (DBT_PROJECT, DBT_PROJECT.name)):
        for written in (str(place), json.dumps(str(place))[1:-1]):
            text = text.replace(written, told)
    page.parent.mkdir(parents=True, exist_ok=True)
    part = page.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(page)


def start(home: Home) -> None:
    """Let dbt load while something else is done; the first command finds it ready."""
    _dbt(home)


def _dbt(home: Home) -> Companion:
    """One dbt for every home in DuckDB: what names a home comes with each request. A Spark session is of one home."""
    command = [sys.executable, str(DBT_PROJECT / "companion.py")]
    others = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    environment = {**others, **_OF_EVERY_HOME, **_engine_of(home)}
    return companion("dbt", command, environment, REPOSITORY)


def _run(home: Home, arguments: list[str], report: Report) -> None:
    home.logs.mkdir(parents=True, exist_ok=True)
    log = home.logs / "dbt.log"
    request = {"arguments": arguments, "environment": _of_home(home)}
    with log.open("a", encoding="utf-8") as sink:

        def keep(entry: str) -> None:
            sink.write(entry)
            if (found := _PROGRESS.search(entry)) and int(found[1]) % 10 == 0:
                report(f"  {found[1]} of {found[2]} models and checks")

        entries = EntriesWithoutValues(keep)
        try:
            answer = _dbt(home).ask(request, entries.add)
        except CompanionEndedError:
            answer = {"success": False, "failure": None}
        entries.end()
    if not answer["success"]:
        raise KithError(_explain_failure(answer["failure"], log))


def dbt_command(home: Home, as_of_date: date, verb: str, *options: str) -> list[str]:
    """The command line that runs dbt on the warehouse of a home, for a day; it needs `dbt_environment`."""
    return [
        str(Path(sys.executable).parent / "dbt"),
        *dbt_arguments(home, as_of_date, verb, *options),
    ]


def dbt_arguments(home: Home, as_of_date: date, verb: str, *options: str) -> list[str]:
    """What follows the word `dbt` in such a command line."""
    variables = {"as_of_date": as_of_date.isoformat(), "raw_dir": str(home.raw)}
    return [
        *verb.split(),
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--target",
        home.settings.engine,
        "--target-path",
        str(_target(home)),
        # Its own log would hold every statement and quote values; what it prints is kept in ours.
        "--log-level-file",
        "none",
        "--log-path",
        str(_target(home)),
        "--vars",
        json.dumps(variables),
        "--no-version-check",
        *options,
    ]


def dbt_environment(home: Home) -> dict[str, str]:
    """The environment that tells the dbt project where the warehouse is and how much it may use."""
    return {**os.environ, **_OF_EVERY_HOME, **_engine_of(home), **_of_home(home)}


def _engine_of(home: Home) -> dict[str, str]:
    """What dbt's process must be started with, for a Spark session is made once."""
    if home.settings.engine == "spark":
        return {"KITH_ENGINE": "spark", **spark_environment(home)}
    return {"KITH_ENGINE": "duckdb"}


def _of_home(home: Home) -> dict[str, str]:
    return {
        "KITH_WAREHOUSE": str(home.database),
        "KITH_WAREHOUSE_TEMP": str(home.warehouse / "spill"),
        "KITH_THREADS": str(home.settings.threads),
        "KITH_MEMORY_LIMIT": home.settings.memory_limit,
        # dbt must know whom a model reads before it can look into a seed.
        "KITH_FEATURE_FAMILIES": "|".join(families()),
    }


def _target(home: Home) -> Path:
    return home.warehouse / "dbt"


def _explain_failure(failure: dict[str, str] | None, log: Path) -> str:
    """Name the first node that failed and why, as far as dbt could tell."""
    what, why = "the project", "dbt stopped before it built anything"
    if failure is not None:
        what = failure["node"].split(".", 2)[-1]
        why = " ".join(without_values(failure["message"]).split())[:600]
    return f"Building {what} in the warehouse failed: {why}. The whole output is in {log}."
