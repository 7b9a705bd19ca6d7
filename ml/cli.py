"""The command line: `kith`.

Exit status: 0 done; 1 a stop with a reason the user can act on; 2 wrong usage.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ml.commands import (
    audiences,
    effects,
    experiments,
    exports,
    home,
    landing,
    people,
    plan,
    recommend,
    steps,
)
from ml.errors import KithError
from ml.faults import describe_fault


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kith")
def cli() -> None:
    """One customer table, and who buys next, who is leaving, who will share."""


for _command in (
    *landing.COMMANDS,
    *steps.COMMANDS,
    *experiments.COMMANDS,
    *audiences.COMMANDS,
    *recommend.COMMANDS,
    *effects.COMMANDS,
    *plan.COMMANDS,
    *exports.COMMANDS,
    *home.COMMANDS,
    *people.COMMANDS,
):
    cli.add_command(_command)


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
