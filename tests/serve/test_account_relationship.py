"""What the account says of the relationship, from tables of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ml.serve.account_relationship import how_close

CUSTOMERS = (
    "select * from (values ('a', 'super', 2, 60), ('b', 'weak', 0, 0), ('c', null, 0, 0), ('d', 'weak', 0, 0)) "
    "as t (customer_id, level, people_brought_count, revenue_brought)"
)
TABLES = {
    "relationship_funnel": (
        "select * from (values (date '2024-01-01', 9, 9, 9, 9), (date '2024-01-08', 1, 2, 3, 0), "
        "(date '2024-01-08', 0, 1, 0, 2)) as t (as_of_date, arrived, risen, fallen, \"left\")"
    ),
    "referral_metrics": "select 'viral_coefficient' as metric, 0.0381 as value, 0.0291 as low, 0.0471 as high",
    "value_concentration": (
        "select * from (values ('both', 0.20, 0.675), ('both', 0.10, 0.5), ('own_money', 0.20, 0.9)) "
        "as t (value_kind, top_share, share_of_all)"
    ),
    "data_quality": "select 'unique portraits' as \"check\", '9 of 10 tagged customers' as observed",
    "super_users": (
        "select 'c' || n as customer_id, n as rank, 'ordered on ' || n || ' days' as reason from range(1, 6) as t (n)"
    ),
}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute(f"create table customers as {CUSTOMERS}")
        yield opened


def told(connection: duckdb.DuckDBPyConnection, folder: Path, *empty: str) -> list[str]:
    """The lines, from the tables, of which some are empty."""
    for name, query in TABLES.items():
        rows = "limit 0" if name in empty else ""
        connection.execute(f"create table {name} as {query} {rows}")
        (folder / f"{name}.parquet").touch()
    names = {name: name for name in ("customers", *TABLES)}
    return list(
        how_close(lambda query, *_: connection.execute(query.format(**names)).fetchall(), folder)
    )


def test_levels_moves_bringing_portraits_and_the_first_super_users(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert told(connection, tmp_path) == [
        "none 1 (25%), micro 0 (0%), weak 2 (50%), strong 0 (0%), super 1 (25%)",
        "1 customers brought 2 people, who bought for 60",
        "in the week to 2024-01-08: 1 arrived, 3 rose, 3 fell, 2 of them to none",
        "an active customer brings 0.038 people a year (0.029 to 0.047)",
        "the best 20% bring 68% of what customers spend and bring others to spend",
        "a portrait that nobody else has: 9 of 10 tagged customers",
        "5 super users, the first of them:",
        "  1  c1  ordered on 1 days",
        "  2  c2  ordered on 2 days",
        "  3  c3  ordered on 3 days",
    ]


def test_what_is_not_known_is_not_said(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert len(told(connection, tmp_path, *TABLES)) == 2


def test_a_version_of_an_older_kith_says_less(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = how_close(
        lambda query: connection.execute(query.format(customers="customers")).fetchall(), tmp_path
    )
    assert len(list(lines)) == 2
