"""Records that come to stand in one cluster without having been compared.

Two records meet on the first day on which the evidence puts both into one cluster of at most `_COMPARED_WITHIN`
records; from then on they are compared, even when the cluster grows on. So who is compared on a day follows from
what that day sees, and nothing that is known later changes it.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from ml.data.warehouse import little_memory, write_table
from ml.identity.merge_tree import MOST_NODES, components, growing_clusters, in_portions
from ml.identity.steps import OPEN

_COMPARED_WITHIN = 60

# Evidence by the day from which it joins; that some of it ends later only makes more records meet than need to.
_EVIDENCE = """
    select cast(l as integer) as l, cast(r as integer) as r, cast(start_day as integer) as start_day
    from (
        select left_record_no as l, right_record_no as r, date_diff('day', date '1970-01-01', valid_from) as start_day
        from accepted
        union all
        select left_record_no, right_record_no, date_diff('day', date '1970-01-01', cast(known_at as date)) + 1
        from (select left_record_no, right_record_no, known_at from sharing union all from same)
    )
"""
_CLUSTERS = {"record_no": "bigint", "cluster": "bigint"}
_HEADS = {"record_no": "bigint", "head": "bigint", "since": "integer"}


def meet_in_clusters(connection: duckdb.DuckDBPyConnection) -> None:
    """Write `meeting`, the states of records that met in a cluster, and `clusters`, who stands together at last."""
    with little_memory(connection):
        _write_clusters(connection)
    # The younger of two states makes a pair known, or the day on which their records met.
    connection.execute(
        f"""
        create or replace table meeting as
        with small as (
            select * from heads
            qualify count(*) over (partition by head order by since) <= {_COMPARED_WITHIN}
        ),

        met as (
            select l.record_no as left_record_no, r.record_no as right_record_no,
                date '1970-01-01' + (min(greatest(l.since, r.since)) - 1) as met_on
            from small as l
            inner join small as r on l.head = r.head and l.record_no < r.record_no
            group by l.record_no, r.record_no
        )

        select least(l.state_no, r.state_no) as left_state_no, greatest(l.state_no, r.state_no) as right_state_no,
            greatest(l.known_at, r.known_at, met_on) as known_at
        from met
        inner join states as l on left_record_no = l.record_no
        inner join states as r on right_record_no = r.record_no
        """
    )


def _write_clusters(connection: duckdb.DuckDBPyConnection) -> None:
    """Write `clusters`, and `heads`, the first record of each one's cluster and the day since when it is."""
    evidence = connection.execute(_EVIDENCE).to_arrow_table()
    left, right, start = (evidence[name].to_numpy() for name in ("l", "r", "start_day"))
    records = max(left.max(initial=-1), right.max(initial=-1)) + 1
    label = components(records, left, right)
    joined = np.zeros(records, np.bool_)
    joined[left] = joined[right] = True
    clusters = pa.table({"record_no": np.flatnonzero(joined), "cluster": label[joined]})
    write_table(connection, "clusters", _CLUSTERS, clusters)
    write_table(connection, "heads", _HEADS, [])
    before = start.min(initial=0) - 1
    for portion in in_portions(joined, label, MOST_NODES):
        number, place = np.flatnonzero(portion), np.cumsum(portion) - 1
        own = portion[left]
        since = np.full(len(number), before, np.int32)
        until = np.full(len(number), OPEN, np.int32)
        found = growing_clusters(
            since,
            until,
            np.unique(label[number], return_inverse=True)[1],
            place[left[own]],
            place[right[own]],
            start[own],
        )
        rows = pa.table(  # noqa: F841 - DuckDB finds the table by this name
            {"record_no": number[found.node], "head": number[found.head], "since": found.since}
        )
        connection.execute("insert into heads from rows")
