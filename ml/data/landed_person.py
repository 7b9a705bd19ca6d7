"""What the landing zone holds of erased people, read from its rows as they were delivered.

The warehouse knows what one day can see; the landing zone holds later rows and refused ones, too.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ml.data.contract import entities
from ml.data.erased_person import Record
from ml.data.erasure_filter import ErasureFilter, keys_of
from ml.data.sql_text import raw_rows

# Texts that tell one person from all others, and are long enough to be searched for.
SOUGHT = {
    "profiles": ("source_key", "name", "email", "phone", "street"),
    "identifiers": ("source_key", "id_value"),
    "orders": ("source_key", "order_id"),
    "interactions": ("source_key", "query", "text"),
    "shares": ("inviter_key", "share_id"),
    "contacts": ("source_key", "contact_id"),
    "consents": ("source_key",),
    "measurements": ("source_key", "device_id"),
}
SHORTEST = 6


def holds_record(connection: duckdb.DuckDBPyConnection, raw: Path, record: Record) -> bool:
    """Does any row of a raw layer name a record?"""
    for entity in entities():
        for source, key in keys_of(entity):
            row = connection.execute(
                f"select 1 from {raw_rows(raw, entity)} where trim({source}) = ? and trim({key}) = ? limit 1",
                list(record),
            ).fetchone()
            if row:
                return True
    return False


def orders_of(
    connection: duckdb.DuckDBPyConnection, raw: Path, records: list[Record]
) -> list[Record]:
    """Orders of a person, source and order_id: every version that names a key names one of the person's."""
    connection.execute("create or replace temp table own (source varchar, source_key varchar)")
    connection.executemany("insert into own values (?, ?)", [list(record) for record in records])
    return connection.execute(
        f"""
        with orders as (
            select trim(source) as source, trim(order_id) as order_id, nullif(trim(source_key), '') as source_key,
                row_fault is null as fits
            from {raw_rows(raw, "orders")}
        )
        select orders.source, orders.order_id
        from orders left join own using (source, source_key)
        where orders.source is not null and orders.order_id <> ''
        group by all
        -- What stands in the column of a key says nothing where a record does not fit its header.
        having count(own.source_key) > 0
            and count(orders.source_key) filter (orders.fits and own.source_key is null) = 0
        order by all
        """
    ).fetchall()


def texts_to_seek(
    connection: duckdb.DuckDBPyConnection, raw: Path, erased: ErasureFilter
) -> list[str]:
    """Texts of erased people's rows that stand in nobody else's and are long enough not to be met by chance."""
    found: set[str] = set()
    for entity, columns in SOUGHT.items():
        erased.mark(connection, entities()[entity], raw_rows(raw, entity))
        for column in columns:
            rows = connection.execute(
                f"select distinct trim({column}) from marked_rows where erased and strlen(trim({column})) >= ? "
                f"except select trim({column}) from marked_rows where not erased",
                [SHORTEST],
            ).fetchall()
            found |= {text for (text,) in rows}
    return sorted(found)
