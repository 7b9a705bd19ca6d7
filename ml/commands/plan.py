"""The command that plans the day's contacts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from ml.commands.options import DAY, home_option, say


@click.command()
@home_option
@click.option(
    "--as-of-date",
    "day",
    type=DAY,
    help="The day to plan for; that of the current version when absent.",
)
def plan(home: Path, day: date | None) -> None:
    """Who gets which offer today, and who is left in peace."""
    from ml.activate.plan.make import make_plan
    from ml.home import Home

    place = Home(home.resolve())
    with place.lock("kith plan"):
        make_plan(place, day, say)


COMMANDS = (plan,)
