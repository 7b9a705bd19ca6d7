"""What was thought before somebody was erased, put back where other people's ids rest on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from ml.data.traces import FormerEpoch
from ml.matching.comparisons import COMPARISONS, LEVELS
from ml.matching.parameters import Parameters
from ml.matching.scores import COLUMNS

_RECORDS = "warehouse.identity.int_identity__records"
_ENDS = f"""
    inner join {_RECORDS} as l on former.left_source = l.source and former.left_key = l.source_key
    inner join {_RECORDS} as r on former.right_source = r.source and former.right_key = r.source_key
"""
_SETTLED = f"""
    with members as (
        select record_no, circle, settled_until
        from warehouse.control.former_members inner join {_RECORDS} using (source, source_key)
    )
    select l.record_no as left_record_no, r.record_no as right_record_no, max(l.settled_until) as settled_until
    from members as l inner join members as r on l.circle = r.circle and l.record_no < r.record_no
    group by l.record_no, r.record_no
"""
_PAIRS = f"""
    with places as (
        select state_no, record_no, row_number() over (partition by record_no order by state_no) as place from states
    )
    select l.record_no, r.record_no, ls.state_no, rs.state_no, former.epoch, former.known_at, former.valid_from,
        {", ".join(f"figures[{place}]" for place, _ in enumerate(COLUMNS, start=1))}
    from warehouse.control.former_pairs as former {_ENDS}
    inner join places as ls on l.record_no = ls.record_no and former.left_place = ls.place
    inner join places as rs on r.record_no = rs.record_no and former.right_place = rs.place
"""
# A doubt without an end lasts until one of the two profiles says something new.
_DOUBTS = f"""
    with later as (
        select left_record_no, right_record_no, min(known_at) as changed_at
        from settled inner join states on record_no = left_record_no or record_no = right_record_no
        where known_at >= settled_until
        group by left_record_no, right_record_no
    )
    select l.record_no, r.record_no, former.known_at, coalesce(former.ended_at, later.changed_at), former.weight
    from warehouse.control.former_doubts as former {_ENDS}
    left join later on l.record_no = later.left_record_no and r.record_no = later.right_record_no
"""


def former_parameters(former: Sequence[FormerEpoch], begins: date | None) -> Parameters | None:
    """What had been learned when an epoch began, unless other things were compared then."""
    for one in former:
        levels = {name: len(LEVELS[name]) - 1 for name in COMPARISONS}
        fits = levels == {name: len(m) for name, m in one.m.items()}
        if one.begins == str(begins) and fits:
            return Parameters(one.states, one.partners, one.m, one.u)
    return None


def restore_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the pairs that are settled into `accepted`, in place of what was made of them now."""
    connection.execute(f"create or replace table settled as {_SETTLED}")
    connection.execute(
        "delete from accepted using settled where accepted.left_record_no = settled.left_record_no "
        "and accepted.right_record_no = settled.right_record_no and valid_from <= settled_until"
    )
    connection.execute(f"insert into accepted {_PAIRS}")


def restore_doubts(connection: duckdb.DuckDBPyConnection) -> None:
    """Do the same for `doubts`, after `restore_pairs`."""
    connection.execute(
        "delete from doubts using settled where doubts.left_record_no = settled.left_record_no "
        "and doubts.right_record_no = settled.right_record_no and known_at < settled_until"
    )
    connection.execute(f"insert into doubts {_DOUBTS}")
