"""Building the warehouse for one day: landing, identity, events, features, labels.

Each function is one step, called by the command line and, through it, by the DAGs.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import duckdb

from ml.activate.audiences.register import check_keys
from ml.activate.audiences.tables import write_audiences
from ml.data.control import write_control_tables, write_dates
from ml.data.erasure_filter import erasure_filter
from ml.data.feature_families import write_feature_families
from ml.data.growth import (
    APPEND,
    REBUILD,
    growth_of,
    inputs_digest,
    keeps_numbers,
    numbering_of,
    write_growth,
)
from ml.data.interests import interest_cutoffs, plan_interests, record_interests
from ml.data.landing import discover
from ml.data.landing_gate import check_currencies, report_landing
from ml.data.maturity import complete_until_of, first_fact, label_lag_days, training_plan
from ml.data.phones import normalise_phones
from ml.data.raw_layer import ingest
from ml.data.snapshots import Snapshots
from ml.data.warehouse import (
    connect,
    drop_schema,
    remove_tables,
    table_exists,
    write_table,
)
from ml.matching.names import normalise_names
from ml.run import Run, RunState, digest_of, engine_of
from ml.serve.changed_ids import find_changed_ids
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
# Who is left alone is drawn before anybody is scored.
HOLDOUTS = "int_activation__holdouts"
SNAPSHOT_TABLE = ("features", "customer_features")
TRAINING_PLAN = {"target": "varchar", "horizon_days": "integer", "as_of_date": "date"}
FOLLOW_UP = {"complete_until": "timestamp"}


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
    run.report("staging: typing and judging every row")
    run_models(run.home, run.as_of_date, STAGING, run.report, append=growth.mode == APPEND)
    with connect(run.home) as connection:
        check_currencies(connection, run)
        landing_digest = _landing_digest(connection, run.as_of_date)
        report_landing(connection, run)
    RunState(run).note(
        "landing",
        landing_digest=landing_digest,
        inputs=inputs,
        definition=run.definition(),
        mode=growth.mode,
        numbering=former.get("numbering"),
    )


def build_identity(run: Run) -> None:
    """Decide which records are one customer, at every date."""
    # What compares records and cuts clusters brings Splink and SciPy: only the steps that do pay for them.
    from ml.identity.assign import assign_customers
    from ml.matching.match import match_records

    state = RunState(run).require("landing", "build --part landing")
    if _is_kept(run, "identity"):
        return
    run.report("identity: comparing records")
    matches = match_records(run)
    run.report("identity: who is who")
    run_models(
        run.home,
        run.as_of_date,
        ["path:models/identity", "--exclude", "customer_map+", "path:models/identity/evidence"],
        run.report,
        append=state["mode"] == APPEND,
    )
    with connect(run.home) as connection:
        merges = assign_customers(
            connection, run.home.settings.max_customer_records, run.definition()
        )
        counts = connection.execute(
            "select count(distinct record_no), count(distinct head_record_no) from resolved.record_customers "
            "where valid_to is null"
        ).fetchone()
        changed = find_changed_ids(connection, run, partial(_landing_digest, connection))
        mode = state["mode"] if keeps_numbers(connection, state) else REBUILD
        numbering = numbering_of(connection)
    records, customers = counts or (0, 0)
    run.report(
        f"identity: {records:,} records are {customers:,} customers; {matches:,} pairs of records matched, "
        f"{merges:,} merges on the way"
    )
    if mode != state["mode"]:
        run.report("identity: an older record came to light; every fact is numbered anew")
    RunState(run).note(
        "identity",
        customers=customers,
        changed_ids=changed.as_json() if changed else None,
        mode=mode,
        numbering=numbering,
    )


def build_events(run: Run) -> None:
    """Attach every fact to its record, versions resolved, and measure how late facts come."""
    from ml.identity.households import assign_households

    state = RunState(run).require("identity", "build --part identity")
    if _is_kept(run, "events"):
        return
    run.report("events: every fact with its customer and both clocks")
    run_models(
        run.home,
        run.as_of_date,
        ["customer_map+,path:models/identity", "path:models/events"],
        run.report,
        append=state["mode"] == APPEND,
    )
    with connect(run.home) as connection:
        housemates, households = assign_households(connection)
        lag = label_lag_days(connection, run)
        began = first_fact(connection)
    run.report(f"households: {housemates:,} customers live in {households:,} known households")
    run.report(
        f"label_lag_days: {lag} (facts count as complete before {run.as_of_date - timedelta(days=lag)})"
    )
    RunState(run).note(
        "events", label_lag_days=lag, first_fact=began.isoformat() if began else None
    )


def build_features(run: Run) -> None:
    """Build the cohort and the features at the run's own date."""
    RunState(run).require("events", "build --part events")
    if _is_kept(run, "features"):
        return
    _build_snapshots(run, [run.as_of_date], [run.as_of_date], HOLDOUTS)
    RunState(run).note("features")


