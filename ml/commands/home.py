"""Commands on a home folder: many days, older versions, what is published, forgetting a person."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from ml.commands.options import DAY, engine_option, home_option, landing_option, say, targets_option
from ml.stores.place import Place


@click.command()
@landing_option
@home_option
@targets_option
@engine_option
@click.option("--from", "first", type=DAY, required=True)
@click.option("--to", "last", type=DAY, required=True)
def backfill(landing: Place, home: Path, targets: Path | None, first: date, last: date) -> None:
    """Run every day from one to another, each as if it were today."""
    from ml.flow import days_between, run_day
    from ml.home import Home
    from ml.run import Run

    if last < first:
        raise click.UsageError(f"--to {last} lies before --from {first}")
    with Home(home.resolve()).lock("kith backfill"):
        for day in days_between(first, last):
            say(f"== {day}")
            run_day(Run.of(home, landing, day, targets, say))


@click.command()
@home_option
@click.option(
    "--to", "version", help="The version to go back to; the one before the current when absent."
)
def rollback(home: Path, version: str | None) -> None:
    """Point readers to an older version."""
    from ml.home import Home
    from ml.serve.mirror import mirror_version
    from ml.serve.versions import Version, Versions

    place = Home(home.resolve())
    versions = Versions(place)

    def mirrored(older: Version) -> None:
        mirror_version(place, older, versions.folder / older.name, say, back=True)

    with place.lock("kith rollback"):
        say(f"current version: {versions.roll_back(version, mirrored).name}")


@click.command()
@home_option
def status(home: Path) -> None:
    """What is published, from when, and how good it is."""
    from ml.home import Home
    from ml.serve.status import describe_home

    for line in describe_home(Home(home.resolve())):
        say(line)


@click.command()
@home_option
def account(home: Path) -> None:
    """What came in, who is who, how good each model is, whom to call first, and where everything lies."""
    from ml.home import Home
    from ml.learn.registry import Registry
    from ml.serve.account import describe_account

    place = Home(home.resolve())
    for line in describe_account(place, Registry(place).figures):
        say(line)


@click.command()
@landing_option
@home_option
@click.option("--customer", "customer_id", help="The person's customer id, of today or retired.")
@click.option("--key", nargs=2, metavar="SOURCE KEY", help="One of the person's records.")
@click.option(
    "--rewrite-landing", is_flag=True, help="Take the person's rows out of the landing files, too."
)
def erase(
    landing: Place,
    home: Path,
    customer_id: str | None,
    key: tuple[str, str] | None,
    rewrite_landing: bool,
) -> None:
    """Forget a person: everywhere in the home folder, and in every later run."""
    from ml.home import Home
    from ml.serve.erase import erase_person
    from ml.serve.erased_whom import Erasure

    if (customer_id is None) == (key is None):
        raise click.UsageError("Name the person by --customer ID or by --key SOURCE KEY.")
    place = Home(home.resolve())
    with place.lock("kith erase"):
        erase_person(Erasure(place, landing, customer_id, key, rewrite_landing, say))


COMMANDS = (backfill, rollback, status, account, erase)
