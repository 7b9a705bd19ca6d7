"""What speaks against one person: pairs whose own traits differ, whatever a household makes them share.

Records that share a value are mostly one person's, and how often depends on the kind of value: a mailbox
is shared at home sooner than a mobile phone. How often is read from the names of those who share it.
A pair is doubted as long as the two states that say so are the present ones of their records.
"""

from __future__ import annotations

import math

import duckdb

from ml.matching.comparisons import DIFFERENT_NAMES, LEVELS, splink_level
from ml.matching.epochs import Epoch
from ml.matching.parameters import Parameters
from ml.matching.weighed import SHARERS, UNLIKE

# Bits at which records that share no value are too unlike to stand in one cluster by way of others: another given name
# and another birth date.
_TOO_UNLIKE = -10.0
# Without enough pairs to tell: a shared value means one person in 32 of 33 cases.
_USUAL_BITS, _LEAST_BITS, _MOST_BITS = 5.0, 1.0, 8.0
_FEWEST_PAIRS = 100


def keep_sharers(connection: duckdb.DuckDBPyConnection, epoch: Epoch) -> None:
    """Add to the kept `sharers` the pairs of `scored` whose records share a value."""
    connection.execute(
        "insert into warehouse.matched.sharers "
        f"select {', '.join(SHARERS)} from (select {epoch.number} as epoch, * from scored) "
        "semi join sharing using (left_record_no, right_record_no)"
    )


def keep_unlike(connection: duckdb.DuckDBPyConnection, is_within: bool) -> None:
    """Add to the kept `unlike` the pairs of `scored` that are too unlike to be one person."""
    connection.execute(
        "insert into warehouse.matched.unlike "
        f"select {', '.join(UNLIKE)} from (select {is_within} as is_within, * from scored) "
        f"where personal_weight <= {_TOO_UNLIKE}"
    )


def add_doubts_of_sharers(
    connection: duckdb.DuckDBPyConnection, epoch: Epoch, parameters: Parameters
) -> None:
    """Add to `doubts` the pairs of `sharers` that became known in this epoch and are sooner two people."""
    bits = bits_of_sharing(connection, parameters, epoch)
    cases = " ".join(f"when '{kind}' then {value}" for kind, value in sorted(bits.items()))
    usual = f"case id_type {cases} else {_USUAL_BITS} end" if cases else str(_USUAL_BITS)
    connection.execute(
        f"""
        insert into doubts
        with shared as (
            select known.left_record_no, known.right_record_no, known.left_state_no, known.right_state_no,
                least(l.ended_at, r.ended_at) as ended_at, greatest(known.known_at, sharing.known_at) as known_at,
                known.personal_weight + {usual} as weight
            from (select * from sharers where epoch = {epoch.number}) as known
            inner join states as l on known.left_state_no = l.state_no
            inner join states as r on known.right_state_no = r.state_no
            inner join sharing using (left_record_no, right_record_no)
        ),

        -- Of several values that two share, the one that says most counts from when it is known.
        best as (
            select left_record_no, right_record_no, known_at,
                least(ended_at, lead(known_at) over (
                    partition by left_state_no, right_state_no order by known_at, weight
                )) as ended_at,
                max(weight) over (
                    partition by left_state_no, right_state_no order by known_at, weight
                ) as weight
            from shared
        )

        select * from best where weight < 0 and (ended_at is null or known_at < ended_at)
        """
    )


def add_doubts_of_strangers(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to `doubts` the pairs of `unlike`, for as long as they share no value."""
    connection.execute(
        """
        insert into doubts
        with apart as (
            select least(l.record_no, r.record_no) as left_record_no,
                greatest(l.record_no, r.record_no) as right_record_no,
                unlike.known_at, least(l.ended_at, r.ended_at) as ended_at, unlike.personal_weight as weight
            from unlike
            inner join states as l on left_state_no = l.state_no
            inner join states as r on right_state_no = r.state_no
        ),

        first_shared as (
            select left_record_no, right_record_no, min(known_at) as shared_at
            from sharing
            group by left_record_no, right_record_no
        ),

        strangers as (
            select apart.* replace (least(apart.ended_at, first_shared.shared_at) as ended_at)
            from apart
            left join first_shared using (left_record_no, right_record_no)
        )

        select * from strangers where ended_at is null or known_at < ended_at
        """
    )


def bits_of_sharing(
    connection: duckdb.DuckDBPyConnection, parameters: Parameters, epoch: Epoch
) -> dict[str, float]:
    """Bits for one person in a shared value, by type, from how often the names of those who share it differ.

    The share of pairs with other names is that of one person's pairs and of chance, mixed; their mixture
    says how many are one person's. Types shared by too few named pairs are left out.
    """
    if epoch.begins is None:
        return {}
    levels = [splink_level("name", label) for label in DIFFERENT_NAMES]
    places = [
        place for place, level in enumerate(LEVELS["name"][1:]) if level.label in DIFFERENT_NAMES
    ]
    own = sum(parameters.m["name"][place] for place in places)
    chance = sum(parameters.u["name"][place] for place in places)
    found = connection.execute(
        f"""
        select id_type, count(*), avg(case when name_level in ({", ".join(map(str, levels))}) then 1.0 else 0.0 end)
        from sharers
        inner join sharing using (left_record_no, right_record_no)
        where name_level >= 0 and greatest(sharers.known_at, sharing.known_at) < date '{epoch.begins}'
        group by id_type
        order by id_type
        """
    ).fetchall()
    bits = {}
    for id_type, pairs, differing in found:
        if pairs >= _FEWEST_PAIRS:
            one_person = 1 - (differing - own) / (chance - own)
            one_person = min(max(one_person, 0.001), 0.999)
            odds = math.log2(one_person / (1 - one_person))
            bits[id_type] = round(min(max(odds, _LEAST_BITS), _MOST_BITS), 4)
    return bits
