"""The moments that lists answer, each at its edges: what the SQL says of people made for it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml.data.warehouse import connect, write_table
from ml.home import SEEDS, Home
from ml.transform import run_models

DAY = date(2024, 6, 1)
MIDNIGHT = datetime(2024, 6, 1)
MODELS = [
    "int_customer__service_cases",
    "int_customer__empty_visits",
    "int_customer__new_products",
    "int_customer__moments",
]
Rows = list[list[Any]]


def ago(days: float) -> datetime:
    """An instant so many days before the day of the run."""
    return MIDNIGHT - timedelta(days=days)


# customer_no, kind, place, text, days ago
INTERACTIONS: Rows = [
    [1, "complaint", None, "Parcel came LATE", ago(60)],
    [2, "complaint", None, "It arrived damaged, and late", ago(60.01)],
    [3, "complaint", None, "Wrong item sent", ago(9)],
    [3, "service", None, None, ago(8)],
    [4, "service", None, None, ago(9)],
    [4, "complaint", None, "xyz", ago(8)],
    [4, "complaint", None, "late", ago(30)],
    [5, "return", None, None, ago(3)],
    [10, "view", None, None, ago(1)],
    [10, "search", None, None, ago(1.01)],
    [10, "view", None, None, ago(5)],
    [11, "view", None, None, ago(2)],
    [11, "cart", None, None, ago(1.5)],
    [12, "view", None, None, ago(3)],
    [13, "view", None, None, ago(15)],
    [14, "view", "shop", None, ago(2)],
]
# customer_no, begun, furthest step, bought
VISITS: Rows = [
    [14, ago(2), 3, False],
    [14, ago(3), 2, False],
    [14, ago(4), 6, False],
    [14, ago(5), 5, True],
    [14, ago(14.5), 5, False],
]
ORDERS: Rows = [[12, "completed", ago(3)], [10, "cancelled", ago(1)]]
# record, status, known, superseded
VERSIONS: Rows = [
    [5, "returned", ago(4), None],
    [6, "returned", ago(4), None],
    [7, "returned", ago(4), DAY],
]
PRODUCTS: Rows = [
    ["old", "Old tea", "tea", "Leaf", ago(60.01)],
    ["new", "New tea", "tea", "Leaf", ago(60)],
    ["cup", "Cup", "cups", "Clay", ago(10)],
    ["later", "Later", "tea", "Leaf", MIDNIGHT],
    ["nameless", None, "pots", "Clay", ago(10)],
]
FAVOURITES: Rows = [
    [20, "category", "tea"],
    [21, "category", "tea"],
    [21, "brand", "Clay"],
    [22, "category", "pots"],
    [23, "store", "tea"],
]
CONTACTS: Rows = [
    *([30, "delivered", ago(90)] for _ in range(3)),
    [30, "opened", ago(90.01)],
    [30, "clicked", ago(5)],
    [31, "unsubscribed", ago(365)],
    [32, "complained", ago(365.01)],
]
IDENTIFIERS: Rows = [
    [40, "card", ago(30.5)],
    [40, "member", ago(3)],
    [41, "cookie", ago(3)],
]
TABLES: dict[str, tuple[str, Rows]] = {
    "relationship.int_customer__interactions": (
        "customer_no bigint, kind varchar, place varchar, text varchar, occurred_at timestamp",
        INTERACTIONS,
    ),
    "relationship.int_customer__store_visits": (
        "customer_no bigint, begun_at timestamp, furthest_rank integer, has_bought boolean",
        VISITS,
    ),
    "relationship.int_customer__orders": (
        "customer_no bigint, status varchar, occurred_at timestamp",
        ORDERS,
    ),
    "events.fct_orders": (
        "record_no bigint, status varchar, known_at timestamp, superseded_on date",
        VERSIONS,
    ),
    "events.dim_products": (
        "product_id varchar, name varchar, category varchar, brand varchar, launched_at timestamp",
        PRODUCTS,
    ),
    "relationship.int_customer__favourites": (
        "customer_no bigint, topic varchar, choice varchar",
        FAVOURITES,
    ),
    "relationship.int_customer__contacts": (
        "customer_no bigint, outcome varchar, occurred_at timestamp",
        CONTACTS,
    ),
    "identity.int_identity__identifiers": (
        "record_no bigint, id_type varchar, known_at timestamp",
        IDENTIFIERS,
    ),
    "identity.int_identity__customers_now": (
        "record_no bigint, customer_no bigint",
        [[n, n] for n in range(60)],
    ),
    "relationship.int_customer__roles": ("customer_no bigint", [[n] for n in range(60)]),
    "relationship.int_customer__activity": (
        "customer_no bigint, last_order_at timestamp",
        [[n, {50: ago(0.5), 51: ago(3), 52: ago(3.01)}.get(n)] for n in range(60)],
    ),
    "relationship.int_customer__device_habits": (
        "customer_no bigint, metric_rank bigint, days_since_last_reading bigint",
        [[55, 1, 29], [55, 2, 5]],
    ),
}


def write(home: Home, contents: bool) -> None:
    """The tables that the models read, with the people above or with people who did nothing."""
    home.warehouse.mkdir(parents=True)
    with connect(home) as connection:
        for name, (columns, rows) in TABLES.items():
            types = dict(column.split(" ") for column in columns.split(", "))
            known = contents or name.split("__")[-1] in ("roles", "customers_now", "activity")
            write_table(connection, name, types, rows if known else [])
        connection.execute("create schema seeds")
        for seed in ("complaint_topics", "journey_steps", "role_rules"):
            connection.execute(
                f"create table seeds.{seed} as from read_csv('{SEEDS}/{seed}.csv', header = true)"
            )


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    return built(Home(tmp_path_factory.mktemp("moments")), contents=True)


def built(home: Home, contents: bool) -> dict[int, dict[str, Any]]:
    write(home, contents)
    run_models(home, DAY, MODELS, lambda _: None)
    with connect(home, read_only=True) as connection:
        cursor = connection.execute("select * from activation.int_customer__moments")
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert len(rows) == 60
    return {row["customer_no"]: row for row in rows}


@pytest.mark.parametrize(
    ("who", "column", "value"),
    [
        (1, "is_complaint_open", True),
        (1, "last_complaint_topic", "late"),
        (1, "days_since_last_complaint", 60),
        (2, "is_complaint_open", False),
        (3, "is_complaint_open", False),
        (3, "last_complaint_topic", "wrong item"),
        (4, "is_complaint_open", True),
        (4, "last_complaint_topic", "other"),
        (5, "days_since_last_return", 3),
        (6, "days_since_last_return", 4),
        (7, "days_since_last_return", None),
        (10, "empty_visits_count_14d", 3),
        (11, "empty_visits_count_14d", 0),
        (12, "empty_visits_count_14d", 0),
        (13, "empty_visits_count_14d", 0),
        (14, "empty_visits_count_14d", 1),
        (14, "days_since_last_empty_visit", 2),
        (20, "new_product_id", "new"),
        (21, "new_product_id", "cup"),
        (22, "new_product_name", "nameless"),
        (23, "new_product_id", None),
        (30, "messages_count_90d", 4),
        (30, "messages_answered_count_90d", 1),
        (31, "messages_stopped_count_365d", 1),
        (32, "messages_stopped_count_365d", 0),
        (40, "member_days", 31),
        (41, "member_days", None),
        (50, "hours_since_last_order", 12),
        (51, "hours_since_last_order", 72),
        (52, "hours_since_last_order", 72),
        (53, "hours_since_last_order", None),
        (55, "days_since_last_reading", 29),
    ],
)
def test_a_moment_at_its_edge(
    moments: dict[int, dict[str, Any]], who: int, column: str, value: object
) -> None:
    assert moments[who][column] == value


def test_a_brand_that_delivers_nothing_of_a_kind_has_nulls(tmp_path: Path) -> None:
    counts = {
        "empty_visits_count_14d": 0,
        "messages_count_90d": 0,
        "messages_answered_count_90d": 0,
        "messages_stopped_count_365d": 0,
        "is_complaint_open": False,
    }
    for row in built(Home(tmp_path / "empty"), contents=False).values():
        told = {name: value for name, value in row.items() if name not in counts}
        assert {name: row[name] for name in counts} == counts
        del told["customer_no"], told["hours_since_last_order"]
        assert set(told.values()) == {None}
