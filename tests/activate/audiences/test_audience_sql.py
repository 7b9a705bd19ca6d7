"""What SQL is let through: harmless expressions, whatever their shape, and nothing else, whatever its disguise."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.audiences.declarations import declared_audiences
from ml.activate.audiences.rules import check_audience, check_expression, customer_columns
from ml.errors import KithError

COLUMNS = {
    "customer_id": "varchar",
    "as_of_date": "date",
    "level": "varchar",
    "city": "varchar",
    "orders_count": "bigint",
    "orders_amount": "decimal(18,4)",
    "churn_probability": "double",
    "consent_email": "boolean",
    "last_order_at": "timestamp",
}
# One row of unremarkable values, one of extremes, one that knows nothing.
PEOPLE: list[tuple[Any, ...]] = [
    ("a", date(2024, 6, 1), "weak", "Oslo", 3, 12.5, 0.25, True, datetime(2024, 5, 1, 10)),
    ("b", date(2024, 6, 1), "no number", "", 2**63 - 1, 99_999_999_999_999, 1e308, False, datetime(1, 1, 1)),
    (None, None, None, None, None, None, None, None, None),
]  # fmt: skip

# Each example is a query.
WITH_AN_ENGINE = settings(max_examples=60)

TEXTS = st.text(alphabet="aB9 '%_;-/*\"\\{}äπ", max_size=8).map(
    lambda text: "'" + text.replace("'", "''") + "'"
)
NUMBERS = st.one_of(
    st.integers(0, 10**12).map(str),
    st.floats(0, 1e12, allow_nan=False).map(lambda number: f"{number:.6f}"),
)


def numbers() -> st.SearchStrategy[str]:
    """Expressions that give a number."""
    leaves = st.one_of(
        NUMBERS, st.sampled_from(["orders_count", "orders_amount", "churn_probability"])
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            inner.map(lambda one: f"-{one}" if not one.startswith("-") else one),
            st.tuples(st.sampled_from(["abs", "floor", "ceil", "round"]), inner).map(lambda p: f"{p[0]}({p[1]})"),
            st.tuples(st.sampled_from(["coalesce", "greatest", "least", "nullif"]), inner, inner).map(
                lambda p: f"{p[0]}({p[1]}, {p[2]})"
            ),
        ),
        max_leaves=6,
    )  # fmt: skip


def conditions(of: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    """Expressions that give a truth; `of`: the numbers they compare, default sums of any shape."""
    of = numbers() if of is None else of
    compare = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "is distinct from"])
    leaves = st.one_of(
        st.just("consent_email"),
        st.tuples(of, compare, of).map(" ".join),
        st.tuples(st.sampled_from(["level", "lower(city)"]), compare, TEXTS).map(" ".join),
        st.lists(TEXTS, min_size=1, max_size=4).map(lambda texts: f"level in ({', '.join(texts)})"),
        TEXTS.map(lambda text: f"city like {text}"),
        TEXTS.map(lambda text: f"contains(level, {text})"),
        st.sampled_from(["level", "last_order_at", "orders_count"]).map(
            lambda one: f"{one} is not null"
        ),
        st.just("date_diff('day', last_order_at, as_of_date) between 3 and 30"),
        st.just("last_order_at >= date '2024-05-01'"),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
                lambda p: f"({p[0]} {p[1]} {p[2]})"
            ),
            inner.map(lambda one: f"not ({one})"),
            st.tuples(inner, inner).map(lambda p: f"case when {p[0]} then {p[1]} else false end"),
        ),
        max_leaves=8,
    )


def check(text: str, kind: str = "truth") -> str:
    return check_expression(text, COLUMNS, kind, "the audience 'x', rule").sql


def on_people(condition: str) -> list[tuple[Any, ...]]:
    """The condition, asked of every person."""
    with duckdb.connect() as connection:
        declared = ", ".join(f"{name} {sql_type}" for name, sql_type in COLUMNS.items())
        connection.execute(f"create table customers ({declared})")
        connection.executemany(
            f"insert into customers values ({', '.join('?' for _ in COLUMNS)})", PEOPLE
        )
        return connection.execute(f"select ({condition}) from customers order by rowid").fetchall()


@WITH_AN_ENGINE
@given(conditions())
def test_harmless_rules_pass_and_never_fail_on_a_row(text: str) -> None:
    assert len(on_people(check(text))) == len(PEOPLE)


@WITH_AN_ENGINE
@given(conditions(st.sampled_from(["orders_count", "churn_probability", "3", "0.25"])))
def test_what_is_written_anew_says_what_was_written(text: str) -> None:
    assert on_people(check(text)) == on_people(text)


HOSTILE = [
    "true; drop table customers",
    "exists (select 1)",
    "level in (select level from customers)",
    "(select max(orders_count) from customers) > 1",
    "orders_count = any (select 1)",
    "row_number() over () = 1",
    "sum(orders_count) over () > 1",
    "count(*) > 1",
    "sum(orders_count) > 1",
    "now() > last_order_at",
    "current_date > as_of_date",
    "current_timestamp > last_order_at",
    "today() > as_of_date",
    "random() < 0.5",
    "uuid() = level",
    "getenv('HOME') = 'x'",
    "getvariable('x') = 1",
    "current_setting('threads') = '1'",
    "read_csv('/etc/passwd') is not null",
    "read_text('/etc/passwd') = 'x'",
    "level in (from 'file.csv')",
    "nextval('x') > 1",
    "repeat('x', 1000000000) = level",
    "regexp_matches(level, '(a*)*b')",
    "range(1000000000) is not null",
    "list_sort([1, 2])[1] = 1",
    "columns(*) is not null",
    "customers is not null",
    "customers.level = 'a'",
    "other.level = 'a'",
    "*",
    "$1",
    "?",
    "level = :name",
    "cast(level as integer) > 1",
    "level::integer > 1",
    "try_cast(level as integer) > 1",
    "orders_count > 'a'",
    "level > 1",
    "level = 1 or true",
    "coalesce(level, 1) = 1",
    "level like city",
    "consent_email > 1",
    "password = 'x'",
    "true limit 1",
    "true union select true",
    "true) or (select true",
    "true order by 1",
    "1 as x",
    "orders_count",
    "'true'",
    "x -> x + 1",
    "{{ run_query('drop table x') }}",
    "set threads = 1",
    "pragma version",
    "attach 'x.db'",
    "copy customers to 'x'",
    "call pragma_version()",
    "level = $$a$$",
    "interval 1 day > interval 2 day",
    "struct_pack(a := 1).a = 1",
    "",
    "--",
    "/* only a comment */",
    "(" * 500 + "true" + ")" * 500,
    " or ".join(["true"] * 900),
    "orders_count = 1 or " * 90 + "true" + " " * 2_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:40])
def test_hostile_rules_are_refused_with_the_rule_and_the_way_out(text: str) -> None:
    with pytest.raises(KithError) as refused:
        check(text)
    told = str(refused.value)
    assert told.startswith("The audience 'x', rule: `")
    assert "docs/audiences.md" in told
    assert "\n" not in told


@WITH_AN_ENGINE
@given(conditions(), st.sampled_from([text for text in HOSTILE if 2 < len(text) < 60]))
def test_a_hostile_part_spoils_a_harmless_rule(harmless: str, hostile: str) -> None:
    for text in (
        f"({harmless}) and ({hostile})",
        f"case when {harmless} then ({hostile}) else true end",
    ):
        with pytest.raises(KithError):
            check(text)


@WITH_AN_ENGINE
@given(st.text(max_size=60))
def test_any_text_is_let_through_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        condition = check(text)
    except KithError:
        return
    assert len(on_people(condition)) == len(PEOPLE)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ordrs_count > 1", "there is no column ordrs_count"),
        ("order_count > 1", "there are orders_count, orders_amount"),
        ("orders_count > 'many'", "mixes a number with a text"),
        ("now() > last_order_at", "`NOW()` is not let through"),
        ("orders_count", "it gives a number, and a truth is needed"),
        ("not level", "is a text where a truth is needed"),
        ("date_diff('hour', last_order_at, as_of_date) > 3", "days are counted"),
    ],
)
def test_an_error_says_what_was_found(text: str, word: str) -> None:
    with pytest.raises(KithError, match=r"^The audience 'x', rule: ") as refused:
        check(text)
    assert word in str(refused.value)


def test_comments_and_odd_capitals_do_not_reach_the_warehouse() -> None:
    written = check("ORDERS_COUNT > 1 -- and more\n /* ; drop */ and \"Level\" = 'A -- b'")
    assert written == '"orders_count" > 1 AND "level" = \'A -- b\''


def test_every_declared_audience_is_let_through() -> None:
    declared = declared_audiences()
    assert len(declared) >= 16
    for audience in declared.values():
        assert check_audience(audience).columns <= set(customer_columns())
