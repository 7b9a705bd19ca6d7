"""Commands on what messages and lists bring."""

from __future__ import annotations

from typing import Any

import click

from ml.commands.options import in_step, run_options


@click.command()
@run_options
def uplift(**options: Any) -> None:
    """Learn from randomised contacts whom a message moves, and say it of everybody who may be written to."""
    from ml.activate.uplift.step import estimate_effects

    in_step(options, "uplift", estimate_effects)


@click.command()
@click.argument("audience", required=False)
@run_options
def lift(audience: str | None, **options: Any) -> None:
    """What each list and randomised campaign brought, beside the people held out."""
    from ml.activate.lift.step import read_lift

    in_step(options, "lift", lambda run: read_lift(run, audience))


COMMANDS = (uplift, lift)
