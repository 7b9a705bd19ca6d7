"""The command line: `kith`. Each command imports only what it needs, so that `kith status` is quick.

Exit status: 0 done; 1 a stop with a reason the user can act on; 2 wrong usage.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ml.errors import KithError
from ml.faults import describe_fault

if TYPE_CHECKING:
    from ml.run import Run

Command = Callable[..., None]


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

home_option = click.option(
    "--home",
    type=FOLDER,
    envvar="KITH_HOME",
    default=Path("home"),
    show_default=True,
    help="The home folder.",
)
landing_option = click.option(
    "--landing", type=FOLDER, required=True, envvar="KITH_LANDING", help="The landing zone."
)
target_option = click.option("--target", "name", help="Only the targets of this name.")


def run_options(command: Command) -> Command:
    """The options that every step of a run takes."""
    for option in (
        click.option(
            "--targets",
            type=FOLDER,
            envvar="KITH_TARGETS",
            help="Another targets file than the seed.",
        ),
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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kith")
def cli() -> None:
    """One customer table, and who buys next, who is leaving, who will share."""


@cli.command()
@landing_option
@click.option("--customers", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--months", type=click.IntRange(min=1), default=24, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
def demo(landing: Path, customers: int, months: int, seed: int) -> None:
    """Write a demo brand, and beside the landing zone its truth."""
    from ml.data.demo import DEMO_AS_OF_DATE, DEMO_SETTINGS, default_truth_folder, write_demo

    summary = write_demo(
        landing, default_truth_folder(landing), customers, months, seed, on_progress=say
    )
    say(str(summary))
    settings = ", ".join(f'{name} = "{value}"' for name, value in DEMO_SETTINGS.items())
    say(f"Run it as of {DEMO_AS_OF_DATE}; settings for kith.toml in the home folder: {settings}")


@cli.command("import")
@click.argument("dataset", type=click.Choice(["online-retail", "cdnow", "taobao-shares"]))
@click.argument("source", type=FOLDER)
@landing_option
def import_data(dataset: str, source: Path, landing: Path) -> None:
    """Bring a public data set into the landing format."""
    from ml.data.importers import IMPORTERS

    say(str(IMPORTERS[dataset](source, landing)))


@cli.command()
@landing_option
@click.option("--home", type=FOLDER, help="Take the settings (kith.toml) of this home folder.")
def check(landing: Path, home: Path | None) -> None:
    """Say what was found in a landing zone, how it was mapped, and what would be refused."""
    from ml.data.check import check_landing

    check_landing(landing.resolve(), home, say)


@cli.command()
@run_options
def run(**options: Any) -> None:
    """Everything for one day: build, train when due, score, audit, publish."""
    from ml.flow import run_day

    _step(options, "run", run_day)


@cli.command()
@run_options
@click.option(
    "--part",
    type=click.Choice(["landing", "identity", "events", "features", "labels", "tables"]),
    help="Only this part, as the DAGs do; `labels` is for training, `tables` comes after `score`.",
)
def build(part: str | None, **options: Any) -> None:
    """From the landing zone to the features of one day."""
    from ml import flow

    _step(options, f"build {part or ''}".strip(), flow.PARTS[part] if part else flow.build)


@cli.command()
@click.argument("border", type=click.Choice(["landing", "features", "scores"]))
@run_options
def expect(border: str, **options: Any) -> None:
    """Check one border with its Great Expectations suite."""
    from ml.gates import check_border

    _step(options, f"expect {border}", lambda run: check_border(run, border))


@cli.command()
@run_options
@target_option
@click.option(
    "--when-due",
    is_flag=True,
    help="Only targets without a model for this day, or with an old one.",
)
def train(name: str | None, when_due: bool, **options: Any) -> None:
    """Train a candidate for each target."""
    from ml import flow

    _step(options, "train", lambda run: flow.train(run, when_due, name))


@cli.command()
@run_options
@target_option
@click.option(
    "--of",
    "published",
    type=DAY,
    help="Hold what was published for this earlier day against what happened.",
)
def evaluate(name: str | None, published: date | None, **options: Any) -> None:
    """Compare candidates with champions; with --of, published scores with what happened since."""
    if published is not None:
        from ml.learn.realised import evaluate_published

        _step(options, "evaluate", lambda run: evaluate_published(run, published, name))
        return
    from ml.learn.champion import evaluate_candidates

    _step(options, "evaluate", lambda run: evaluate_candidates(run, name))


@cli.command()
@run_options
@target_option
def promote(name: str | None, **options: Any) -> None:
    """Let candidates serve that are the first of their kind, or proved better."""
    from ml.learn.champion import promote_candidates

    _step(options, "promote", lambda run: promote_candidates(run, name))


@cli.command()
@run_options
@target_option
def score(name: str | None, **options: Any) -> None:
    """Score every target and build the published tables (with --target: score that one only)."""
    from ml import flow
    from ml.serve.score import score_customers

    _step(options, "score", flow.score if name is None else lambda run: score_customers(run, name))


@cli.command()
@run_options
def audit(**options: Any) -> None:
    """Check the tables against each other and against what came in."""
    from ml.serve.audit import audit_tables

    _step(options, "audit", audit_tables)


@cli.command()
@run_options
def publish(**options: Any) -> None:
    """Write the audited tables as a version, and point readers to it."""
    from ml.serve.publish import publish_version

    _step(options, "publish", publish_version)


@cli.command()
@run_options
def docs(**options: Any) -> None:
    """Write the page of every table and column, with the lineage from landing zone to use."""
    from ml.serve.docs import write_docs

    _step(options, "docs", write_docs)


@cli.command()
@landing_option
@home_option
@click.option(
    "--targets", type=FOLDER, envvar="KITH_TARGETS", help="Another targets file than the seed."
)
@click.option("--from", "first", type=DAY, required=True)
@click.option("--to", "last", type=DAY, required=True)
def backfill(landing: Path, home: Path, targets: Path | None, first: date, last: date) -> None:
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


@cli.command()
@home_option
@click.option(
    "--to", "version", help="The version to go back to; the one before the current when absent."
)
def rollback(home: Path, version: str | None) -> None:
    """Point readers to an older version."""
    from ml.home import Home
    from ml.serve.versions import Versions

    place = Home(home.resolve())
    with place.lock("kith rollback"):
        say(f"current version: {Versions(place).roll_back(version).name}")


@cli.command()
@landing_option
@home_option
@click.option("--customer", "customer_id", help="The person's customer id, of today or retired.")
@click.option("--key", nargs=2, metavar="SOURCE KEY", help="One of the person's records.")
@click.option(
    "--rewrite-landing", is_flag=True, help="Take the person's rows out of the landing files, too."
)
def erase(
    landing: Path,
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
        erase_person(Erasure(place, landing.resolve(), customer_id, key, rewrite_landing, say))


@cli.command()
@home_option
def status(home: Path) -> None:
    """What is published, from when, and how good it is."""
    from ml.home import Home
    from ml.serve.status import describe_home

    for line in describe_home(Home(home.resolve())):
        say(line)


@cli.command()
@home_option
def account(home: Path) -> None:
    """What came in, who is who, how good each model is, whom to call first, and where everything lies."""
    from ml.home import Home
    from ml.learn.registry import Registry
    from ml.serve.account import describe_account

    place = Home(home.resolve())
    for line in describe_account(place, Registry(place).figures):
        say(line)


def say(line: str) -> None:
    """Print one line at once, so that a log shows progress as it happens."""
    click.echo(line)
    sys.stdout.flush()


def _step(options: dict[str, Any], doing: str, work: Callable[[Run], Any]) -> None:
    """Run one step on one home, alone."""
    from ml.run import Run

    run = Run.of(options["home"], options["landing"], options["day"], options["targets"], say)
    with run.home.lock(f"kith {doing} --as-of-date {run.as_of_date}"):
        work(run)


def main() -> None:
    """Entry point: messages instead of tracebacks."""
    try:
        cli.main(standalone_mode=False)
    except KithError as error:
        click.echo(f"kith: {error}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("kith: stopped", err=True)
        sys.exit(1)
    except Exception as error:
        log = Path("kith-fault.log").resolve()
        log.write_text(describe_fault(error), encoding="utf-8")
        click.echo(
            f"kith: this is a fault of Kith, not of your data. What happened is in {log}; please report it "
            "with the command you ran.",
            err=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
