"""From profile states and candidates to the pairs of records that are one person, and the doubts about others.

Every pair is judged with the parameters of the epoch in which it became known. A later epoch may accept
more pairs, but takes none back: only evidence and people end what was accepted, never a new estimate.
"""

from __future__ import annotations

import logging

import duckdb

from ml.data.erasures import load_erasures
from ml.data.sql_text import literal
from ml.data.traces import FormerEpoch
from ml.data.warehouse import connect_in_memory
from ml.matching.doubts import add_doubts_of_sharers, add_doubts_of_strangers
from ml.matching.epochs import Epoch, epochs, parameters_of
from ml.matching.former import former_parameters, restore_doubts, restore_pairs
from ml.matching.parameters import Parameters
from ml.matching.scores import COLUMNS, score_pairs
from ml.matching.tables import DOUBTS, PAIRS, create, write_matched
from ml.matching.within import pairs_within_clusters
from ml.run import Run

_INPUTS = {
    "states": "select * from warehouse.identity.int_identity__profile_states order by state_no",
    "candidates": (
        "select c.left_state_no, c.right_state_no, least(l.record_no, r.record_no) as left_record_no, "
        "greatest(l.record_no, r.record_no) as right_record_no, c.known_at "
        "from warehouse.identity.int_identity__candidates as c inner join states as l on c.left_state_no = l.state_no "
        "inner join states as r on c.right_state_no = r.state_no order by all"
    ),
    "sharing": "select * from warehouse.identity.int_identity__sharing order by all",
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
    # Splink reports every chunk of work; what matters to people is said by the step.
    logging.getLogger("splink").setLevel(logging.ERROR)
    with connect_in_memory(run.home) as connection:
        connection.execute(f"attach {literal(run.home.database)} as warehouse")
        for name, query in _INPUTS.items():
            connection.execute(f"create table {name} as {query}")
        create(connection, "accepted", PAIRS)
        create(connection, "doubts", DOUBTS)
        former = _former_epochs(run)
        learned = [
            (
                epoch,
                former_parameters(former, epoch.begins)
                or parameters_of(connection, epoch, run.definition(), run.home.matching),
            )
            for epoch in epochs(connection, former)
        ]
        for epoch, parameters in learned:
            if _judge(connection, run, "candidates", epoch, parameters):
                add_doubts_of_sharers(connection, parameters, epoch)
        restore_pairs(connection)
        # Whoever shares a value is among the candidates.
        pairs_within_clusters(connection)
        for epoch, parameters in learned:
            _judge(connection, run, "within", epoch, parameters)
        restore_pairs(connection)
        restore_doubts(connection)
        return write_matched(connection, learned)


def _former_epochs(run: Run) -> list[FormerEpoch]:
    """The epochs that had begun when somebody was erased, as far as the run's day sees them."""
    erasures = load_erasures(run.home.erasures)
    former = erasures.traces.epochs if erasures else []
    return [epoch for epoch in former if epoch.begins <= run.as_of_date.isoformat()]


def _judge(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    pairs: str,
    epoch: Epoch,
    parameters: Parameters,
) -> bool:
    """Score the pairs that a day before the epoch's end can see, and add to `accepted` and `doubts`; were there any?"""
    # What a later epoch accepted says nothing of this one's days.
    before = f"(select left_record_no, right_record_no from accepted where epoch < {epoch.number})"
    until = f"where cast(known_at as date) + 1 < date '{epoch.ends}'" if epoch.ends else ""
    connection.execute(
        f"create or replace table open_pairs as select * from {pairs} "
        f"anti join {before} as decided using (left_record_no, right_record_no) {until} order by all"
    )
    if not score_pairs(connection, parameters, epoch, "open_pairs"):
        return False
    begins = f"date '{epoch.begins}'" if epoch.begins else "date '0001-01-01'"
    weight = run.home.settings.match_weight
    connection.execute(
        f"""
        insert into accepted
        select left_record_no, right_record_no, left_state_no, right_state_no, {epoch.number},
            greatest(known_at, cast({begins} as timestamp)), greatest(cast(known_at as date) + 1, {begins}),
            {", ".join(COLUMNS)}
        from scored
        where match_weight >= {weight}
        qualify row_number() over (
            partition by left_record_no, right_record_no
            order by known_at, match_weight desc, left_state_no, right_state_no
        ) = 1
        """
    )
    add_doubts_of_strangers(connection, epoch)
    return True
