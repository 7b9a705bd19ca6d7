"""The command for trying things out: a variant against the champion's configuration."""

from __future__ import annotations

from typing import Any

import click

from ml.commands.options import in_step, run_options


@click.command()
@run_options
@click.option("--target", "target", required=True, help="The target, as the targets file names it.")
@click.option(
    "--with",
    "with_families",
    multiple=True,
    metavar="FAMILY",
    help="Keep this family of features whatever the choice of families says; the reference goes without it.",
)
@click.option(
    "--without",
    "without_families",
    multiple=True,
    metavar="FAMILY",
    help="Leave this family of features out.",
)
@click.option(
    "--horizon", "horizon_days", type=click.IntRange(min=1), help="Look ahead this many days."
)
@click.option(
    "--population-days",
    type=click.IntRange(min=1),
    help="Ask about whoever was active in this many days.",
)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A number of the trees or of the training, such as num_leaves=4.",
)
@click.option("--rows", help='Only customers for whom this holds, such as "orders_count_all >= 3".')
@click.option(
    "--of-horizon", type=click.IntRange(min=1), help="Which horizon, where the target has several."
)
@click.option("--name", help="Of the report; made from the variant when absent.")
def experiment(**options: Any) -> None:
    """Try a variant of a training against the champion's configuration. Nothing is registered or published."""
    from ml.experiments.command import experiment_of

    in_step(
        options, f"experiment --target {options['target']}", lambda run: experiment_of(run, options)
    )


COMMANDS = (experiment,)
