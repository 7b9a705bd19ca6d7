"""From profile states and candidates to the pairs of records that are one person, and the doubts about others.

Every pair is judged with the parameters of the epoch in which it became known; one that came near is judged
again in each later epoch. So a later epoch may accept more pairs, but takes none back: only evidence and people
end what was accepted, never a new estimate. Pairs are scored in portions, and of each only what decides is
kept: memory follows the matches, not the candidates.
"""

from __future__ import annotations

import logging

import duckdb
import numpy as np
import pyarrow as pa

from ml.data.sql_text import literal
from ml.data.warehouse import connect_in_memory
from ml.identity.merge_tree import components
from ml.matching.doubts import COMPARED, add_doubts
from ml.matching.epochs import Epoch, epochs, parameters_of
from ml.matching.parameters import Parameters
from ml.matching.portions import portions
from ml.matching.scores import COLUMNS, count_values, score_pairs
from ml.matching.tables import DOUBTS, PAIRS, create, write_matched
from ml.run import Run

# Records of one cluster that met under no key are compared as well, in clusters of at most so many.
_COMPARED_WITHIN = 60
# Bits below the least weight that other parameters may still make up for.
_WITHIN_REACH = 10
_STATE_PAIR = {"left_state_no": "bigint", "right_state_no": "bigint"}

_INPUTS = {
    "states": "select * from warehouse.identity.int_identity__profile_states",
    "candidates": "select left_state_no, right_state_no from warehouse.identity.int_identity__candidates",
    "sharing": "select * from warehouse.identity.int_identity__sharing",
    "same": (
        "select left_record_no, right_record_no from warehouse.identity.int_identity__decisions "
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
            connection.execute(f"create view {name} as {query}")
        create(connection, "accepted", PAIRS)
        create(connection, "undecided", _STATE_PAIR)
        create(connection, "compared", COMPARED)
        create(connection, "doubts", DOUBTS)
        least = run.home.settings.match_weight
        learned = [
            (epoch, parameters_of(connection, epoch, run.definition(), run.home.matching))
            for epoch in epochs(connection)
        ]
        for epoch, parameters in learned:
            _accept(connection, epoch, parameters, least)
        _pairs_within_clusters(connection)
        for epoch, parameters in learned:
            _doubt(connection, epoch, parameters, least)
        return write_matched(connection, learned)


def _accept(
    connection: duckdb.DuckDBPyConnection, epoch: Epoch, parameters: Parameters, least: float
) -> None:
    """Add to `accepted` what this epoch accepts of the pairs that became known in it, and of those undecided."""
    count_values(connection, epoch)
    create(connection, "matches", PAIRS)
    connection.execute("create or replace table waiting as from undecided")
    create(connection, "undecided", _STATE_PAIR)
    begins = f"date '{epoch.begins}'" if epoch.begins else "date '0001-01-01'"
    first, end = _states_of(connection, epoch)
    for source, start in (("waiting", 0), ("candidates", first)):
        for portion in portions(connection, source, start, end):
            _open(
                connection,
                source,
                portion,
                "anti join accepted using (left_record_no, right_record_no)",
            )
            score_pairs(connection, parameters, epoch, "open_pairs")
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
                "insert into undecided select left_state_no, right_state_no from scored "
                f"where match_weight < {least} and match_weight >= {least} - {_WITHIN_REACH}"
            )
    connection.execute(
        """
        insert into accepted select * from matches
        qualify row_number() over (
            partition by left_record_no, right_record_no
            order by known_at, match_weight desc, left_state_no, right_state_no
        ) = 1
        """
    )


def _doubt(
    connection: duckdb.DuckDBPyConnection, epoch: Epoch, parameters: Parameters, least: float
) -> None:
    """Add to `doubts` what speaks against pairs within clusters that became known in this epoch."""
    count_values(connection, epoch)
    for portion in portions(connection, "within", *_states_of(connection, epoch)):
        _open(connection, "within", portion)
        score_pairs(connection, parameters, epoch, "open_pairs")
        connection.execute(
            f"insert into compared select {', '.join(COMPARED)} from (select {epoch.number} as epoch, * from scored)"
        )
    add_doubts(connection, epoch, parameters, least)


def _states_of(connection: duckdb.DuckDBPyConnection, epoch: Epoch) -> tuple[int, int]:
    """Numbers of the states, [first, end), that became known in an epoch: they are numbered by age."""
    row = connection.execute(
        "select count(*) filter (where cast(known_at as date) + 1 < $begins), "
        "count(*) filter (where $ends is null or cast(known_at as date) + 1 < $ends) from states",
        {"begins": epoch.begins, "ends": epoch.ends},
    ).fetchone()
    return row or (0, 0)


def _open(
    connection: duckdb.DuckDBPyConnection, pairs: str, portion: tuple[int, int], but: str = ""
) -> None:
    """Write `open_pairs`: a portion of some pairs of states, with their records and when the younger one came."""
    first, end = portion
    connection.execute(
        f"""
        create or replace table open_pairs as
        select * from (
            select pairs.*, least(l.record_no, r.record_no) as left_record_no,
                greatest(l.record_no, r.record_no) as right_record_no, r.known_at,
                least(l.ended_at, r.ended_at) as ended_at
            from (
                select left_state_no, right_state_no from {pairs}
                where right_state_no >= {first} and right_state_no < {end}
            ) as pairs
            inner join states as l on left_state_no = l.state_no
            inner join states as r on right_state_no = r.state_no
        ) {but}
        """
    )


def _pairs_within_clusters(connection: duckdb.DuckDBPyConnection) -> None:
    """Write `clusters`, of all that evidence joins, and `within`: pairs of states whose records stand in one."""
    joined = connection.execute(
        "select left_record_no as l, right_record_no as r from accepted union all "
        "select left_record_no, right_record_no from sharing union all from same"
    ).to_arrow_table()
    left, right = (joined[name].to_numpy().astype(np.int64) for name in ("l", "r"))
    count = int(max(left.max(initial=-1), right.max(initial=-1))) + 1
    label = components(count, left, right)
    size = np.bincount(label, minlength=1)[label]
    together = np.flatnonzero(size > 1)
    members = pa.table(
        {"record_no": together, "cluster": label[together], "records": size[together]}
    )
    connection.register("members", members)
    connection.execute("create or replace table clusters as select * from members")
    connection.unregister("members")
    connection.execute(
        f"""
        create or replace table within as
        with members as (
            select state_no, record_no, cluster, records from states inner join clusters using (record_no)
        )

        select l.state_no as left_state_no, r.state_no as right_state_no
        from members as l
        inner join members as r on l.cluster = r.cluster and l.state_no < r.state_no and l.record_no <> r.record_no
        where l.records <= {_COMPARED_WITHIN}
        union all
        select left_state_no, right_state_no
        from candidates
        inner join members as l on left_state_no = l.state_no
        inner join members as r on right_state_no = r.state_no and l.cluster = r.cluster
        where l.records > {_COMPARED_WITHIN}
        """
    )
