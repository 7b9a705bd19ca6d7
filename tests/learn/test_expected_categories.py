"""What: the ranking is the one that a plain reading gives, and weights are those that would have hit most."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.learn.expected.categories import (
    DEFAULT,
    Weights,
    candidates,
    choose_weights,
    hit_rate,
    top_three,
)

NAMES = ["bags", "books", "gifts", "shoes", "tents", "wine"]
AMOUNT = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, 3.0])
interest_rows = st.dictionaries(
    st.tuples(st.sampled_from(["anna", "bert", "carl"]), st.sampled_from(NAMES)),
    st.tuples(AMOUNT, AMOUNT),
    max_size=14,
)
sale_rows = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 6), max_size=6)


def frames(
    interests: dict[tuple[str, str], tuple[float, float]], sales: dict[str, int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = [(*key, *value) for key, value in interests.items()]
    return (
        pd.DataFrame(rows, columns=["customer_id", "category", "bought", "looked"]),
        pd.DataFrame(list(sales.items()), columns=["category", "lines_count"]),
    )


def plain_reading(
    customer: str,
    interests: dict[tuple[str, str], tuple[float, float]],
    sales: dict[str, int],
    weights: Weights,
) -> list[str]:
    """All categories scored one by one, the best three; what is neither sold nor looked at is left out."""
    own = {name: value for (who, name), value in interests.items() if who == customer}
    shares: dict[str, list[float]] = {name: [0.0, 0.0, 0.0] for name in {*own, *sales}}
    for column in (0, 1):
        total = sum(value[column] for value in own.values())
        for name, value in own.items():
            shares[name][column] = value[column] / total if total else 0.0
    for name, lines in sales.items():
        shares[name][2] = lines / sum(sales.values())
    everything = {name for _, name in interests} | set(sales)
    rank = sorted(everything, key=lambda name: (-sales.get(name, 0), name))
    score = {
        name: round(sum(a * b for a, b in zip(row, weights, strict=True)), 12)
        for name, row in shares.items()
    }
    return sorted(score, key=lambda name: (-score[name], rank.index(name)))[:3]


@settings(max_examples=150)
@given(
    interests=interest_rows,
    sales=sale_rows,
    weights=st.sampled_from([DEFAULT, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.2, 0.2, 0.6)]),
)
def test_the_three_shown_are_the_best_of_all(
    interests: dict[tuple[str, str], tuple[float, float]], sales: dict[str, int], weights: Weights
) -> None:
    found = candidates(["carl", "anna", "dora"], *frames(interests, sales))
    known = {name for who, name in interests if who in ("anna", "carl", "dora")} | set(sales)
    if not known:
        assert found is None
        return
    assert found is not None
    for who, shown in zip(found.customers, top_three(found, weights), strict=True):
        others = {key: value for key, value in interests.items() if key[0] in ("anna", "carl")}
        told = [str(found.categories[number]) for number in shown if number >= 0]
        assert told == plain_reading(str(who), others, sales, weights)


def test_weights_follow_what_foretold_the_next_order() -> None:
    draw = np.random.default_rng(1)
    people = [f"c{number:03d}" for number in range(300)]
    looked_at = draw.choice(NAMES, len(people))
    bought_before = draw.choice(NAMES, len(people))
    rows = [(who, name, 0.0, 1.0) for who, name in zip(people, looked_at, strict=True)]
    rows += [(who, name, 1.0, 0.0) for who, name in zip(people, bought_before, strict=True)]
    interests = pd.DataFrame(rows, columns=["customer_id", "category", "bought", "looked"])
    interests = interests.groupby(["customer_id", "category"], as_index=False).sum()
    sales = pd.DataFrame({"category": NAMES, "lines_count": [6, 5, 4, 3, 2, 1]})
    bought = pd.DataFrame({"customer_id": people, "category": looked_at})
    found = candidates(people, interests, sales)
    assert found is not None
    weights = choose_weights([(found, bought)])
    assert hit_rate(found, top_three(found, weights), bought) == 1.0
    best = top_three(found, (0.0, 0.0, 1.0))
    assert hit_rate(found, best, bought) == pytest.approx(0.5, abs=0.1)


def test_a_thin_past_leaves_the_default() -> None:
    found = candidates(["a"], *frames({("a", "bags"): (1.0, 0.0)}, {"wine": 2}))
    assert found is not None
    assert (
        choose_weights([(found, pd.DataFrame({"customer_id": ["a"], "category": ["bags"]}))])
        == DEFAULT
    )
    assert choose_weights([]) == DEFAULT


def test_hits_count_orders_once_and_strangers_never() -> None:
    interests, sales = frames({("a", "bags"): (1.0, 0.0)}, {"wine": 2, "books": 1})
    found = candidates(["a", "b"], interests, sales)
    assert found is not None
    bought = pd.DataFrame(
        {"customer_id": ["a", "a", "b", "z"], "category": ["bags", "wine", "unheard of", "wine"]}
    )
    assert hit_rate(found, top_three(found, DEFAULT), bought) == 0.5
    assert np.isnan(
        hit_rate(found, top_three(found, DEFAULT), bought[bought["customer_id"] == "z"])
    )
