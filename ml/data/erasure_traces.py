"""What the rows of people who are to be erased said of others, worked out while the rows are still there.

The tables `erased_records`, `erased_orders` and `erased_numbers` name who and what goes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from ml.data.former_matching import learned_epochs, settled_without
from ml.data.traces import FormerDispute, FormerHolder, FormerPerson, Mention, Traces, instant

MENTIONS = """
    with said as (
        select right_source as source, right_key as source_key, known_at, left_source as by_source, left_key as by_key
        from staging.stg_links
        union all
        select left_source, left_key, known_at, right_source, right_key from staging.stg_links
        union all
        select source, seller_key, greatest(occurred_at, known_at), source, source_key from staging.stg_orders
        union all
        select source, invitee_key, greatest(occurred_at, known_at), source, inviter_key from staging.stg_shares
    ),
    unowned as (
        -- Rows without a key of orders that go with the person's own.
        select orders.source, orders.seller_key as source_key, greatest(orders.occurred_at, orders.known_at) as known_at
        from staging.stg_orders as orders semi join erased_orders using (source, order_id)
    ),
    lost as (
        select said.source, said.source_key, said.known_at
        from said semi join erased_records as erased
            on said.by_source = erased.source and said.by_key = erased.source_key
        union all
        select * from unowned
        union all
        select source, source_key, known_at from control.former_mentions
    )
    select records.source, records.source_key, records.known_at
    from identity.int_identity__records as records
    semi join lost using (source, source_key, known_at)
    anti join erased_records using (source, source_key)
    order by all
"""

HOLDERS = """
    with holders as (
        select
            holders.*, records.source, records.source_key,
            holders.record_no is null or erased.record_no is not null as gone
        from identity.int_identity__holders as holders
        left join identity.int_identity__records as records using (record_no)
        left join erased_numbers as erased using (record_no)
    )
    select gone.id_type, gone.id_value, gone.known_at,
        min_by(next_ones.source, next_ones.holder_rank) as next_source,
        min_by(next_ones.source_key, next_ones.holder_rank) as next_key
    from holders as gone
    left join holders as next_ones
        on gone.id_type = next_ones.id_type and gone.id_value = next_ones.id_value
        and gone.known_at = next_ones.known_at and gone.holder_rank < next_ones.holder_rank and not next_ones.gone
    semi join (select * from holders where not holders.gone) as kept
        on gone.id_type = kept.id_type and gone.id_value = kept.id_value
    where gone.gone
    group by gone.id_type, gone.id_value, gone.known_at, gone.holder_rank
    order by all
"""

DISPUTES = """
    with held_apart as (
        select left_record_no, right_record_no, known_at from identity.int_identity__decisions where is_different
        union all
        select left_record_no, right_record_no, known_at from matched.doubts
    ),
    pairs as (
        select * from held_apart
        where left_record_no in (select record_no from erased_numbers)
            or right_record_no in (select record_no from erased_numbers)
    ),
    disputes as (
        select lefts.id_type, lefts.id_value, greatest(pairs.known_at, lefts.known_at, rights.known_at) as known_at
        from pairs
        inner join identity.int_identity__holders as lefts
            on pairs.left_record_no = lefts.record_no and lefts.holder_rank <= lefts.sharing_limit
        inner join identity.int_identity__holders as rights
            on pairs.right_record_no = rights.record_no and rights.holder_rank <= rights.sharing_limit
            and lefts.id_type = rights.id_type and lefts.id_value = rights.id_value
        union all
        select id_type, id_value, disputed_at from control.former_disputes
    )
    select id_type, id_value, min(known_at)
    from disputes
    where (id_type, id_value) in (
        select (id_type, id_value) from identity.int_identity__holders
        where record_no is not null and record_no not in (select record_no from erased_numbers)
    )
    group by all
    order by all
"""

# Within a source, who was the first to state what nobody who stays had stated by then was a person more.
PEOPLE = """
    with stated as (
        select
            identifiers.id_type, identifiers.id_value, traits.source, traits.trait, traits.stated,
            greatest(identifiers.known_at, traits.known_at) as known_at, erased.record_no is not null as gone
        from identity.int_identity__identifiers as identifiers
        inner join identity.int_identity__traits as traits using (record_no)
        left join erased_numbers as erased using (record_no)
        where traits.junk is null
    ),
    firsts as (
        select id_type, id_value, source, trait,
            min(known_at) filter (gone) as known_at, min(known_at) filter (not gone) as ended_at
        from stated
        group by id_type, id_value, source, trait, stated
    ),
    people as (
        select * from firsts where known_at < coalesce(ended_at, 'infinity')
        union all
        select id_type, id_value, source, trait, known_at, ended_at from control.former_people
    )
    select people.* from people
    semi join (
        select id_type, id_value from identity.int_identity__identifiers anti join erased_numbers using (record_no)
    ) as kept using (id_type, id_value)
    order by all
"""


def find_traces(
    connection: duckdb.DuckDBPyConnection, former: Traces, gone: set[tuple[str, str]]
) -> Traces:
    """All traces anew: those of earlier erasures are in the warehouse and go through the same queries.

    Args:
        connection: the warehouse, with the tables that name who goes.
        former: the traces of earlier erasures.
        gone: the records that go.
    """

    def rows(query: str) -> list[list[Any]]:
        return [
            [instant(part) if isinstance(part, datetime) else part for part in row]
            for row in connection.execute(query).fetchall()
        ]

    return Traces(
        [Mention(*row) for row in rows(MENTIONS)],
        [FormerHolder(*row) for row in rows(HOLDERS)],
        [FormerDispute(*row) for row in rows(DISPUTES)],
        [FormerPerson(*row) for row in rows(PEOPLE)],
        learned_epochs(connection, former.epochs),
        *settled_without(former, gone),
    )
