"""Building the warehouse for one day: landing (ml/data/stage.py), identity, events, features, labels.

Each function is one step, called by the command line and, through it, by the DAGs.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from ml.data.control import write_dates
from ml.data.feature_families import write_feature_families
from ml.data.growth import (
    APPEND,
    REBUILD,
    keeps_numbers,
    numbering_of,
)
from ml.data.interests import interest_cutoffs, plan_interests, record_interests
from ml.data.maturity import complete_until_of, first_fact, label_lag_days, training_plan
from ml.data.snapshots import Snapshots
from ml.data.stage import landing_digest
from ml.data.warehouse import (
    connect,
    table_exists,
    write_table,
)
from ml.run import Run, RunState
from ml.serve.changed_ids import find_changed_ids
from ml.transform import run_models

# Who is left alone is drawn before anybody is scored.
HOLDOUTS = "int_activation__holdouts"
SNAPSHOT_TABLE = ("features", "customer_features")
TRAINING_PLAN = {"target": "varchar", "horizon_days": "integer", "as_of_date": "date"}
FOLLOW_UP = {"complete_until": "timestamp"}


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
        changed = find_changed_ids(connection, run, partial(landing_digest, connection))
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


def _is_kept(run: Run, step: str) -> bool:
    kept = RunState(run).has(step)
    if kept:
        run.report(f"{step}: built for this day already, nothing has changed")
    return kept
