"""The command that lets a list leave the house."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from ml.commands.options import DAY, home_option, say

DESTINATIONS = ("google", "meta", "tiktok", "email", "parquet")


@click.command()
@click.argument("audience", required=False)
@click.option("--to", "destination", type=click.Choice(DESTINATIONS), help="Where the list goes.")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every pair of audience and destination of seeds/exports.csv.",
)
@click.option(
    "--planned", is_flag=True, help="Only whom today's plan chose for this audience and channel."
)
@click.option(
    "--as-of-date", "day", type=DAY, help="The day of the list; that of the scores when absent."
)
@home_option
def export(
    audience: str | None,
    destination: str | None,
    every: bool,
    planned: bool,
    day: date | None,
    home: Path,
) -> None:
    """Write the list of an audience for a destination: who may be met there, and who must be taken out."""
    from ml.home import Home

    if every == bool(audience and destination) or (every and (audience or destination)):
        raise click.UsageError("Name an AUDIENCE and --to a destination, or give --all alone.")
    from ml.activate.export.export import Order, declared_orders, export_all

    place = Home(home.resolve())
    with place.lock("kith export"):
        orders = declared_orders(day, planned) if every else []
        if audience and destination:
            orders = [Order(audience, destination, day, planned)]
        export_all(place, orders, say)


COMMANDS = (export,)
