"""From profile states and candidates to the pairs of records that are one person, and the doubts about others.

Every pair is judged with the parameters of the epoch in which it became known. A later epoch may accept
more pairs, but takes none back: only evidence and people end what was accepted, never a new estimate.
"""

from __future__ import annotations

import logging

import duckdb
import numpy as np
import pyarrow as pa

from ml.data.sql_text import literal
from ml.data.warehouse import connect_in_memory
from ml.identity.merge_tree import components
from ml.matching.doubts import add_doubts
from ml.matching.epochs import Epoch, epochs, parameters_of
from ml.matching.parameters import Parameters
from ml.matching.scores import COLUMNS, score_pairs
from ml.matching.tables import DOUBTS, PAIRS, create, write_matched
from ml.run import Run

# Records of one cluster that met under no key are compared as well, in clusters of at most so many.
_COMPARED_WITHIN = 60

_INPUTS = {
    "states": "select * from warehouse.identity.int_identity__profile_states order by state_no",
    "candidates": (
        "select c.left_state_no, c.right_state_no, least(l.record_no, r.record_no) as left_record_no, "
        "greatest(l.record_no, r.record_no) as right_record_no, r.known_at "
        "from warehouse.identity.int_identity__candidates as c inner join states as l on c.left_state_no = l.state_no "
        "inner join states as r on c.right_state_no = r.state_no order by all"
    ),
    "sharing": "select * from warehouse.identity.int_identity__sharing order by all",
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
    # Splink warns of every level that a brand's records never come to.
    logging.getLogger("splink").setLevel(logging.ERROR)
    with connect_in_memory(run.home) as connection:
        connection.execute(f"attach {literal(run.home.database)} as warehouse")
        for name, query in _INPUTS.items():
            connection.execute(f"create table {name} as {query}")
        create(connection, "accepted", PAIRS)
        create(connection, "doubts", DOUBTS)
        learned = [
            (epoch, parameters_of(connection, epoch, run.definition(), run.home.matching))
            for epoch in epochs(connection)
        ]
        for epoch, parameters in learned:
            _judge(connection, run, "candidates", epoch, parameters)
        _pairs_within_clusters(connection)
        for epoch, parameters in learned:
            _judge(connection, run, "within", epoch, parameters)
        return write_matched(connection, learned)


def _judge(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    pairs: str,
    epoch: Epoch,
    parameters: Parameters,
) -> None:
    """Score the pairs that a day before the epoch's end can see, and add to `accepted` and `doubts`."""
    until = f"where cast(known_at as date) + 1 < date '{epoch.ends}'" if epoch.ends else ""
    connection.execute(
        f"create or replace table open_pairs as select * from {pairs} "
        f"anti join accepted using (left_record_no, right_record_no) {until} order by all"
    )
    if not score_pairs(connection, parameters, epoch, "open_pairs"):
        return
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
    add_doubts(connection, parameters, epoch)


def _pairs_within_clusters(connection: duckdb.DuckDBPyConnection) -> None:
    """Pairs of states whose records would stand in one cluster without having been compared: `within`."""
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
            select state_no, record_no, known_at, cluster from states inner join clusters using (record_no)
            where records between 3 and {_COMPARED_WITHIN}
        )

        select l.state_no as left_state_no, r.state_no as right_state_no,
            least(l.record_no, r.record_no) as left_record_no,
            greatest(l.record_no, r.record_no) as right_record_no, r.known_at
        from members as l
        inner join members as r on l.cluster = r.cluster and l.state_no < r.state_no and l.record_no <> r.record_no
        anti join candidates on l.state_no = candidates.left_state_no and r.state_no = candidates.right_state_no
        order by all
        """
    )
