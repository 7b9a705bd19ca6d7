"""Which rows of the catalogue of tags cannot be computed: dbt names the model that failed, its users need the tag."""

from __future__ import annotations

import duckdb

from ml.faults import without_values

FACTS_SCHEMA = "relationship"


def broken_tags(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What is wrong with tags of the seed tag_rules, by tag, as far as their facts are built.

    A tag is sound when its value and evidence can be computed for every row of its facts, no customer gets two values,
    and no value stands without evidence.
    """
    built = {
        str(name)
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = ?",
            [FACTS_SCHEMA],
        ).fetchall()
    }
    rules = connection.execute(
        "select tag, facts, value, evidence from seeds.tag_rules order by tag"
    ).fetchall()
    faults = {
        str(tag): _fault_of(connection, facts, value, evidence)
        for tag, facts, value, evidence in rules
        if facts in built
    }
    return {tag: fault for tag, fault in faults.items() if fault}


def _fault_of(
    connection: duckdb.DuckDBPyConnection, facts: str, value: str, evidence: str
) -> str | None:
    try:
        row = connection.execute(
            "select count(*), count(distinct customer_no), count(evidence) from "
            f"(select customer_no, cast({value} as varchar) as tag_value, cast({evidence} as varchar) as evidence "
            f"from {FACTS_SCHEMA}.{facts}) as tagged where tag_value is not null"
        ).fetchone()
    except duckdb.Error as error:
        return " ".join(without_values(str(error)).split())
    assert row is not None  # an aggregate without groups always gives a row
    values, customers, told = row
    if values > customers:
        return f"{values - customers} customers would get more than one value"
    if told < values:
        return f"{values - told} values would stand without evidence"
    return None
