"""The published tables: built last, in the warehouse, from everything before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb
import yaml

from ml.activate.audiences.before import write_version_before
from ml.data.build import HOLDOUTS
from ml.data.control import write_dates
from ml.data.snapshots import Snapshots
from ml.data.warehouse import connect, frame, write_table
from ml.errors import KithError
from ml.home import DBT_PROJECT
from ml.run import Run, RunState, digest_of
from ml.serve.portrait import broken_tags
from ml.transform import run_models

# One order dated in the year 1 must not ask for a hundred thousand weeks. A level goes on from the one before, so a
# beginning that moved every week would ask for all weeks again: it moves once a year.
LEVEL_YEARS = 10

PARTS = ("relationship", "activation", "published")
DECLARATIONS = DBT_PROJECT / "models" / "published"


@dataclass(frozen=True)
class PublishedTable:
    """A table of the contract: its name and the columns that order it and tell its rows apart."""

    name: str
    key: tuple[str, ...]


@cache
def declared_tables() -> list[dict[str, Any]]:
    """The tables of a version as the dbt project declares them: name, description, key, columns."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(DECLARATIONS.glob("*.yml"))]
    return [model for text in texts for model in yaml.safe_load(text).get("models", [])]


@cache
def published_tables() -> list[PublishedTable]:
    """The tables of a version, each with its key."""
    return [
        PublishedTable(model["name"], tuple(model["config"]["meta"]["key"]))
        for model in declared_tables()
    ]


def build_tables(run: Run) -> None:
    """Build relationship and published tables; fixes the run's id, which the tables carry.

    Raises:
        KithError: a target has not been scored for this day.
    """
    state = RunState(run).require("score", "score")
    with connect(run.home) as connection:
        _require_all_scored(connection, run)
        before = write_version_before(connection, run)
        run_id = compute_run_id(connection, run, str(state["landing_digest"]), before)
        write_table(connection, "control.run", {"run_id": "varchar"}, [[run_id]])
        grid = level_grid(state["first_fact"], run.as_of_date)
        missing = _level_snapshots(connection, run, state["first_fact"]).missing(grid)
        write_dates(connection, "control.level_plan", missing)
    run.report(
        f"relationship: {len(missing)} of {len(grid)} weeks of levels to build; published tables"
    )
    try:
        run_models(
            run.home,
            run.as_of_date,
            [*(f"path:models/{part}" for part in PARTS), "--exclude", HOLDOUTS],
            run.report,
        )
    except KithError as failure:
        _name_broken_tags(run, failure)
        raise
    with connect(run.home) as connection:
        _level_snapshots(connection, run, state["first_fact"]).record(missing)
    RunState(run).note("tables", run_id=run_id)


def _name_broken_tags(run: Run, failure: KithError) -> None:
    """The catalogue of tags is written by its users, who know tags and not models."""
    with connect(run.home) as connection:
        broken = broken_tags(connection)
    if broken:
        told = "; ".join(f"tag '{tag}': {fault}" for tag, fault in broken.items())
        raise KithError(
            f"The catalogue of tags (seeds/tag_rules.csv) cannot be computed: {told}. "
            f"Correct these rows or remove them."
        ) from failure


def compute_run_id(
    connection: duckdb.DuckDBPyConnection, run: Run, landing_digest: str, before: str
) -> str:
    """Digest of the visible rows, the settings, the code, the models served, the day, and what was carried over."""
    models = frame(
        connection,
        "select target, horizon_days, status, reason_code, sha256 from scores.verdicts order by all",
    )
    served = models.to_csv(index=False)
    return digest_of(
        [landing_digest, run.definition(), served, run.as_of_date.isoformat(), before]
    )[:32]


def level_grid(first_fact: str | None, as_of_date: date) -> list[date]:
    """Each Monday after the first fact, up to the run's date; at most those of this year and LEVEL_YEARS before it."""
    if first_fact is None:
        return []
    monday = max(date.fromisoformat(first_fact) + timedelta(days=1), _earliest_week(as_of_date))
    monday += timedelta(days=-monday.weekday() % 7)
    return [monday + timedelta(weeks=week) for week in range((as_of_date - monday).days // 7 + 1)]


def _earliest_week(as_of_date: date) -> date:
    return date(max(as_of_date.year - LEVEL_YEARS, date.min.year), 1, 1)


def _level_snapshots(
    connection: duckdb.DuckDBPyConnection, run: Run, first_fact: str | None
) -> Snapshots:
    """The weeks of levels that are there; where facts are older than the grid, they hold for its beginning only."""
    earliest = _earliest_week(run.as_of_date)
    cut = first_fact is not None and date.fromisoformat(first_fact) < earliest
    return Snapshots(
        connection,
        run,
        "relationship",
        "customer_level_snapshots",
        begins=earliest if cut else None,
    )


def _require_all_scored(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    scored = set(connection.execute("select target, horizon_days from scores.verdicts").fetchall())
    missing = [
        target.key for target in run.targets if (target.name, target.horizon_days) not in scored
    ]
    if missing:
        raise KithError(
            f"The published tables need a verdict on every target; missing for {run.as_of_date}: "
            f"{', '.join(missing)}. Run `kith score` for them first."
        )
