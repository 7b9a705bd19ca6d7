"""From profile states and candidates to the pairs of records that are one person, and the doubts about others.

Every pair is judged with the parameters of the epoch in which it became known; one that came near is judged
again in each later epoch. So a later epoch may accept more pairs, but takes none back: only evidence and people
end what was accepted, never a new estimate. Pairs are scored in portions, and of each only what decides is
kept: memory follows the matches, not the candidates.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import duckdb

from ml.data.erasures import load_erasures
from ml.data.sql_text import literal
from ml.data.traces import FormerEpoch
from ml.data.warehouse import connect_in_memory, write_table
from ml.matching.backends import backend_of
from ml.matching.doubts import (
    SHARERS,
    add_doubts_of_sharers,
    add_doubts_of_strangers,
    keep_sharers,
)
from ml.matching.epochs import Epoch, epochs, parameters_of
from ml.matching.former import former_parameters, restore_doubts, restore_pairs
from ml.matching.levels import LEVEL_COLUMNS, compare_pairs, meet, open_levels, with_levels
from ml.matching.parameters import Parameters
from ml.matching.portions import portions
from ml.matching.scores import COLUMNS, count_values, score_pairs, write_shares
from ml.matching.tables import DOUBTS, PAIRS, write_matched
from ml.matching.within import pairs_within_clusters
from ml.run import Run

# General experience is not this brand's: bits that a pair must weigh more before the first epoch.
_NOT_LEARNED = 2
# Bits below the least weight that other parameters may still make up for.
_WITHIN_REACH = 10
_UNDECIDED = {"left_state_no": "bigint", "right_state_no": "bigint", "known_at": "timestamp"}

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
        for name, columns in (
            ("accepted", PAIRS),
            ("undecided", _UNDECIDED),
            ("sharers", SHARERS),
            ("doubts", DOUBTS),
        ):
            write_table(connection, name, columns, [])
        backend = backend_of(run.home)
        former = _former_epochs(run)
        definition = run.definition()
        learned = [
            (
                epoch,
                former_parameters(former, epoch.begins)
                or parameters_of(connection, epoch, definition, run.home.matching),
            )
            for epoch in epochs(connection, former)
        ]
        open_levels(connection, definition)
        candidates = meet(connection, "candidates")
        new = compare_pairs(connection, candidates, backend)
        for epoch, parameters in learned:
            caution = 0 if epoch.begins else _NOT_LEARNED
            least = run.home.settings.match_weight + caution
            _accept(connection, candidates, epoch, parameters, least)
            add_doubts_of_sharers(connection, epoch, parameters)
        restore_pairs(connection)
        pairs_within_clusters(connection)
        within = meet(connection, "within")
        new += compare_pairs(connection, within, backend)
        run.report(f"  {new:,} pairs compared that had not met before")
        for epoch, parameters in learned:
            count_values(connection, epoch)
            for _ in _scored(connection, within, parameters, _first_seen_in(epoch), again=True):
                add_doubts_of_strangers(connection)
        restore_doubts(connection)
        return write_matched(connection, learned)


def _former_epochs(run: Run) -> list[FormerEpoch]:
    """The epochs that had begun when somebody was erased, as far as the run's day sees them."""
    erasures = load_erasures(run.home.erasures)
    former = erasures.traces.epochs if erasures else []
    return [epoch for epoch in former if epoch.begins <= run.as_of_date.isoformat()]


def _accept(
    connection: duckdb.DuckDBPyConnection,
    candidates: str,
    epoch: Epoch,
    parameters: Parameters,
    least: float,
) -> None:
    """Add to `accepted` what this epoch accepts of the pairs that became known in it, and of those undecided."""
    count_values(connection, epoch)
    write_table(connection, "matches", PAIRS, [])
    connection.execute("create or replace table waiting as from undecided")
    write_table(connection, "undecided", _UNDECIDED, [])
    for _ in _scored(connection, meet(connection, "waiting"), parameters):
        _sort(connection, epoch, least)
    for _ in _scored(connection, candidates, parameters, _first_seen_in(epoch)):
        _sort(connection, epoch, least)
        keep_sharers(connection, epoch)
        add_doubts_of_strangers(connection)
    connection.execute(
        """
        insert into accepted select * from matches
        qualify row_number() over (
            partition by left_record_no, right_record_no
            order by known_at, match_weight desc, left_state_no, right_state_no
        ) = 1
        """
    )


def _sort(connection: duckdb.DuckDBPyConnection, epoch: Epoch, least: float) -> None:
    """Put the pairs of `scored` into `matches`, or, when they came near, into `undecided`."""
    begins = f"date '{epoch.begins}'" if epoch.begins else "date '0001-01-01'"
    connection.execute(
        f"""
        insert into matches
        select left_record_no, right_record_no, left_state_no, right_state_no, {epoch.number},
            greatest(known_at, cast({begins} as timestamp)), greatest(cast(known_at as date) + 1, {begins}),
            {", ".join(COLUMNS)}
        from scored
        where match_weight >= {least}
        """
    )
    connection.execute(
        "insert into undecided select left_state_no, right_state_no, known_at from scored "
        f"where match_weight < {least} and match_weight >= {least} - {_WITHIN_REACH}"
    )


def _first_seen_in(epoch: Epoch) -> str:
    """The condition on pairs that a day of the epoch is the first to see."""
    begins = f"cast(known_at as date) + 1 >= date '{epoch.begins}'" if epoch.begins else "true"
    ends = f"cast(known_at as date) + 1 < date '{epoch.ends}'" if epoch.ends else "true"
    return f"{begins} and {ends}"


def _scored(
    connection: duckdb.DuckDBPyConnection,
    met: str,
    parameters: Parameters,
    condition: str = "true",
    again: bool = False,
) -> Iterator[None]:
    """Score the pairs that meet a condition, portion after portion; each leaves its weights in `scored`.

    Pairs of records that are accepted already are passed over, unless what speaks against them is asked `again`.
    """
    connection.execute(
        f"create or replace view judged_pairs as select * from {met} where {condition}"
    )
    write_shares(connection, "judged_pairs")
    for first, last in portions(connection, "judged_pairs"):
        connection.execute(
            f"""
            create or replace table open_pairs as
            select * from (
                select left_state_no, right_state_no, pairs.known_at, {", ".join(LEVEL_COLUMNS)},
                    least(l.record_no, r.record_no) as left_record_no,
                    greatest(l.record_no, r.record_no) as right_record_no,
                    least(l.ended_at, r.ended_at) as ended_at
                from ({with_levels("judged_pairs", first, last)}) as pairs
                inner join states as l on left_state_no = l.state_no
                inner join states as r on right_state_no = r.state_no
            )
            {"" if again else "anti join accepted using (left_record_no, right_record_no)"}
            """
        )
        score_pairs(connection, parameters, "open_pairs")
        yield
