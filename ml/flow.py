"""The whole flow of one day, in one direction: landing to published version.

The command line runs it in one process; the DAGs run the same steps one by one. What learns and what scores is
imported where it is called: a step that only builds need not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from ml import gates, transform
from ml.data.build import build_events, build_features, build_identity, build_labels
from ml.data.stage import build_landing
from ml.data.warehouse import discard_warehouse
from ml.gates import check_border
from ml.run import Run
from ml.serve.audit import audit_tables
from ml.serve.publish import publish_version
from ml.serve.tables import build_tables

# The parts of `kith build`, in their order; the last two need what training and scoring put in between.
PARTS: dict[str, Callable[[Run], None]] = {
    "landing": build_landing,
    "identity": build_identity,
    "events": build_events,
    "features": build_features,
    "labels": build_labels,
    "tables": build_tables,
}


def anew(work: Callable[[Run], Any]) -> Callable[[Run], Any]:
    """The same work in a warehouse of which nothing is left; files of the landing zone that were read stay read."""

    def without_warehouse(run: Run) -> Any:
        discard_warehouse(run.home)
        return work(run)

    return without_warehouse


def build(run: Run) -> None:
    """From the landing zone to checked features at the run's date."""
    build_landing(run)
    check_border(run, "landing")
    build_identity(run)
    build_events(run)
    build_features(run)
    check_border(run, "features")


def train(run: Run, only_when_due: bool = False, name: str | None = None) -> bool:
    """A candidate for each target (or for those of one name), or only for those that are due; was there any?"""
    if only_when_due:
        from ml.learn.champion import due_targets

        targets = due_targets(run, name)
    else:
        targets = run.target(name) if name else run.targets
    if targets:
        from ml.learn.fit import train_models

        train_models(run, targets)
    return bool(targets)


def score(run: Run) -> None:
    """Scores of every target, and the published tables with them, checked."""
    from ml.serve.score import score_customers

    score_customers(run)
    build_tables(run)
    check_border(run, "scores")


def run_day(run: Run) -> str:
    """Everything for one day: build, train when due, score, audit, publish, monitor. Gives the version's name."""
    transform.start(run.home)
    gates.start()
    from ml.learn.champion import promote_candidates

    build(run)
    trained = train(run, only_when_due=True)
    promote_candidates(run)
    score(run)
    audit_tables(run)
    name = publish_version(run)
    if trained:  # as often as models are made, labels are worth building for what was published
        from ml.learn.monitoring import monitor_published

        monitor_published(run)
    return name


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
