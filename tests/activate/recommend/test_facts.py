"""What a day knows, against a second telling in plain Python; and facts of later days, which change nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.recommend.facts import History, read_bought_next, read_history
from ml.activate.recommend.queries import (
    BOUGHT_HALF_LIFE,
    LOOKED_DAYS,
    LOOKED_HALF_LIFE,
    PRODUCT,
)
from tests.activate.recommend.shops import TODAY, Deed, Product, Shop, customer

PRODUCTS = tuple(Product(name, launched=date(2024, 1, 1)) for name in "abc")
WHAT = ("completed", "returned", "cancelled", "view", "cart", "return", "visit")

days = st.integers(1, 150).map(lambda ago: TODAY - timedelta(days=ago))
deeds = st.builds(
    Deed, st.integers(0, 3), st.sampled_from("abcd"), days, st.sampled_from(WHAT), st.none()
)
shops = st.builds(
    Shop,
    st.just(PRODUCTS),
    st.lists(deeds, max_size=25).map(tuple),
    st.frozensets(st.integers(0, 3), max_size=2),
)


def history_of(shop: Shop, day: date = TODAY) -> History:
    with shop.warehouse() as connection:
        return read_history(connection, day, TODAY, PRODUCT)


def told(history: History) -> dict[tuple[str, str], dict[str, object]]:
    rows = history.pairs.to_dict("records")
    items = history.items["item"]
    return {(str(history.customers[r["customer"]]), items[r["item"]]): r for r in rows}


@settings(max_examples=25)
@given(shops)
def test_pairs_are_what_plain_python_counts(shop: Shop) -> None:
    expected: dict[tuple[str, str], list[Deed]] = defaultdict(list)
    for deed in shop.deeds:
        fresh = (TODAY - deed.day).days <= LOOKED_DAYS or deed.what in (
            "completed",
            "returned",
            "return",
        )
        if deed.person not in shop.refused and deed.what not in ("cancelled", "visit") and fresh:
            expected[customer(deed.person), deed.product].append(deed)
    found = told(history_of(shop))
    assert set(found) == set(expected)
    for key, of_pair in expected.items():
        row = found[key]
        bought = {(TODAY - d.day).days for d in of_pair if d.what == "completed"}
        looks = [(TODAY - d.day).days for d in of_pair if d.what in ("view", "cart")]
        assert row["order_days"] == len(bought)
        assert row["last_bought"] == min(bought, default=-1)
        assert row["first_bought"] == max(bought, default=-1)
        assert row["looks"] == len(looks)
        assert row["carts"] == sum(d.what == "cart" for d in of_pair)
        assert row["last_looked"] == min(looks, default=-1)
        assert bool(row["returned"]) == any(d.what in ("returned", "return") for d in of_pair)
        times = [(TODAY - d.day).days for d in of_pair if d.what == "completed"]
        assert abs(float(row["bought"]) - sum(0.5 ** (t / BOUGHT_HALF_LIFE) for t in times)) < 1e-5  # type: ignore[arg-type]
        assert abs(float(row["looked"]) - sum(0.5 ** (t / LOOKED_HALF_LIFE) for t in looks)) < 1e-5  # type: ignore[arg-type]


@settings(max_examples=15)
@given(shops, st.lists(deeds, min_size=1, max_size=10))
def test_what_is_known_later_changes_nothing(shop: Shop, later: list[Deed]) -> None:
    late = [replace(deed, visible_on=TODAY + timedelta(days=2)) for deed in later]
    ahead = [replace(deed, day=TODAY, visible_on=None) for deed in later]
    poison = [*late, *ahead]
    calm, poisoned = history_of(shop), history_of(shop.plus(*poison))
    known = {customer(deed.person) for deed in shop.deeds}
    pd.testing.assert_frame_equal(calm.items, poisoned.items)
    of_known = {key: row for key, row in told(poisoned).items() if key[0] in known}
    assert [_figures(row) for row in told(calm).values()] == [
        _figures(r) for r in of_known.values()
    ]


def _figures(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "customer"}


def test_some_people_are_read_as_if_there_were_no_others() -> None:
    everybody = Shop(
        PRODUCTS, tuple(Deed(n, "abc"[n % 3], TODAY - timedelta(days=9)) for n in range(8))
    )
    with everybody.warehouse() as connection:
        # Ids that differ in the digits that the draw looks at, as hashes do.
        for place in ("0", "3", "8", "f"):
            connection.execute(
                "update identity.customer_map set customer_id = ? || substr(customer_id, 6) "
                "where record_no % 4 = ?",
                [f"c{place}000", "038f".index(place)],
            )
        all_of_them = read_history(connection, TODAY, TODAY, PRODUCT)
        some = read_history(connection, TODAY, TODAY, PRODUCT, most_people=4)
    assert len(all_of_them.customers) == 8
    assert list(some.customers) == [c for c in all_of_them.customers if c < "c8"]
    assert set(told(some)) == {key for key in told(all_of_them) if key[0] < "c8"}


def test_a_return_told_later_is_not_known_before() -> None:
    bought = Deed(0, "a", TODAY - timedelta(days=40), order=7)
    back = Deed(0, "a", bought.day, "returned", TODAY - timedelta(days=10), order=7)
    shop = Shop(PRODUCTS, (bought, back))
    before = told(history_of(shop, TODAY - timedelta(days=20)))[customer(0), "a"]
    after = told(history_of(shop))[customer(0), "a"]
    assert (before["order_days"], bool(before["returned"])) == (1, False)
    assert (after["order_days"], bool(after["returned"])) == (0, True)


def test_what_was_bought_next_is_read_from_the_window_with_the_status_of_today() -> None:
    start = TODAY - timedelta(days=30)
    shop = Shop(
        PRODUCTS,
        (
            Deed(0, "a", start - timedelta(days=1)),
            Deed(0, "b", start),
            Deed(0, "c", TODAY - timedelta(days=1)),
            Deed(0, "d", start, visible_on=TODAY + timedelta(days=1)),
            Deed(1, "a", start, "completed", order=5),
            Deed(1, "a", start, "returned", TODAY, order=5),
            Deed(1, "z", TODAY - timedelta(days=2)),
        ),
    )
    with shop.warehouse() as connection:
        history = read_history(connection, start, TODAY, PRODUCT)
        taken = read_bought_next(connection, history, TODAY, 29)
    named = [
        (r.customer, history.items["item"][r.item] if r.item >= 0 else "?")
        for r in taken.itertuples()
    ]
    assert named == [(0, "b"), (1, "?")]
