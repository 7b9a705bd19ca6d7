"""Commands that build, learn, score and publish one day: the steps that the DAGs call."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from ml.commands.options import DAY, in_step, run_options, target_option

rebuild_option = click.option(
    "--rebuild", is_flag=True, help="Leave nothing of the warehouse; build it from the first row."
)


@click.command()
@run_options
@rebuild_option
def run(rebuild: bool, **options: Any) -> None:
    """Everything for one day: build, train when due, score, audit, publish."""
    from ml import flow

    in_step(options, "run", flow.anew(flow.run_day) if rebuild else flow.run_day)


@click.command()
@run_options
@click.option(
    "--part",
    type=click.Choice(["landing", "identity", "events", "features", "labels", "tables"]),
    help="Only this part, as the DAGs do; `labels` is for training, `tables` comes after `score`.",
)
@rebuild_option
def build(part: str | None, rebuild: bool, **options: Any) -> None:
    """From the landing zone to the features of one day."""
    from ml import flow

    if rebuild and part not in (None, "landing"):
        raise click.UsageError(f"--rebuild begins with the landing zone, not with --part {part}.")
    work = flow.PARTS[part] if part else flow.build
    in_step(options, f"build {part or ''}".strip(), flow.anew(work) if rebuild else work)


@click.command()
@click.argument("border", type=click.Choice(["landing", "features", "scores"]))
@run_options
def expect(border: str, **options: Any) -> None:
    """Check one border with its Great Expectations suite."""
    from ml.gates import check_border

    in_step(options, f"expect {border}", lambda run: check_border(run, border))


@click.command()
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

    in_step(options, "train", lambda run: flow.train(run, when_due, name))


@click.command()
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

        in_step(options, "evaluate", lambda run: evaluate_published(run, published, name))
        return
    from ml.learn.champion import evaluate_candidates

    in_step(options, "evaluate", lambda run: evaluate_candidates(run, name))


@click.command()
@run_options
@target_option
def promote(name: str | None, **options: Any) -> None:
    """Let candidates serve that are the first of their kind, or proved better."""
    from ml.learn.champion import promote_candidates

    in_step(options, "promote", lambda run: promote_candidates(run, name))


@click.command()
@run_options
@click.option(
    "--target",
    "names",
    multiple=True,
    help="Only score the targets of this name (give it again for more), and build no tables.",
)
def score(names: tuple[str, ...], **options: Any) -> None:
    """Score every target and build the published tables."""
    from ml import flow
    from ml.serve.score import score_customers

    in_step(options, "score", (lambda run: score_customers(run, names)) if names else flow.score)


@click.command()
@run_options
def audit(**options: Any) -> None:
    """Check the tables against each other and against what came in."""
    from ml.serve.audit import audit_tables

    in_step(options, "audit", audit_tables)


@click.command()
@run_options
def publish(**options: Any) -> None:
    """Write the audited tables as a version, and point readers to it."""
    from ml.serve.publish import publish_version

    in_step(options, "publish", publish_version)


@click.command()
@run_options
@target_option
def monitor(name: str | None, **options: Any) -> None:
    """Hold every published day that has come true by now against what happened."""
    from ml.learn.monitoring import monitor_published

    in_step(options, "monitor", lambda run: monitor_published(run, name))


@click.command()
@run_options
def docs(**options: Any) -> None:
    """Write the page of every table and column, with the lineage from landing zone to use."""
    from ml.serve.docs import write_docs

    in_step(options, "docs", write_docs)


COMMANDS = (run, build, expect, train, evaluate, promote, score, audit, publish, monitor, docs)
