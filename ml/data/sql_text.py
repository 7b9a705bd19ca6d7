"""Texts and places as SQL writes them."""

from __future__ import annotations

from pathlib import Path


def literal(text: str | Path) -> str:
    """A text, or a path, as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def people_now(warehouse: str = "") -> str:
    """Who is who at the day the warehouse was built for, as a relation: one row per record.

    Columns: record_no, source, source_key, own_id (the id the record gives a customer whose earliest it is),
    customer_no, customer_id.

    Args:
        warehouse: name of the attached database; nothing for the one that is open.
    """
    place = f"{warehouse}." if warehouse else ""
    return f"""(
        select records.record_no, records.source, records.source_key, records.customer_id as own_id,
            heads.record_no as customer_no, heads.customer_id
        from {place}resolved.record_customers as mapped
        inner join {place}identity.int_identity__records as records on mapped.record_no = records.record_no
        inner join {place}identity.int_identity__records as heads on mapped.head_record_no = heads.record_no
        where mapped.valid_to is null
    )"""


def raw_rows(raw: Path, entity: str) -> str:
    """All rows of an entity in a raw layer, as a relation."""
    return f"read_parquet({literal(raw / entity / '*.parquet')})"