def build_labels(run: Run) -> None:
    """Plan the cut-offs that have matured, and build features and labels at each of them."""
    state = RunState(run).require("events", "build --part events")
    if _is_kept(run, "labels"):
        return
    build_cutoffs(run, training_plan(run, state))
    RunState(run).note("labels")


def build_cutoffs(run: Run, plan: list[tuple[str, int, date]]) -> None:
    """Build features, labels and outcomes at the cut-offs of a plan: (target, horizon, cut-off)."""
    complete_until = complete_until_of(run, RunState(run).require("events", "build --part events"))
    closed = interest_cutoffs(plan)
    with connect(run.home) as connection:
        write_table(connection, "control.training_plan", TRAINING_PLAN, plan)
        write_table(connection, "control.follow_up", FOLLOW_UP, [[complete_until]])
        write_dates(connection, "control.interest_cutoffs", closed)
    cutoffs = sorted({day for _, _, day in plan})
    run.report(
        f"labels: {len(cutoffs)} cut-offs" + (f", {cutoffs[0]} to {cutoffs[-1]}" if cutoffs else "")
    )
    _build_snapshots(run, cutoffs, closed, "path:models/labels")


def _build_snapshots(run: Run, dates: list[date], interests: list[date], *more: str) -> None:
    """Build features and interests of the dates that lack them, and more models in the same start of dbt."""
    with connect(run.home) as connection:
        families = "|".join(write_feature_families(connection, run.as_of_date, run.targets))
        missing = Snapshots(connection, run, *SNAPSHOT_TABLE, holds=families).missing(dates)
        there = table_exists(connection, ".".join(SNAPSHOT_TABLE))
        if not table_exists(connection, "control.training_plan"):
            write_table(connection, "control.training_plan", TRAINING_PLAN, [])
        write_dates(connection, "control.snapshot_plan", missing)
        drawn_to = plan_interests(connection, run, interests)
    run.report(f"features: {len(missing)} of {len(dates)} snapshot dates to build")
    features = [] if there and not missing else ["path:models/features"]
    interested = [] if drawn_to is None else ["path:models/interests"]
    if select := [*features, *interested, *more]:
        run_models(run.home, run.as_of_date, select, run.report)
    with connect(run.home) as connection:
        Snapshots(connection, run, *SNAPSHOT_TABLE, holds=families).record(missing)
        record_interests(connection, run, drawn_to or [])


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


def _is_kept(run: Run, step: str) -> bool:
    kept = RunState(run).has(step)
    if kept:
        run.report(f"{step}: built for this day already, nothing has changed")
    return kept


def _landing_digest(connection: duckdb.DuckDBPyConnection, day: date) -> str:
    """Digest of the rows that a day sees."""
    days = connection.execute(
        "select entity, visible_on, rows_landed, digest from staging.landing_days where visible_on <= ? order by all",
        [day],
    ).fetchall()
    return digest_of(f"{row}" for row in days)
