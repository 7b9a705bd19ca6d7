"""What the warehouse knows of a person who is to be erased: the records, the values, and what others keep.

The person is everything that one customer is at the day the warehouse was built for. Other people's ids
must come out of the next build as they were, although the person's rows are gone; what that takes is
worked out here, while the rows are still there.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ml.data.erasure_traces import find_traces
from ml.data.erasures import Erasures
from ml.data.sql_text import people_now

Record = tuple[str, str]

OF_CUSTOMER = f"""
    with who as (from {people_now()})
    select distinct people.source, people.source_key
    from who as named
    inner join who as people using (customer_no)
    where {{condition}}
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


@dataclass(frozen=True)
class SharedValue:
    """A kind of value that others hold, too, and how many customers that are."""

    id_type: str
    customers: int


def records_of_customer(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[Record]:
    """The records of the customer whom an id, of today or retired, belongs to now; none when it is unknown."""
    query = OF_CUSTOMER.format(condition="named.own_id = ?")
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
    erasures.traces = find_traces(connection, erasures.traces, set(records))
    return shared


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
