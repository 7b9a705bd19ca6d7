"""`kith audiences`: what it says of a version, and of a declaration that is tried on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ml.activate.audiences.register import KeyUse
from ml.activate.audiences.rules import customer_columns
from ml.activate.audiences.trial import try_declaration, within_time
from ml.activate.audiences.words import describe_audiences
from ml.data.warehouse import connect_apart, lock_down, write_table
from ml.errors import KithError
from ml.home import Home
from ml.serve.versions import Versions

DAY = date(2024, 6, 1)
NEW = """\
title: Buyers
meaning: They ordered more than once.
rule: orders_count > 1
priority: 5
channel: email
expected_outcome: an order
"""
TABLES = """
create table audiences as select * from (values
    ('ready', 'Ready', 'They are ready.', 'orders_count > 0', 5, 'email', 'ready', 7, 0.1,
        40, 10, 30, 27, 3, 7, 'an order'),
    ('new_tea', 'New tea', 'They drink it.', 'new_product_id is not null', 6, 'email', 'new_tea', null, 0.1,
        0, 0, 0, 0, 0, 0, 'a pot')
) as rows(audience, title, meaning, rule, priority, channel, purpose, size_cap, holdout_share, fitting_count,
    without_consent_count, size, treatment_count, holdout_count, within_cap_count, expected_outcome);
create table audience_stability as select * from (values
    ('ready', 'behaviour', 4, 2, 0), ('ready', 'model', 1, 0, 0), ('ready', 'unchanged', 0, 0, 25)
) as rows(audience, cause, entered, "left", stayed);
create table audience_overlap as
select 'ready' as audience, 'other' as other_audience, 6 as customers, 0.5 as share_of_smaller;
create table audience_members as select 'ready' as audience, 'c' || n as customer_id from range(30) as numbers(n);
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one published version: 40 customers, of whom every second one agreed to e-mail."""
    home = Home(tmp_path)
    folder = Versions(home).folder / "2024-06-01-abc"
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        told = {"orders_count": range(40), "consent_email": [n % 2 == 0 for n in range(40)]}
        columns = customer_columns()
        write_table(
            connection,
            "customers",
            columns,
            [
                [
                    f"c{n}" if name == "customer_id" else told[name][n] if name in told else None
                    for name in columns
                ]
                for n in range(40)
            ],
        )
        tables = [
            *("audiences", "audience_stability", "audience_overlap"),
            *("audience_members", "customers"),
        ]
        for table in tables:
            connection.execute(f"copy {table} to '{folder / table}.parquet' (format parquet)")
    files = [{"name": f"{table}.parquet"} for table in tables]
    (folder / "manifest.json").write_text(
        json.dumps({"as_of_date": DAY.isoformat(), "files": files})
    )
    Versions(home).make_current_if_not_older(folder.name, DAY)
    return home


@pytest.fixture
def declaration(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = NEW, key: str = "buyers") -> Path:
        path = tmp_path / f"{key}.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_table_says_how_many_came_and_went(home: Home) -> None:
    head, names, ready, tea, _ = describe_audiences(home)
    assert head == "audiences of version 2024-06-01-abc, as of 2024-06-01"
    assert names.split()[:7] == [
        "audience",
        "channel",
        "people",
        "treatment",
        "holdout",
        "came",
        "went",
    ]
    assert ready.split() == [
        *["ready", "email", "30", "27", "3", "5", "2", "other"],
        "(6)",
        "an",
        "order",
    ]
    assert tea.split() == [*["new_tea", "email", "0", "0", "0", "-", "-", "-"], "a", "pot"]


def test_one_audience_says_its_rule_and_why_people_came(home: Home) -> None:
    told = "\n".join(describe_audiences(home, "ready"))
    for words in (
        "rule: orders_count > 0",
        "40 people fit, 10 of them may not be contacted; 30 remain",
        "25 stayed since the version before",
        "behaviour: 4 came, 2 went",
        "model: 1 came, 0 went",
        "shares 6 people with other, 50% of the smaller",
    ):
        assert words in told


def test_an_empty_audience_says_what_the_brand_has_not(home: Home) -> None:
    told = "\n".join(describe_audiences(home, "new_tea"))
    assert "no customer has a value in new_product_id" in told


def test_an_unknown_audience_and_an_empty_home_say_the_way_out(home: Home, tmp_path: Path) -> None:
    with pytest.raises(KithError, match=r"no audience 'nobody'\. It has: new_tea, ready"):
        describe_audiences(home, "nobody")
    with pytest.raises(KithError, match=r"holds no published version.*kith run"):
        describe_audiences(Home(tmp_path / "empty"))


def test_a_declaration_is_counted_before_it_is_adopted(
    home: Home, declaration: Callable[..., Path]
) -> None:
    told = "\n".join(try_declaration(home, declaration(NEW + "size_cap: 5\n")))
    assert "38 of 40 customers fit; 19 of them may be contacted (email), about 2 of those" in told
    assert "the cap lets 5 through at once" in told
    assert "shares 14 people with ready" in told


def test_a_declaration_that_cannot_be_used_is_refused(
    home: Home, declaration: Callable[..., Path]
) -> None:
    with pytest.raises(KithError, match="there is no column order_count"):
        try_declaration(home, declaration(NEW.replace("orders_count", "order_count")))
    home.audience_keys.parent.mkdir()
    entry = KeyUse("Old", "Others.", "2023-01-01", "2023-02-01", "2023-02-02")
    home.audience_keys.write_text(json.dumps({"buyers": vars(entry)}))
    with pytest.raises(KithError, match="never used again"):
        try_declaration(home, declaration())


def test_what_takes_too_long_is_stopped() -> None:
    endless = (
        "select count(*) from range(1000000) as a, range(1000000) as b where a.range + b.range < 0"
    )
    with (
        connect_apart() as connection,
        pytest.raises(KithError, match=r"after 0\.2 seconds") as stopped,
    ):
        within_time(connection, 0.2, "slow", lambda: connection.execute(endless).fetchall())
    assert "audience_seconds" in str(stopped.value)


def test_what_is_tried_has_no_way_out() -> None:
    with connect_apart() as connection:
        lock_down(connection)
        for query in (
            "select * from read_text('/etc/hostname')",
            "copy (select 1) to 'elsewhere'",
            "set enable_external_access = true",
            "attach 'elsewhere.db'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(query)
