"""Judging pairs of states: who is accepted as one person, and who is doubted.

Every pair is judged with the parameters of the epoch in which it became known; one that came near is judged
again in each later epoch. So a later epoch may accept more pairs, but takes none back: only evidence and people
end what was accepted, never a new estimate. Pairs are scored in portions, and of each only what decides is
kept: memory follows the matches, not the candidates. What is kept serves the days that follow, too: they weigh
the pairs that met since (`ml.matching.weighed`).
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from ml.data.warehouse import write_table
from ml.matching.backends import Backend
from ml.matching.doubts import (
    add_doubts_of_sharers,
    add_doubts_of_strangers,
    keep_sharers,
    keep_unlike,
)
from ml.matching.epochs import Epoch, Learned
from ml.matching.former import restore_doubts, restore_pairs
from ml.matching.levels import compare_pairs, meet
from ml.matching.parameters import Parameters
from ml.matching.scales import Scales
from ml.matching.scores import COLUMNS
from ml.matching.tables import DOUBTS, PAIRS
from ml.matching.weighed import Weighed
from ml.matching.within import meet_in_clusters

# General experience is not this brand's: bits that a pair must weigh more before the first epoch.
_NOT_LEARNED = 2
# Bits below the least weight that other parameters may still make up for.
_WITHIN_REACH = 10
_UNDECIDED = {"left_state_no": "bigint", "right_state_no": "bigint", "known_at": "timestamp"}
# Pairs that were weighed when their records shared nothing yet: they are to be listed as sharers, and no more.
_SHARING_SINCE = """
    create or replace table sharing_since as
    with records as (
        select left_record_no, right_record_no from sharing group by all having min(known_at) >= $since
    ),

    met as (
        select least(l.state_no, r.state_no) as left_state_no, greatest(l.state_no, r.state_no) as right_state_no
        from records
        inner join states as l on left_record_no = l.record_no
        inner join states as r on right_record_no = r.record_no
    )

    select candidates.* from candidates semi join met using (left_state_no, right_state_no) where known_at < $since
"""


def judge(
    connection: duckdb.DuckDBPyConnection,
    learned: Learned,
    weighed: Weighed,
    match_weight: float,
    backend: Backend,
) -> tuple[int, int]:
    """Write `accepted` and `doubts`, from what former days weighed and what is new.

    Args:
        connection: holds `states`, `candidates`, `sharing`, `same` (pairs that people joined), and what `open_levels`
            gave.
        learned: the epochs and what was learned for them.
        weighed: what former days weighed; it is added to.
        match_weight: bits from which on a pair is accepted.
        backend: where Splink compares.

    Returns:
        How many pairs of contents were compared, and how many pairs of states were weighed.
    """
    scales = Scales(connection)
    compared = _weigh_candidates(connection, learned, match_weight, weighed.since, backend, scales)
    connection.execute("create or replace table accepted as from weighed_pairs")
    restore_pairs(connection)
    meet_in_clusters(connection)
    compared += _weigh_meetings(connection, learned, weighed.since_within(), backend, scales)
    write_table(connection, "doubts", DOUBTS, [])
    for epoch, parameters in learned:
        add_doubts_of_sharers(connection, epoch, parameters)
    add_doubts_of_strangers(connection)
    restore_doubts(connection)
    return compared, scales.weighed


def _weigh_candidates(
    connection: duckdb.DuckDBPyConnection,
    learned: Learned,
    match_weight: float,
    since: datetime | None,
    backend: Backend,
    scales: Scales,
) -> int:
    """Add to what is kept what came of the candidates since an instant; returns how many contents were compared."""
    seen = f"where known_at >= timestamp '{since}'" if since else ""
    connection.execute(f"create or replace view news as from candidates {seen}")
    news = meet(connection, "news")
    compared = compare_pairs(connection, news, backend)
    write_table(connection, "undecided", _UNDECIDED, [])
    for epoch, parameters in learned:
        caution = 0 if epoch.begins else _NOT_LEARNED
        _accept(connection, news, epoch, parameters, match_weight + caution, scales)
    if since:
        connection.execute(_SHARING_SINCE, {"since": since})
        formers = meet(connection, "sharing_since")
        for epoch, parameters in learned:
            for _ in scales.scored(_of_epoch(connection, formers, epoch), epoch, parameters):
                keep_sharers(connection, epoch)
    return compared


def _accept(
    connection: duckdb.DuckDBPyConnection,
    candidates: str,
    epoch: Epoch,
    parameters: Parameters,
    least: float,
    scales: Scales,
) -> None:
    """Keep what this epoch accepts of the pairs that became known in it, and of those undecided."""
    write_table(connection, "matches", PAIRS, [])
    connection.execute("create or replace table waiting as from undecided")
    write_table(connection, "undecided", _UNDECIDED, [])
    for _ in scales.scored(meet(connection, "waiting"), epoch, parameters):
        _sort(connection, epoch, least)
    for _ in scales.scored(_of_epoch(connection, candidates, epoch), epoch, parameters):
        _sort(connection, epoch, least)
        keep_sharers(connection, epoch)
        keep_unlike(connection, is_within=False)
    # The day from which it holds comes first: what a later day brings never takes the place of an earlier one's.
    connection.execute(
        """
        insert into warehouse.matched.weighed_pairs
        select matches.* from matches
        anti join weighed_pairs using (left_record_no, right_record_no)
        qualify row_number() over (
            partition by left_record_no, right_record_no
            order by valid_from, known_at, match_weight desc, left_state_no, right_state_no
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


def _weigh_meetings(
    connection: duckdb.DuckDBPyConnection,
    learned: Learned,
    since: datetime | None,
    backend: Backend,
    scales: Scales,
) -> int:
    """Keep who is too unlike of those that met in a cluster since an instant; returns how many contents were compared.

    Who met as candidates has been weighed already.
    """
    seen = f"where meeting.known_at >= timestamp '{since}'" if since else ""
    connection.execute(
        f"""
        create or replace table within as
        select meeting.* from meeting
        anti join candidates on meeting.left_state_no = candidates.left_state_no
            and meeting.right_state_no = candidates.right_state_no and candidates.known_at <= meeting.known_at
        {seen}
        """
    )
    met = meet(connection, "within")
    compared = compare_pairs(connection, met, backend)
    for epoch, parameters in learned:
        judged = _of_epoch(connection, met, epoch)
        for _ in scales.scored(judged, epoch, parameters, again=True):
            keep_unlike(connection, is_within=True)
    return compared


def _of_epoch(connection: duckdb.DuckDBPyConnection, met: str, epoch: Epoch) -> str:
    """The pairs that a day of the epoch is the first to see, as a view; gives its name."""
    begins = f"cast(known_at as date) + 1 >= date '{epoch.begins}'" if epoch.begins else "true"
    ends = f"cast(known_at as date) + 1 < date '{epoch.ends}'" if epoch.ends else "true"
    connection.execute(
        f"create or replace view first_seen as select * from {met} where {begins} and {ends}"
    )
    return "first_seen"
