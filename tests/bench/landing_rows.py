"""The rows of the demo brand that is copied: typed, each with its person and the file that it is delivered in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from ml.data.contract import entities
from ml.data.demo import DEMO_AS_OF_DATE

DAYS_ALONE = 7
"""So many last days are files of their own."""
FIRST_FILE = "earlier"
INSTANTS = ("occurred_at", "known_at", "registered_at")
_TYPES = {
    **dict.fromkeys(INSTANTS, "timestamp"),
    **dict.fromkeys(("amount", "quantity", "discount", "list_price"), "decimal(18, 4)"),
    **dict.fromkeys(("line_no", "duration_seconds", "rating"), "integer"),
    "value": "double",
    "granted": "boolean",
}


def load_rows(
    connection: duckdb.DuckDBPyConnection, demo: Path, names: Iterable[str], start: date
) -> int:
    """The demo's rows, typed, each with its person's number and the file it goes to; gives the number of people."""
    truth = f"'{demo}/truth/{{}}.parquet'"
    connection.execute(
        "create temp table people as select source, source_key, "
        f"cast(substr(person_id, 2) as integer) as person from {truth.format('records')}"
    )
    for name in names:
        connection.execute(f"create temp table landed as {_landed(demo, name)}")
        columns = [row[0] for row in connection.execute("describe landed").fetchall()]
        keyed = "source_key" in columns
        # A row without a person is kept or left out with the first one.
        person = "coalesce(people.person, 0)" if keyed else "0"
        again = "row_number() over (partition by landed.source, source_key order by landed.known_at, row_no) > 1"
        connection.execute(f"""
            create temp table base_{name} as
            select landed.*, {person} as person, {_file_of("delivered", start)} as file
                {f", {again} as is_again" if name == "profiles" else ""}
            from (select *, row_number() over () as row_no, {_delivered(columns)} as delivered from landed) as landed
            {"left join people using (source, source_key)" if keyed else ""}
        """)
        connection.execute(f"alter table base_{name} drop column delivered")
        connection.execute("drop table landed")
    return count(connection, truth.format("people"))


def _landed(demo: Path, name: str) -> str:
    """The rows of an entity from all of its files, typed; those whose required columns do not parse are left out."""
    read = []
    for kind, options in (("parquet", ""), ("csv", ", all_varchar = true")):
        if any((demo / "landing" / name).glob(f"*.{kind}")):
            files = f"'{demo}/landing/{name}/*.{kind}'"
            read.append(f"select * from read_{kind}({files}, union_by_name = true{options})")
    # Text first: one source writes instants with an offset, and a spoilt value is no instant.
    rows = " union all by name ".join(
        f"select columns(*)::varchar from ({query})" for query in read
    )
    entity = entities()[name]
    typed = ", ".join(_typed(column) for column in entity.columns)
    whole = " and ".join(f"{column} is not null" for column in entity.required)
    empty = ", ".join(f"null::varchar as {column}" for column in entity.columns)
    return (
        f"select * from (select {typed} from ((select {empty} limit 0) union all by name {rows})) "
        f"where {whole}"
    )


def _typed(column: str) -> str:
    if column in INSTANTS:
        instant = f"cast(try_cast({column} as timestamptz) as timestamp)"
        return f"{instant} as {column}"
    return f"try_cast({column} as {_TYPES.get(column, 'varchar')}) as {column}"


def _delivered(columns: list[str]) -> str:
    """The day a row reaches the brand; lines come with their order."""
    if "line_no" in columns:
        return (
            "(select min(coalesce(orders.known_at, orders.occurred_at)) from base_orders as orders "
            "where orders.source = landed.source and orders.order_id = landed.order_id)"
        )
    instants = [column for column in ("known_at", "occurred_at") if column in columns]
    return f"coalesce({', '.join(instants)})" if instants else "cast(null as timestamp)"


def _file_of(delivered: str, start: date) -> str:
    last_days = DEMO_AS_OF_DATE - timedelta(days=DAYS_ALONE)
    return (
        f"case when {delivered} is null or {delivered} < timestamp '{start}' then '{FIRST_FILE}' "
        f"when {delivered} >= timestamp '{last_days}' then strftime({delivered}, '%Y-%m-%d') "
        f"else strftime({delivered}, '%Y-%m') end"
    )


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])
