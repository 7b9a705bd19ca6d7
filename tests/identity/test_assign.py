"""From a warehouse's evidence to the `resolved` tables."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from ml.identity.assign import assign_customers

WAREHOUSE = """
    create schema identity;
    create table identity.int_identity__records as
    select range as record_no, date '2026-01-01' as entered_on from range(7);

    create table identity.int_identity__edges as
    select
        *,
        timestamp '2026-01-01 10:00' as known_at,
        date '2026-01-02' as valid_from,
        cast(null as date) as valid_to
    from (values
        (0, 1, 'email', 1, 1.0),
        (1, 2, 'email', 1, 1.0),
        (2, 3, 'match', 2, 0.95e0),
        (3, 4, 'match', 2, 0.99),
        (0, 5, 'phone', 1, 1.0),
        (3, 6, 'decision', 0, 1.0)
    ) as t (left_record_no, right_record_no, reason, priority, probability);

    create table identity.int_identity__decisions as
    select
        1 as left_record_no,
        5 as right_record_no,
        true as is_different,
        date '2026-01-03' as valid_from,
        cast(null as date) as valid_to;

    create table identity.int_identity__doubts (
        left_record_no bigint, right_record_no bigint, weight double, valid_from date, valid_to date
    );
"""


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(WAREHOUSE)
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    return connection.execute(f"select * from resolved.{table}").fetchall()


def test_customers_merges_and_what_was_refused(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert assign_customers(warehouse, max_records=4) == 5
    began, joined, decided = (date(2026, 1, day) for day in (1, 2, 3))
    spans = rows(warehouse, "record_customers")
    assert [row[:2] for row in spans if row[3] is None] == [
        *((0, 0), (1, 0), (2, 0), (3, 3), (4, 3), (5, 5), (6, 3))
    ]
    assert (5, 0, joined, decided) in spans
    assert (4, 4, began, joined) in spans
    assert (6, 3, joined, "decision") in [
        (retired, surviving, day, why) for retired, surviving, day, why in rows(warehouse, "merges")
    ]
    assert rows(warehouse, "refused_edges") == [
        (0, 5, "phone", 1.0, "different"),
        (2, 3, "match", 0.95, "size"),
    ]


def test_weak_links_say_where_a_customer_would_be_split(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assign_customers(warehouse)
    # Without a limit the match of 0.95 holds two groups of three records together.
    assert rows(warehouse, "weak_links")[0] == (0, 1, 2, 3, "match", 0.95, True, 3, 3)
    assert [row[:2] for row in rows(warehouse, "weak_links")] == [(0, 1), (0, 2), (0, 3)]
    described = warehouse.execute("describe resolved.weak_links").fetchall()
    types = [sql_type for _, sql_type, *_ in described]
    assert types[:2] == ["BIGINT", "INTEGER"]
    assert types[6:] == ["BOOLEAN", "INTEGER", "INTEGER"]


def test_a_doubt_keeps_what_an_identifier_would_join_apart(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    warehouse.execute(
        "insert into identity.int_identity__doubts values "
        "(0, 1, -3, date '2026-01-02', null), (3, 6, -9, date '2026-01-02', null)"
    )
    assign_customers(warehouse)
    now = {row[0]: row[1] for row in rows(warehouse, "record_customers") if row[3] is None}
    assert now[0] != now[1]
    # What a person decided stands above a doubt.
    assert now[3] == now[6]
