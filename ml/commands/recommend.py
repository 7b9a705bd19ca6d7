"""The command for what to offer."""

from __future__ import annotations

from typing import Any

import click

from ml.commands.options import in_step, run_options


@click.command()
@run_options
def recommend(**options: Any) -> None:
    """Three products or categories for each person of a published day, and how good such offers were."""
    from ml.activate.recommend.command import recommend as offer

    in_step(options, "recommend", offer)


COMMANDS = (recommend,)
