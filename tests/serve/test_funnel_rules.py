"""The audit's rules on funnel and cohorts: each holds on tables that add up, and finds a figure that does not."""

from __future__ import annotations

import duckdb
import pytest

from ml.serve.audit import RULES

RECONCILES = "every level's customers are those of the week before, plus who came, minus who went"
GOES_ON = "the funnel goes on from where it stood the week before"
ENDS_MEET = "who leaves one level comes to another"
CREDITS = "the funnel credits what was brought in its weeks by people known then"
COHORTS = "the cohorts hold the customers' orders and their money"

# Two Mondays: six people come; then one rises, one falls to none, one is merged away and one arrives.
FUNNEL = """
create table published.relationship_funnel as
select * from (values
    (date '2024-05-27', 'none', 2, 0, 2, 0, 0, 0, 0, 0, 0, 0.0),
    (date '2024-05-27', 'weak', 4, 0, 4, 0, 0, 0, 0, 0, 0, 3.5),
    (date '2024-06-03', 'none', 2, 2, 0, 0, 1, 1, 0, 0, 0, 0.0),
    (date '2024-06-03', 'weak', 4, 4, 1, 1, 0, 0, 1, 1, 1, 10.0)
) as rows(as_of_date, level, customers, customers_before, arrived, risen, fallen, risen_out, fallen_out, "left",
    gone, revenue_brought)
"""
BROUGHT = """
create table relationship.int_referral_revenue as
select * from (values
    (1, timestamp '2024-05-20 00:00:00', 3.5),
    (1, timestamp '2024-06-02 23:59:59', 10.0),
    (1, timestamp '2024-06-03 00:00:00', 500.0),
    (2, timestamp '2024-05-28 10:00:00', 40.0)
) as rows(inviter_record_no, occurred_at, amount)
"""
# Record 2 became known after the week in which its order happened: nobody's level holds it.
MAP = """
create table identity.customer_map as
select * from (values
    (1, date '2024-01-01', date '2024-06-01'), (1, date '2024-06-01', null), (2, date '2024-06-04', null)
) as rows(record_no, valid_from, valid_to)
"""
SMALL = """
create table published.relationship_cohorts as select 3 as orders, 9.5 as amount;
create table published.customers as select * from (values (1, 4.5), (2, 5.0)) as rows(orders_count, orders_amount)
"""


@pytest.fixture
def tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for schema in ("published", "relationship", "identity"):
        connection.execute(f"create schema {schema}")
    for statement in (FUNNEL, BROUGHT, MAP, SMALL):
        connection.execute(statement)
    return connection


def broken(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = {}
    for rule in (RECONCILES, GOES_ON, ENDS_MEET, CREDITS, COHORTS):
        row = connection.execute(RULES[rule]).fetchone()
        assert row is not None
        found[rule] = row[0]
    return {rule for rule, count in found.items() if count}


def test_tables_that_add_up_break_no_rule(tables: duckdb.DuckDBPyConnection) -> None:
    assert broken(tables) == set()


WEEK = "published.relationship_funnel set {} = {} + 1 where as_of_date = '2024-06-03' and level = 'weak'"
FAULTS = {
    "customers": {RECONCILES},
    "customers_before": {RECONCILES, GOES_ON},
    "arrived": {RECONCILES},
    "risen": {RECONCILES, ENDS_MEET},
    "fallen": {RECONCILES, ENDS_MEET},
    "risen_out": {RECONCILES, ENDS_MEET},
    "fallen_out": {RECONCILES, ENDS_MEET},
    '"left"': {ENDS_MEET},
    "gone": {RECONCILES},
    "revenue_brought": {CREDITS},
}


@pytest.mark.parametrize(("column", "rules"), FAULTS.items())
def test_one_wrong_figure_of_the_funnel_is_found(
    tables: duckdb.DuckDBPyConnection, column: str, rules: set[str]
) -> None:
    tables.execute("update " + WEEK.format(column, column))
    assert broken(tables) == rules


def test_a_week_that_is_missing_is_found(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute("delete from published.relationship_funnel where as_of_date = '2024-05-27'")
    assert broken(tables) == {GOES_ON}


@pytest.mark.parametrize("column", ["orders", "amount"])
def test_a_cohort_that_lost_something_is_found(
    tables: duckdb.DuckDBPyConnection, column: str
) -> None:
    tables.execute(f"update published.relationship_cohorts set {column} = {column} - 1")
    assert broken(tables) == {COHORTS}


def test_a_brand_without_anybody_breaks_no_rule(tables: duckdb.DuckDBPyConnection) -> None:
    for table in (
        "published.relationship_funnel",
        "published.relationship_cohorts",
        "published.customers",
        "relationship.int_referral_revenue",
        "identity.customer_map",
    ):
        tables.execute(f"delete from {table}")
    assert broken(tables) == set()
