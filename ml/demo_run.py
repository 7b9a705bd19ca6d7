"""`make run`: a demo brand, its training, daily and activation DAGs through Airflow, and an account of what came out.

Airflow says much; that goes to `logs/airflow.log` of the home folder. The terminal shows the steps and what
the steps themselves say.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import click

from ml.airflow_home import (
    AIRFLOW,
    airflow_environment,
    brand_from_environment,
    check_day,
    prepare_airflow,
)
from ml.commands.options import say
from ml.data.demo import DEMO_AS_OF_DATE, DEMO_SETTINGS, default_truth_folder
from ml.data.demo.elsewhere import truth_of
from ml.errors import KithError
from ml.home import Home
from ml.settings import SETTINGS_FILE
from ml.stores.place import Place

DAGS = ("propensity_training_weekly", "customer_360_daily", "activation_daily")
KITH = str(Path(sys.executable).parent / "kith")

# Lines of `airflow dags test`: a step begins, ends, speaks, or fails.
_BEGINS = re.compile(r"\[DAG TEST\] starting task_id=(\w+)")
_ENDS = re.compile(r"\[DAG TEST\] end task task_id=(\w+)")
_SPEAKS = re.compile(r"\[info\s*\] (.*?)\s+\[airflow\.task\.hooks\.\S*SubprocessHook\] loc=\S+$")
_FAILS = re.compile(r"^airflow\S*\.Airflow\w*Exception: (.*)$")
_OF_THE_HOOK = ("Tmp dir root location:", "Running command:", "Output:", "Command exited with")


@dataclass
class Progress:
    """Turns the log of one DAG run into lines for people; remembers why a step failed."""

    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    failure: str | None = None
    steps: int = 0
    _begun: dict[str, float] = field(default_factory=dict)
    _step: str = ""

    def read(self, line: str) -> None:
        """Take one line of the log."""
        if begins := _BEGINS.search(line):
            self._step = begins[1]
            self._begun[self._step] = self.clock()
            self.say(f"  {self._step}")
        elif ends := _ENDS.search(line):
            self.steps += 1
            self.say(f"  {ends[1]}: {self.clock() - self._begun.get(ends[1], self.clock()):.0f} s")
        elif fails := _FAILS.match(line):
            self.failure = f"{self._step}: {fails[1].removeprefix('kith: ')}"
            self.say(f"    {self._step} stopped")
        elif (speaks := _SPEAKS.search(line)) and not speaks[1].startswith(_OF_THE_HOOK):
            self.say(f"    {speaks[1].strip()}")


@click.command()
@click.option("--as-of-date", "day", default=DEMO_AS_OF_DATE.isoformat(), show_default=True)
@click.option("--customers", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--months", type=click.IntRange(min=1), default=24, show_default=True)
def main(day: str, customers: int, months: int) -> None:
    """Run the demo into the home folder that KITH_HOME names (default ./home)."""
    try:
        run_demo(date.fromisoformat(day), customers, months, say)
    except (KithError, ValueError) as error:
        click.echo(f"kith: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("kith: stopped", err=True)
        sys.exit(1)


def run_demo(day: date, customers: int, months: int, say: Callable[[str], None]) -> None:
    """Write the demo brand where there is none, run its DAGs for one day, and show what came out.

    Args:
        day: the as_of_date.
        customers: people of the brand that is written.
        months: its history.
        say: receives lines of progress.

    Raises:
        KithError: a step stopped; the message is the step's own paragraph, and names the log.
    """
    home, landing = brand_from_environment()
    check_day(home, day.isoformat())
    home.logs.mkdir(parents=True, exist_ok=True)
    log = home.logs / "airflow.log"
    there = _brand_is_there(landing)
    if not there:
        _write_settings(home)
    environment = airflow_environment(home, landing)
    say(f"Airflow in {home.root / 'airflow'}; what it says goes to {log}")
    with ThreadPoolExecutor(1) as pool:  # Airflow's tables are made while the brand is written
        prepared = pool.submit(prepare_airflow, home, environment, log)
        if there:
            say(f"Landing zone found in {landing}; it is used as it is")
        else:
            say(f"Writing a demo brand to {landing}")
            size = ["--customers", str(customers), "--months", str(months)]
            _call([KITH, "demo", "--landing", str(landing), *size])
        prepared.result()
    (home.root / "airflow" / "claim.json").unlink(
        missing_ok=True
    )  # of a run that was stopped half-way
    for dag_id in DAGS:
        run_dag(dag_id, day, environment, log, say)
    say("")
    _call([KITH, "account", "--home", str(home.root)])
    truth = truth_of(landing)
    if isinstance(truth, Path) and truth.exists():
        say(f"\nWhat is true of the demo brand (who is who, true probabilities): {truth}")


def run_dag(
    dag_id: str, day: date, environment: dict[str, str], log: Path, say: Callable[[str], None]
) -> None:
    """Run one DAG for one day in this process's children, without a scheduler.

    Raises:
        KithError: a step stopped, or Airflow ran no step at all.
    """
    say(f"DAG {dag_id}, as of {day}")
    progress = Progress(say)
    command = [AIRFLOW, "dags", "test", dag_id, day.isoformat()]
    with (
        log.open("a", encoding="utf-8") as sink,
        _started(command, {**environment, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            sink.write(line)
            progress.read(line.rstrip("\n"))
    if process.returncode != 0 or progress.steps == 0:
        why = (
            progress.failure
            or f"Airflow ended {dag_id} with status {process.returncode} after {progress.steps} steps."
        )
        raise KithError(
            f"{why} (The whole log is in {log}. `make run` again takes up what is built already; another day or a "
            "smaller brand: make run AS_OF_DATE=2026-06-01, CUSTOMERS=2000, each with a KITH_HOME of its own.)"
        )


@contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive us: SIGTERM lets Airflow end the step it runs, SIGKILL ends Airflow."""
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            process.send_signal(signal.SIGTERM)
            time.sleep(2)
            os.killpg(process.pid, signal.SIGKILL)
            raise


def _brand_is_there(landing: Place) -> bool:
    # The truth is written last: where it is, the demo brand is whole. A landing zone named by hand is not ours.
    named = bool(os.environ.get("KITH_LANDING"))
    if not isinstance(landing, Path):
        return named
    return default_truth_folder(landing).exists() or (named and landing.is_dir())


def _write_settings(home: Home) -> None:
    settings = home.root / SETTINGS_FILE
    if not settings.exists():
        settings.write_text(
            "".join(f'{name} = "{value}"\n' for name, value in DEMO_SETTINGS.items()),
            encoding="utf-8",
        )


def _call(command: list[str]) -> None:
    status = subprocess.run(command, check=False).returncode
    if status != 0:
        raise KithError(
            f"`{' '.join(command)}` ended with status {status}; what it said stands above."
        )


if __name__ == "__main__":
    main()
