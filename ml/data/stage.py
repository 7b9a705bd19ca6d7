"""The first step of a build: the landing zone read, typed and judged, and the account of it.

Here it is decided, once for the whole run, whether the warehouse is added to or built anew.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from ml.activate.audiences.register import check_keys
from ml.activate.audiences.tables import write_audiences
from ml.data.control import write_control_tables
from ml.data.erasure_filter import erasure_filter
from ml.data.growth import APPEND, growth_of, inputs_digest, write_growth
from ml.data.landing import discover
from ml.data.landing_gate import check_currencies, report_landing
from ml.data.phones import normalise_phones
from ml.data.raw_layer import ingest
from ml.data.warehouse import connect, drop_schema, remove_tables, table_exists
from ml.matching.names import normalise_names
from ml.run import Run, RunState, digest_of, engine_of
from ml.transform import run_models

# What a day's warehouse consists of before anything is learned from it, with the verdicts on it.
BUILD_STEPS = (
    "landing",
    "checked_landing",
    "identity",
    "events",
    "features",
    "checked_features",
    "labels",
)
# The evidence on who is who needs no more than staging, and a start of dbt costs seconds.
STAGING = ["path:models/staging", "path:seeds", "path:models/identity/evidence"]


def build_landing(run: Run) -> None:
    """Read the landing zone into the warehouse: staged rows, quarantine, and the account of both.

    Where nothing has changed since the warehouse was last built for this day, what was built stays, and
    the next steps find it.

    Raises:
        KithError: a file cannot be read, a required column is missing, or money comes in several
            currencies without rates.
    """
    check_keys(run.home, run.as_of_date)
    landing = discover(run.landing, run.home.landing_headers)
    former = _of_this_engine(run, RunState(run).begin())
    raw_files = ingest(landing, run.home.raw, run.report, erasure_filter(run.home))
    inputs = inputs_digest(run, run.as_of_date, raw_files)
    if former.get("inputs") == inputs and _is_staged(run):
        RunState(run).resume(former, BUILD_STEPS)
        with connect(run.home) as connection:
            drop_schema(connection, run.home, "scores")
            report_landing(connection, run)
        run.report("nothing has changed since the warehouse was built for this day; it is kept")
        return
    with connect(run.home) as connection:
        growth = growth_of(connection, run, former, raw_files)
        write_growth(connection, run, growth, former, raw_files)
        write_control_tables(connection, run.home, run.targets)
        write_audiences(connection, run.home, run.as_of_date)
        drop_schema(connection, run.home, "scores")
        normalise_phones(connection, run.home)
        normalise_names(connection, run.home)
    if former:
        run.report(f"{growth.mode}: {growth.why}")
    append = growth.mode == APPEND
    run.report(f"staging: typing and judging {'new rows' if append else 'every row'}")
    run_models(run.home, run.as_of_date, STAGING, run.report, append=append)
    with connect(run.home) as connection:
        check_currencies(connection, run)
        digest = landing_digest(connection, run.as_of_date)
        report_landing(connection, run)
    RunState(run).note(
        "landing",
        landing_digest=digest,
        inputs=inputs,
        definition=run.definition(),
        mode=growth.mode,
        numbering=former.get("numbering"),
    )


def landing_digest(connection: duckdb.DuckDBPyConnection, day: date) -> str:
    """Digest of the rows that a day sees."""
    days = connection.execute(
        "select entity, visible_on, rows_landed, digest from staging.landing_days where visible_on <= ? order by all",
        [day],
    ).fetchall()
    return digest_of(f"{row}" for row in days)


def _of_this_engine(run: Run, former: dict[str, Any]) -> dict[str, Any]:
    """The former state, where the same engine built it; what another one built goes."""
    engine = run.home.settings.engine
    if not former or engine_of(former) == engine:
        return former
    run.report(
        f"the warehouse was built by {engine_of(former)}; it is removed and built anew by {engine}, and what is "
        "published stays"
    )
    remove_tables(run.home)
    return {}


def _is_staged(run: Run) -> bool:
    """A lost or damaged database is an empty one by now."""
    with connect(run.home) as connection:
        return table_exists(connection, "staging.landing_days")
