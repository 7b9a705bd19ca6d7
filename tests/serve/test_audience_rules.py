"""The audit's rules on lists of people: each holds on tables that agree, and finds the row that does not."""

from __future__ import annotations

import duckdb
import pytest

from ml.serve.audit import RULES
from ml.serve.audit_audiences import AUDIENCE_RULES

TABLES = """
create schema published; create schema events;
create table published.customers as select * from (values
    ('ann', date '2024-06-01', true, true, true, true, true),
    ('bob', date '2024-06-01', true, true, null, false, null),
    ('cid', date '2024-06-01', false, true, true, true, true)
) as rows(customer_id, as_of_date, consent_profiling, consent_email, consent_sms, consent_ad_user_data,
    consent_ad_personalization);
alter table published.customers add column consent_push boolean;
create table events.int_customer__refusals as select 'cid' as customer_id;
create table published.audiences as select * from (values
    ('ready', 'email', 'ready', null, 3, 1, 2, 1, 1, 2),
    ('ads', 'ads', 'ready', 1, 1, 0, 1, 1, 0, 1),
    ('house', 'store', 'house', null, 0, 0, 0, 0, 0, 0)
) as rows(audience, channel, purpose, size_cap, fitting_count, without_consent_count, size, treatment_count,
    holdout_count, within_cap_count);
create table published.audience_members as select * from (values
    ('ready', 'ann', 'treatment', date '2024-06-01', true),
    ('ready', 'bob', 'holdout', date '2024-05-01', true),
    ('ads', 'ann', 'treatment', date '2024-05-01', true)
) as rows(audience, customer_id, "group", entered_at, is_within_cap);
create table published.holdouts as select * from (values
    ('ready', 'bob', 'holdout'), ('ready', 'ann', 'treatment'), ('other', 'ann', 'holdout')
) as rows(purpose, customer_id, "group");
create table published.audience_overlap as select * from (values
    ('ads', 'ready', 1, 1.0), ('ready', 'ads', 1, 1.0)
) as rows(audience, other_audience, customers, share_of_smaller);
create table published.audience_changes as select * from (values
    ('ready', 'ann', 'entered'), ('house', 'bob', 'left')
) as rows(audience, customer_id, change);
create table published.audience_stability as select * from (values
    ('ready', 1, 0, 1), ('ads', 0, 0, 1), ('house', 0, 1, 0)
) as rows(audience, entered, "left", stayed);
"""
# What goes wrong, and which rules see it.
BREAKS = {
    "delete from published.customers where customer_id = 'ann'": {
        "every audience member is a customer",
        "who is held out is a customer",
        "who entered since the version before entered today",
    },
    "update published.customers set consent_email = null where customer_id = 'bob'": {
        "no audience member without consent to its channel"
    },
    "update published.customers set consent_ad_personalization = false where customer_id = 'ann'": {
        "no audience member without consent to its channel"
    },
    "update published.audiences set channel = 'push' where audience = 'ready'": {
        "no audience member without consent to its channel"
    },
    "insert into events.int_customer__refusals values ('bob')": {
        "no audience member who refused profiling"
    },
    "delete from published.holdouts where customer_id = 'bob'": {
        "an audience member is held out exactly where its purpose holds it out"
    },
    "update published.holdouts set \"group\" = 'holdout'": {
        "an audience member is held out exactly where its purpose holds it out"
    },
    "insert into published.holdouts values ('ready', 'dee', 'holdout')": {
        "who is held out is a customer"
    },
    "update published.audiences set fitting_count = 9 where audience = 'ready'": {
        "the sizes of an audience are those of its members"
    },
    "update published.audiences set treatment_count = 2, holdout_count = 0 where audience = 'ready'": {
        "the sizes of an audience are those of its members"
    },
    "update published.audiences set size_cap = 1 where audience = 'ready'": {
        "the sizes of an audience are those of its members"
    },
    "insert into published.audience_members values ('none', 'ann', 'treatment', date '2024-06-01', true)": {
        "every member stands in a declared audience"
    },
    "update published.audience_overlap set customers = 2 where audience = 'ads'": {
        "two audiences share as many people from either side"
    },
    "delete from published.audience_overlap where audience = 'ads'": {
        "two audiences share as many people from either side"
    },
    "update published.audience_overlap set share_of_smaller = 1.5": {
        "two audiences share as many people from either side"
    },
    "update published.audience_stability set stayed = 0 where audience = 'ads'": {
        "who stayed and who entered are the members of today"
    },
    "update published.audience_members set entered_at = date '2024-05-30' where audience = 'ready'": {
        "who entered since the version before entered today"
    },
    "insert into published.audience_changes values ('ads', 'ann', 'left')": {
        "who entered since the version before entered today"
    },
}


def broken(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The rules that do not hold."""
    counts = {}
    for rule, query in AUDIENCE_RULES.items():
        row = connection.execute(query).fetchone()
        counts[rule] = row[0] if row else 0
    return {rule for rule, count in counts.items() if count}


@pytest.fixture
def tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(TABLES)
    return connection


def test_the_rules_hold_on_tables_that_agree(tables: duckdb.DuckDBPyConnection) -> None:
    assert broken(tables) == set()


@pytest.mark.parametrize("change", BREAKS)
def test_a_rule_finds_what_does_not_agree(tables: duckdb.DuckDBPyConnection, change: str) -> None:
    tables.execute(change)
    assert broken(tables) == BREAKS[change]


def test_every_rule_is_made_to_fail_once_and_asked_by_the_audit() -> None:
    assert set().union(*BREAKS.values()) == set(AUDIENCE_RULES)
    assert set(AUDIENCE_RULES) <= set(RULES)
