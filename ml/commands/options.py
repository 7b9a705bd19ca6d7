"""What the commands share: their options, how a line is printed, how a step holds its home."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml.errors import KithError
from ml.stores.place import Place, place_of

if TYPE_CHECKING:
    from ml.run import Run

Command = Callable[..., None]
ENGINES = ["duckdb", "spark"]  # as the setting has them, which would take pydantic to ask
ENGINE = "KITH_ENGINE"


class _Day(click.ParamType[date, str | date]):
    """A day written YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"'{value}' is not a day written YYYY-MM-DD", param, ctx)


DAY = _Day()
FOLDER = click.Path(path_type=Path)


class _Place(click.ParamType[Place, str | Place]):
    """A folder, or `s3://bucket/prefix`."""

    name = "place"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Place:
        try:
            return place_of(value)
        except KithError as error:
            self.fail(str(error), param, ctx)


PLACE = _Place()

home_option = click.option(
    "--home",
    type=FOLDER,
    envvar="KITH_HOME",
    default=Path("home"),
    show_default=True,
    help="The home folder.",
)
landing_option = click.option(
    "--landing",
    type=PLACE,
    required=True,
    envvar="KITH_LANDING",
    help="The landing zone: a folder, or s3://bucket/prefix.",
)
targets_option = click.option(
    "--targets", type=FOLDER, envvar="KITH_TARGETS", help="Another targets file than the seed."
)


def _choose_engine(ctx: click.Context, param: click.Parameter, engine: str | None) -> None:
    """Let the option win over kith.toml, here and in the programs that the step starts."""
    if engine:
        ctx.with_resource(_environment(ENGINE, engine))


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    former = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if former is not None:
            os.environ[name] = former


engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    expose_value=False,
    callback=_choose_engine,
    help="What runs the SQL, for this step; the setting `engine` when absent.",
)
target_option = click.option("--target", "name", help="Only the targets of this name.")


def run_options(command: Command) -> Command:
    """The options that every step of a run takes."""
    for option in (
        engine_option,
        targets_option,
        click.option(
            "--as-of-date",
            "day",
            type=DAY,
            required=True,
            help="00:00 of this day; facts before it count.",
        ),
        home_option,
        landing_option,
    ):
        command = option(command)
    return command


def say(line: str) -> None:
    """Print one line at once, so that a log shows progress as it happens."""
    click.echo(line)
    sys.stdout.flush()


def in_step(options: dict[str, Any], doing: str, work: Callable[[Run], Any]) -> None:
    """Run one step on one home, alone."""
    from ml.run import Run

    run = Run.of(options["home"], options["landing"], options["day"], options["targets"], say)
    with run.home.lock(f"kith {doing} --as-of-date {run.as_of_date}"):
        work(run)
