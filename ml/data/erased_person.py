"""What the warehouse knows of a person who is to be erased: the records, the values, and what others keep.

The person is everything that one customer is at the day the warehouse was built for. Other people's ids
must come out of the next build as they were, although the person's rows are gone; what that takes is
worked out here, while the rows are still there.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ml.data.erasures import Erasures
from ml.data.former_matching import learned_epochs, settled_without
from ml.data.traces import (
    FormerDispute,
    FormerHolder,
    Mention,
    Traces,
    instant,
)

Record = tuple[str, str]

OF_CUSTOMER = """
    select distinct people.source, people.source_key
    from identity.int_identity__records as named
    inner join resolved.record_customers as own
        on named.record_no = own.record_no and own.valid_to is null
    inner join resolved.record_customers as mapped
        on own.head_record_no = mapped.head_record_no and mapped.valid_to is null
    inner join identity.int_identity__records as people on mapped.record_no = people.record_no
    where {condition}
    order by all
"""

# Records, orders and customers that go, as numbers of this build.
ERASED = """
    create or replace temp table erased_numbers as
    select records.record_no, records.customer_id
    from identity.int_identity__records as records semi join erased_records using (source, source_key)
"""

VALUES = """
    with held as (
        select distinct identifiers.id_type, identifiers.id_value
        from identity.int_identity__identifiers as identifiers semi join erased_numbers using (record_no)
    ),
    others as (
        select identifiers.id_type, identifiers.id_value, count(distinct mapped.head_record_no) as customers
        from identity.int_identity__identifiers as identifiers
        semi join held using (id_type, id_value)
        anti join erased_numbers using (record_no)
        inner join resolved.record_customers as mapped
            on identifiers.record_no = mapped.record_no and mapped.valid_to is null
        group by all
    )
    select id_type, id_value, coalesce(customers, 0) as customers
    from held left join others using (id_type, id_value)
    order by all
"""

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


@dataclass(frozen=True)
class SharedValue:
    """A kind of value that others hold, too, and how many customers that are."""

    id_type: str
    customers: int


def records_of_customer(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[Record]:
    """The records of the customer whom an id, of today or retired, belongs to now; none when it is unknown."""
    query = OF_CUSTOMER.format(condition="named.customer_id = ?")
    return connection.execute(query, [customer_id]).fetchall()


def records_with(connection: duckdb.DuckDBPyConnection, record: Record) -> list[Record]:
    """The records of the customer that a record belongs to now; none when it is unknown."""
    query = OF_CUSTOMER.format(condition="named.source = ? and named.source_key = ?")
    return connection.execute(query, list(record)).fetchall()


def remember(
    connection: duckdb.DuckDBPyConnection,
    erasures: Erasures,
    records: list[Record],
    orders: list[Record],
) -> list[SharedValue]:
    """Put a person on the list, and with them what keeps the ids of others.

    Args:
        connection: the warehouse, built up to identity.
        erasures: the list; it is changed.
        records: all records of the person.
        orders: the person's orders: source and order_id.

    Returns:
        The values that others hold, too; these are not on the list.
    """
    _register(connection, "erased_records", ("source", "source_key"), records)
    _register(connection, "erased_orders", ("source", "order_id"), orders)
    connection.execute(ERASED)
    for record in records:
        erasures.add("record", *record)
    for order in orders:
        erasures.add("order", *order)
    for (customer_id,) in connection.execute("select customer_id from erased_numbers").fetchall():
        erasures.add("customer", customer_id)
    shared = []
    for id_type, id_value, customers in connection.execute(VALUES).fetchall():
        if customers:
            shared.append(SharedValue(id_type, customers))
        else:
            erasures.add_value(id_type, id_value)
    erasures.traces = _traces(connection, erasures.traces, set(records))
    return shared


def _traces(connection: duckdb.DuckDBPyConnection, former: Traces, gone: set[Record]) -> Traces:
    """All traces anew: those of earlier erasures are in the warehouse and go through the same queries."""
    return Traces(
        [
            Mention(source, key, instant(known_at))
            for source, key, known_at in connection.execute(MENTIONS).fetchall()
        ],
        [
            FormerHolder(id_type, id_value, instant(known_at), next_source, next_key)
            for id_type, id_value, known_at, next_source, next_key in connection.execute(
                HOLDERS
            ).fetchall()
        ],
        [
            FormerDispute(id_type, id_value, instant(known_at))
            for id_type, id_value, known_at in connection.execute(DISPUTES).fetchall()
        ],
        learned_epochs(connection, former.epochs),
        *settled_without(former, gone),
    )


def _register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: tuple[str, str],
    rows: list[Record],
) -> None:
    table = pa.table(
        {
            column: pa.array([row[place] for row in rows], pa.string())
            for place, column in enumerate(columns)
        }
    )
    connection.register("rows_of_python", table)
    connection.execute(f"create or replace temp table {name} as select * from rows_of_python")
    connection.unregister("rows_of_python")
