"""Figures of offers against a second telling in plain Python, and the choice that never sees the judged window."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from math import log2

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from ml.activate.recommend.choose import WINDOWS, choose, window_starts
from ml.activate.recommend.learned import _loss
from ml.activate.recommend.methods import POPULARITY
from ml.activate.recommend.quality import MANY, Judged, coverage_of, figures_of, hits_of
from ml.activate.recommend.queries import PRODUCT
from ml.activate.recommend.ranking import NOTHING, first_places, without
from tests.activate.recommend.shops import FIRST, TODAY, Deed, Shop, question
from tests.activate.recommend.test_offers import two_tastes

ITEMS = 20
places = st.lists(st.integers(0, ITEMS - 1), max_size=MANY, unique=True)
taken = st.lists(st.integers(-1, ITEMS - 1), min_size=1, max_size=15, unique=True)


@settings(max_examples=200)
@given(st.lists(st.tuples(places, taken), min_size=1, max_size=6))
def test_hits_and_ndcg_are_what_plain_python_counts(
    people: list[tuple[list[int], list[int]]],
) -> None:
    things = np.array([p + [NOTHING] * (MANY - len(p)) for p, _ in people])
    rows = [(n, item) for n, (_, took) in enumerate(people) for item in took]
    frame = pd.DataFrame(rows, columns=["customer", "item"])
    hits = hits_of(things, np.arange(len(people)), frame, ITEMS)
    figures = figures_of(hits, np.ones_like(hits), np.array([len(took) for _, took in people]))
    for n, (offered, took) in enumerate(people):
        gain = sum(1 / log2(i + 2) for i, item in enumerate(offered) if item in took)
        best = sum(1 / log2(i + 2) for i in range(min(len(took), MANY)))
        assert figures["ndcg_10"][n] == pytest.approx(gain / best)
        assert figures["hit_rate_3"][n] == float(bool(set(offered[:3]) & set(took)))
        assert figures["hit_rate_10"][n] == float(bool(set(offered) & set(took)))


scores = st.lists(
    st.lists(st.sampled_from([0, 0, 0.25, 0.5, 0.75]), min_size=6, max_size=6),
    min_size=1,
    max_size=5,
)


@settings(max_examples=200)
@given(scores, st.permutations(range(6)), st.integers(1, 7), st.randoms(use_true_random=False))
def test_places_are_those_of_a_plain_sort(
    rows: list[list[float]], rank: list[int], count: int, random: object
) -> None:
    forbidden = [[float(random.random() < 0.3) for _ in row] for row in rows]  # type: ignore[attr-defined]
    allowed = without(
        csr_matrix(np.array(rows, dtype=np.float32)), csr_matrix(forbidden, dtype=np.float32)
    )
    things, values = first_places(allowed, np.array(rank), count)
    for row, banned, found, worth in zip(rows, forbidden, things, values, strict=True):
        order = sorted(
            (i for i in range(6) if row[i] > 0 and not banned[i]), key=lambda i: (-row[i], rank[i])
        )
        expected = order[:count]
        assert list(found) == expected + [NOTHING] * (count - len(expected))
        assert list(worth[: len(expected)]) == [row[i] for i in expected]


def test_the_interval_holds_the_figure_and_a_method_gains_nothing_over_itself() -> None:
    random = np.random.default_rng(5)
    names = ("a", "b")
    figures = {
        name: pd.DataFrame(
            random.random((300, 4)),
            columns=["hit_rate_3", "hit_rate_10", "ndcg_10", "new_hit_rate_3"],
        )
        for name in names
    }
    things = {
        name: random.permuted(np.tile(np.arange(ITEMS), (300, 1)), axis=1)[:, :MANY]
        for name in names
    }
    judged = Judged.of(
        figures, things, np.ones(ITEMS, dtype=np.float32), np.ones(ITEMS, dtype=bool), 1
    )
    low, high = judged.interval("a", "ndcg_10")
    assert low < judged.values["a", "ndcg_10"] < high
    assert judged.gain("a", "a", "ndcg_10") == (0, 0, 0)
    gain, low, high = judged.gain("a", "b", "ndcg_10")
    assert gain == pytest.approx(figures["a"]["ndcg_10"].mean() - figures["b"]["ndcg_10"].mean())
    assert low < gain < high
    assert coverage_of(things["a"], np.ones(ITEMS, dtype=bool)) == 1


def test_windows_lie_end_to_end_before_what_is_complete() -> None:
    starts = window_starts(FIRST, TODAY, 30)
    assert len(starts) == WINDOWS
    assert starts[0] + timedelta(days=30) == TODAY
    assert {a - b for a, b in pairwise(starts)} == {timedelta(days=30)}
    assert window_starts(date(2025, 6, 20), TODAY, 30) == []


def test_the_judged_window_takes_no_part_in_the_choice() -> None:
    shop = two_tastes(people=80)
    start = window_starts(FIRST, TODAY, 30)[0]
    turned = replace(
        shop, deeds=tuple(_turned(deed) if deed.day >= start else deed for deed in shop.deeds)
    )
    asked = question()
    found = []
    for world in (shop, turned):
        with world.warehouse() as connection:
            found.append(choose(asked.past(connection, PRODUCT), asked.starts()))
    as_it_was, otherwise = found
    assert as_it_was.method == otherwise.method
    assert as_it_was.reason == otherwise.reason
    assert as_it_was.judged is not None
    assert otherwise.judged is not None
    assert as_it_was.judged.judged.values != otherwise.judged.judged.values


def _turned(deed: Deed) -> Deed:
    """The same deed with the taste of the others."""
    return replace(deed, product=("b" if deed.product[0] == "a" else "a") + deed.product[1:])


def test_planted_tastes_beat_popularity() -> None:
    asked = question()
    with two_tastes(people=120).warehouse() as connection:
        choice = choose(asked.past(connection, PRODUCT), asked.starts())
    assert choice.judged is not None
    assert choice.method.name != POPULARITY
    gain, low, _ = choice.judged.judged.gain(choice.method.name, POPULARITY, "ndcg_10")
    assert gain > low > 0


def test_a_shop_without_people_is_chosen_for_without_an_error() -> None:
    asked = question()
    with Shop().warehouse() as connection:
        choice = choose(asked.past(connection, PRODUCT), asked.starts())
    assert choice.judged is None


def test_the_slope_of_the_learned_weights_is_the_slope_of_the_loss() -> None:
    random = np.random.default_rng(2)
    signs, weights = random.random((30, 3)), random.random(3)
    chosen = random.random(30) < 0.3
    starts = np.array([0, 7, 19])
    _, slope = _loss(weights, signs, chosen, starts)
    for i in range(3):
        step = np.eye(3)[i] * 1e-6
        ahead, _ = _loss(weights + step, signs, chosen, starts)
        behind, _ = _loss(weights - step, signs, chosen, starts)
        assert slope[i] == pytest.approx((ahead - behind) / 2e-6, abs=1e-6)
