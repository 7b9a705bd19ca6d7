"""What the matcher had learned and made of other people's records, kept when somebody is erased.

What was learned stays as it was: figures, of which the person was one part in thousands. But how rare a name is, or
who meets under a crowded key, follows from everybody's rows. Where that would give others another id, what was made
of these others' pairs is kept as it was, up to the day of the erasure: they are a circle, and their pairs are settled.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb
import pyarrow as pa

from ml.data.traces import FormerDoubt, FormerEpoch, FormerMember, FormerPair, Traces, instant

Record = tuple[str, str]

# Levels are numbered from the last, which is 0.
EPOCHS = """
    select learned_on, states, partners, comparison, list(m order by level desc), list(u order by level desc)
    from matched.parameters
    where learned_on is not null
    group by all
    order by learned_on, comparison
"""

ENDS = """
    l.source as left_source, l.source_key as left_key, r.source as right_source, r.source_key as right_key
"""
BETWEEN = """
    inner join identity.int_identity__records as l on found.left_record_no = l.record_no
    inner join identity.int_identity__records as r on found.right_record_no = r.record_no
    semi join circle as lefts on l.source = lefts.source and l.source_key = lefts.source_key
    semi join circle as rights on r.source = rights.source and r.source_key = rights.source_key
    order by all
"""
PAIRS = f"""
    with places as (
        select state_no, row_number() over (partition by record_no order by state_no) as place
        from identity.int_identity__profile_states
    )
    select {ENDS}, left_states.place, right_states.place, found.epoch, found.known_at, found.valid_from,
        [columns(found.* exclude (left_record_no, right_record_no, left_state_no, right_state_no, epoch, known_at,
            valid_from))]
    from matched.pairs as found
    inner join places as left_states on found.left_state_no = left_states.state_no
    inner join places as right_states on found.right_state_no = right_states.state_no
    {BETWEEN}
"""
DOUBTS = f"select {ENDS}, found.known_at, found.ended_at, found.weight from matched.doubts as found {BETWEEN}"


def learned_epochs(
    connection: duckdb.DuckDBPyConnection, former: list[FormerEpoch]
) -> list[FormerEpoch]:
    """What the matcher has learned, and those former epochs that begin later than the warehouse sees."""
    found: dict[str, FormerEpoch] = {}
    for begins, states, partners, comparison, m, u in connection.execute(EPOCHS).fetchall():
        day = instant(begins)
        epoch = found.setdefault(day, FormerEpoch(day, states, partners, {}, {}))
        epoch.m[comparison], epoch.u[comparison] = m, u
    last = max(found, default="")
    return [*found.values(), *(epoch for epoch in former if epoch.begins > last)]


def settled_without(
    former: Traces, gone: set[Record]
) -> tuple[list[FormerMember], list[FormerPair], list[FormerDoubt]]:
    """What was settled before, without the records of those who go now."""
    return (
        [one for one in former.members if (one.source, one.source_key) not in gone],
        [one for one in former.pairs if not gone & set(_ends(one))],
        [one for one in former.doubts if not gone & set(_ends(one))],
    )


def settle(
    connection: duckdb.DuckDBPyConnection, traces: Traces, circle: Iterable[Record], day: date
) -> None:
    """Keep what was made of the pairs inside a circle of records, up to a day, as the warehouse holds it.

    Args:
        connection: the warehouse, built for the day with everybody in it.
        traces: they are changed.
        circle: records of people who stay.
        day: the first day after which the matcher judges these pairs anew.
    """
    records = sorted(circle)
    number = 1 + max((one.circle for one in traces.members), default=0)
    traces.members += [FormerMember(number, *record, instant(day)) for record in records]
    columns = {"source": [one[0] for one in records], "source_key": [one[1] for one in records]}
    connection.register("circle", pa.table(columns))
    pairs = [
        FormerPair(*[*ends, instant(known_at), instant(valid_from), figures])
        for *ends, known_at, valid_from, figures in connection.execute(PAIRS).fetchall()
    ]
    doubts = [
        FormerDoubt(*[*ends, instant(known_at), instant(ended_at) if ended_at else None, weight])
        for *ends, known_at, ended_at, weight in connection.execute(DOUBTS).fetchall()
    ]
    connection.unregister("circle")
    kept = {*map(_ends, pairs), *map(_ends, doubts)}
    traces.pairs = [*(one for one in traces.pairs if _ends(one) not in kept), *pairs]
    traces.doubts = [*(one for one in traces.doubts if _ends(one) not in kept), *doubts]


def _ends(one: FormerPair | FormerDoubt) -> tuple[Record, Record]:
    return (one.left_source, one.left_key), (one.right_source, one.right_key)
