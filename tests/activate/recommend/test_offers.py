"""What is offered: tastes that were planted, and what must never be offered whatever a shop looks like."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.recommend.assortment import OfferRules, assortment_of
from ml.activate.recommend.facts import read_history
from ml.activate.recommend.methods import FIXED, learned_method
from ml.activate.recommend.offer import Plan, offered, plan_offers
from ml.activate.recommend.queries import CATEGORY, PRODUCT
from ml.activate.recommend.ranking import FITS, NEW_PLACE, Offers
from ml.activate.recommend.tables import OFFER_COLUMNS
from tests.activate.recommend.shops import TODAY, Deed, Product, Shop, customer, question

OLD = date(2020, 1, 1)
RULES = OfferRules(unsold_days=60, new_days=60, repeat_share=0.02, rest_days=100)
LEARNED = learned_method({"bought": 1, "looked": 0.5, "bm25": 2, "als": 0.5, "shelf": 0.1})
METHODS = (*FIXED, LEARNED)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def offers_of(shop: Shop, weights: dict[str, float], rules: OfferRules = RULES) -> pd.DataFrame:
    """The offers of one method, without a choice."""
    with shop.warehouse() as connection:
        offers = Offers.of(read_history(connection, TODAY, TODAY, PRODUCT), rules, threads=1)
        everybody = np.array([customer(n) for n in range(100)], dtype=object)
        parts = list(offered(offers, weights, everybody))
    return pa.concat_tables([OFFER_COLUMNS.empty_table(), *parts]).to_pandas()


def plan_of(shop: Shop, **changes: object) -> Plan:
    with shop.warehouse() as connection:
        return plan_offers(connection, question(**changes))


def two_tastes(people: int = 60, seed: int = 3) -> Shop:
    """Even people take from the first eight products, odd ones from the last eight, a few from anywhere."""
    random = np.random.default_rng(seed)
    shelves = [f"{taste}{n}" for taste in "ab" for n in range(8)]
    deeds = []
    for person in range(people):
        for order in range(8):
            mine = shelves[:8] if person % 2 == 0 else shelves[8:]
            taken = random.choice(mine if random.random() < 0.9 else shelves)
            deeds.append(Deed(person, str(taken), ago(int(random.integers(1, 170)) + order % 2)))
    return Shop(tuple(Product(name, None, OLD) for name in shelves), tuple(deeds))


@pytest.mark.parametrize("method", METHODS[2:], ids=lambda method: method.name)
def test_people_get_what_people_of_their_taste_take(method: object) -> None:
    found = offers_of(two_tastes(), method.weights)  # type: ignore[attr-defined]
    taste = found["customer_id"].str[1:].astype(int).mod(2).map({0: "a", 1: "b"})
    assert len(found) == 180
    assert (found["item"].str[0] == taste).mean() > 0.85


products = st.builds(
    Product,
    st.sampled_from("abcdefgh"),
    st.sampled_from(["food", "tents", None]),
    st.sampled_from([None, OLD, ago(20), TODAY, TODAY + timedelta(days=3)]),
    st.sampled_from(["x", "y", None]),
)
deeds = st.builds(
    Deed,
    st.integers(0, 5),
    st.sampled_from("abcdefgh"),
    st.integers(1, 150).map(ago),
    st.sampled_from(["completed", "completed", "completed", "returned", "view", "cart", "return"]),
)
shops = st.builds(
    Shop,
    st.lists(products, unique_by=lambda product: product.name, max_size=8).map(tuple),
    st.lists(deeds, max_size=40).map(tuple),
    st.frozensets(st.integers(0, 5), max_size=2),
    st.just(6),
)


@settings(max_examples=40)
@given(shops, st.sampled_from(METHODS))
def test_never_unlaunched_unsold_returned_or_refused(shop: Shop, method: object) -> None:
    found = offers_of(shop, method.weights)  # type: ignore[attr-defined]
    assert not set(found["customer_id"]) & {customer(person) for person in shop.refused}
    known = {customer(n) for n in range(6)} - {customer(n) for n in shop.refused}
    assert set(found["customer_id"]) <= known
    launched = {product.name: product.launched for product in shop.products}
    assert all((launched.get(item) or OLD) < TODAY for item in found["item"])
    taking = [deed for deed in shop.deeds if deed.person not in shop.refused]
    bought = [deed for deed in taking if deed.what == "completed"]
    taken = bought or [deed for deed in taking if deed.what in ("view", "cart")]
    alive = {deed.product for deed in taken if deed.day >= ago(RULES.unsold_days)}
    new = {name for name, day in launched.items() if day and ago(RULES.new_days) <= day < TODAY}
    assert set(found["item"]) <= alive | new
    back = {(customer(d.person), d.product) for d in shop.deeds if d.what.startswith("return")}
    assert not set(zip(found["customer_id"], found["item"], strict=True)) & back
    for _, rows in found.groupby("customer_id"):
        assert list(rows["place"]) == list(range(1, len(rows) + 1))
        assert rows["item"].is_unique
        assert len(rows) <= 3
        assert rows["score"].is_monotonic_decreasing
    assert (found["why"] != "").all()
    assert offers_of(shop, method.weights).equals(found)  # type: ignore[attr-defined]


def test_the_same_shop_gives_the_same_plan_and_bytes() -> None:
    first, second = plan_of(two_tastes()), plan_of(two_tastes())
    assert first.choice is not None
    assert second.choice is not None
    assert first.choice.method == second.choice.method
    assert first.choice.judged is not None
    assert second.choice.judged is not None
    assert first.choice.judged.judged.values == second.choice.judged.judged.values


def test_what_nobody_buys_twice_rests_after_its_purchase() -> None:
    tents = [Product(f"tent{n}", "tents", OLD) for n in range(4)]
    food = [Product(f"food{n}", "food", OLD) for n in range(4)]
    deeds = [
        Deed(person, f"{shelf}{(person + n) % 4}", ago(20 + n + 30 * again))
        for person in range(60)
        for n in range(3)
        for shelf, times in (("tent", 1), ("food", 3))
        for again in range(times)
    ]
    shop = Shop((*tents, *food), tuple(deeds))
    found = offers_of(shop, {"bought": 1, "popular": 0.001})
    had = defaultdict(set)
    for deed in deeds:
        had[customer(deed.person)].add(deed.product)
    again = [
        item in had[who] for who, item in zip(found["customer_id"], found["item"], strict=True)
    ]
    assert found.loc[again, "item"].str.startswith("food").all()
    assert sum(again) > 100
    tents_only = Shop(tuple(tents), tuple(d for d in deeds if d.product.startswith("tent")))
    rested = offers_of(tents_only, {"bought": 1, "popular": 0.001}, OfferRules(rest_days=10))
    assert (rested["why"].str.startswith("bought")).all()


def test_a_new_thing_takes_the_third_place_of_those_it_fits() -> None:
    launch = Product("new", "food", ago(5), "x")
    shop = two_tastes()
    named = [
        Product(p.name, "food" if p.name < "b" else "tents", OLD, "x" if p.name < "b" else "y")
        for p in shop.products
    ]
    found = offers_of(Shop((*named, launch), shop.deeds), {"bm25": 1, "popular": 0.001})
    new = found.loc[found["item"] == "new"]
    assert (new["place"] == NEW_PLACE).all()
    assert (new["why"] == "new, and fits what you bought so far").all()
    even = [customer(n) for n in range(0, 60, 2)]
    assert new["customer_id"].isin(even).mean() > 0.9
    assert len(new) > 25
    assert 0 < FITS <= 1


def test_a_brand_that_is_only_looked_at_works_on_looks() -> None:
    shop = two_tastes()
    looked = tuple(Deed(d.person, d.product, d.day, "view") for d in shop.deeds)
    plan = plan_of(Shop(shop.products, looked))
    assert plan.kind == PRODUCT
    assert plan.choice is not None
    assert plan.choice.judged is not None
    found = offers_of(Shop(shop.products, looked), {"looked": 1, "popular": 0.001})
    assert found["why"].str.contains("you looked at it").any()
    assert not found["why"].str.contains("bought").any()


def test_single_pieces_give_categories() -> None:
    random = np.random.default_rng(1)
    pieces = [Product(f"p{n}", f"shelf{n % 5}", OLD) for n in range(600)]
    deeds = [
        Deed(person, f"p{order * 60 + person}", ago(170 - order * 17 - int(random.integers(0, 15))))
        for person in range(60)
        for order in range(10)
    ]
    plan = plan_of(Shop(tuple(pieces), tuple(deeds)))
    assert plan.kind == CATEGORY
    assert plan.offers is not None
    assert set(plan.offers.history.items["item"]) == {f"shelf{n}" for n in range(5)}


@pytest.mark.parametrize(
    ("shop", "word"),
    [
        (Shop(), "neither order lines nor interactions name a product"),
        (Shop(people=3), "neither order lines nor interactions name a product"),
        (Shop((Product("cd", None),), (Deed(0, "cd", ago(3)),)), "fewer than 3"),
    ],
)
def test_nothing_to_offer_says_why(shop: Shop, word: str) -> None:
    plan = plan_of(shop)
    assert plan.kind is None
    assert word in plan.reason


def test_a_tiny_brand_offers_by_the_simple_rule() -> None:
    names = "abcd"
    shop = Shop(
        tuple(Product(n) for n in names), tuple(Deed(0, n, ago(i + 2)) for i, n in enumerate(names))
    )
    plan = plan_of(shop)
    assert plan.choice is not None
    assert plan.choice.method.name == "bought_before"
    assert plan.choice.judged is None
    assert "too little" in plan.reason


def test_a_launch_today_lies_ahead() -> None:
    shop = Shop(
        (Product("a", "x", ago(1)), Product("b", "x", TODAY), Product("c", "x", None)),
        (Deed(0, "a", ago(3)), Deed(0, "b", ago(3)), Deed(0, "c", ago(3))),
    )
    with shop.warehouse() as connection:
        history = read_history(connection, TODAY, TODAY, PRODUCT)
    assert list(assortment_of(history, RULES).may_offer) == [True, False, True]
