"""From profile states and candidates to the pairs of records that are one person, and the doubts about others."""

from __future__ import annotations

import logging

import duckdb

from ml.data.erasures import load_erasures
from ml.data.sql_text import literal
from ml.data.traces import FormerEpoch
from ml.data.warehouse import connect_in_memory
from ml.matching.backends import backend_of
from ml.matching.epochs import Learned, epochs, parameters_of
from ml.matching.former import former_parameters
from ml.matching.judging import judge
from ml.matching.levels import open_levels
from ml.matching.tables import write_matched
from ml.matching.weighed import Weighed
from ml.run import Run

_INPUTS = {
    "states": "select * from warehouse.identity.int_identity__profile_states",
    "candidates": "select * from warehouse.identity.int_identity__candidates",
    "sharing": "select * from warehouse.identity.int_identity__sharing",
    "same": (
        "select left_record_no, right_record_no, known_at from warehouse.identity.int_identity__decisions "
        "where not is_different"
    ),
}


def match_records(run: Run) -> int:
    """Write the `matched` tables of the warehouse; returns how many pairs of records were accepted.

    `matched.pairs`: one row per accepted pair, with the two states that decided, the instant and the day
    from which it holds, its weight in bits and each comparison's part of it. `matched.doubts`: pairs that
    only a person may call the same, and how long. `matched.parameters`: what was learned, per epoch.
    """
    # Splink warns of every level that a brand's records never come to.
    logging.getLogger("splink").setLevel(logging.ERROR)
    with connect_in_memory(run.home) as connection:
        connection.execute(f"attach {literal(run.home.database)} as warehouse")
        for name, query in _INPUTS.items():
            connection.execute(f"create view {name} as {query}")
        definition = run.definition()
        open_levels(connection, definition)
        learned = _learned(run, connection, definition)
        weighed = Weighed(connection, definition, learned, run.as_of_date)
        compared, anew = judge(
            connection, learned, weighed, run.home.settings.match_weight, backend_of(run.home)
        )
        run.report(f"  {compared:,} pairs compared that had not met before; {anew:,} were weighed")
        accepted = write_matched(connection, learned)
        weighed.note()
        return accepted


def _learned(run: Run, connection: duckdb.DuckDBPyConnection, definition: str) -> Learned:
    """The epochs that have begun, and what holds in each."""
    former = _former_epochs(run)
    return [
        (
            epoch,
            former_parameters(former, epoch.begins)
            or parameters_of(connection, epoch, definition, run.home.matching),
        )
        for epoch in epochs(connection, former)
    ]


def _former_epochs(run: Run) -> list[FormerEpoch]:
    """The epochs that had begun when somebody was erased, as far as the run's day sees them."""
    erasures = load_erasures(run.home.erasures)
    former = erasures.traces.epochs if erasures else []
    return [epoch for epoch in former if epoch.begins <= run.as_of_date.isoformat()]
