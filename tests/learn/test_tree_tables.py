"""Trees as tables say what LightGBM says: sums to the last bit, terms to its own rounding."""

from __future__ import annotations

import itertools
import math

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.learn.models import served_trees, tree_tables
from ml.learn.models.served_trees import ServedTrees
from ml.learn.models.tree_tables import BLOCK_ROWS, Leaf, Split, Step, Table, TreeTables
from ml.learn.models.trees import canonical_text

COLUMNS = 6


def world(seed: int, rows: int, with_missing: bool) -> np.ndarray:
    """Counts, amounts and shares; every third value of the last three columns is missing."""
    random = np.random.default_rng(seed)
    values = np.column_stack(
        [
            random.poisson(2, (rows, 2)),
            random.gamma(2, 50, (rows, 2)),
            random.random((rows, 2)).round(2),
        ]
    ).astype(np.float32)
    if with_missing:
        values[:, 3:][random.random((rows, 3)) < 0.3] = np.nan
    return values


def grown(values: np.ndarray, leaves: int, rounds: int, **parameters: object) -> str:
    """LightGBM's text of trees that learn something of every column."""
    score = np.nan_to_num(values[:, 0] - 0.02 * values[:, 3] + values[:, 4] * values[:, 1])
    outcome = (score > np.median(score)).astype(float)
    settled = {
        "objective": "binary",
        "num_leaves": leaves,
        "min_data_in_leaf": 5,
        "verbosity": -1,
        "num_threads": 1,
        "deterministic": True,
        **parameters,
    }
    booster = lgb.train(settled, lgb.Dataset(values, outcome), rounds)
    return canonical_text(booster)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**16),
    leaves=st.integers(2, 24),
    trained_missing=st.booleans(),
    asked_missing=st.booleans(),
    is_random=st.booleans(),
)
def test_tables_agree_with_lightgbm(
    seed: int, leaves: int, trained_missing: bool, asked_missing: bool, is_random: bool
) -> None:
    text = grown(world(seed, 400, trained_missing), leaves, 6, extra_trees=is_random, max_depth=8)
    asked = world(seed + 1, 300, asked_missing)
    booster = lgb.Booster(model_str=text)
    # Values on the thresholds themselves, where a 32-bit and a 64-bit comparison could part.
    for tree in booster.dump_model()["tree_info"]:
        root = tree["tree_structure"]
        if "split_feature" in root:
            asked[0, root["split_feature"]] = np.float32(root["threshold"])
    tables = TreeTables.of(text)
    assert np.array_equal(tables.raw(asked), booster.predict(asked, raw_score=True))
    terms = tables.terms(asked)
    assert terms.shape == (len(asked), COLUMNS + 1)
    np.testing.assert_allclose(terms, booster.predict(asked, pred_contrib=True), atol=1e-9, rtol=0)


def test_a_row_says_the_same_in_any_company() -> None:
    tables = TreeTables.of(grown(world(1, 400, True), 8, 10))
    asked = world(2, BLOCK_ROWS + 7, True)
    some = [0, 5, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 6]
    assert np.array_equal(tables.raw(asked)[some], tables.raw(asked[some]))
    assert np.array_equal(tables.terms(asked)[some], tables.terms(asked[some]))


def test_terms_are_shapley_values_of_the_tree() -> None:
    """By the definition: over all orders of the features, what each adds to the value expected of the leaf."""
    recency, count, again = Split(0, 5.0, False), Split(1, 2.0, True), Split(0, 9.0, False)
    leaf = Leaf(
        1.5, 0.1, (Step(recency, False, 0.4), Step(count, True, 0.5), Step(again, True, 0.5))
    )
    table = Table.of([leaf])
    share = {0: 0.4 * 0.5, 1: 0.5}
    assert table.features == (0, 1)
    for pattern in range(8):
        holds = [bool(pattern >> bit & 1) for bit in range(3)]
        goes_left = [holds[0], not holds[1], holds[2]]
        passes = {0: float(not goes_left[0] and goes_left[2]), 1: float(goes_left[1])}
        added = {0: 0.0, 1: 0.0}
        for order in itertools.permutations((0, 1)):
            known: set[int] = set()
            for feature in order:
                before, after = (
                    math.prod(passes[f] if f in told else share[f] for f in share)
                    for told in (known, known | {feature})
                )
                added[feature] += 1.5 * (after - before) / 2
                known |= {feature}
        assert table.terms[:, pattern] == pytest.approx([added[0], added[1]], abs=1e-12)
        assert table.value[pattern] == 1.5 * passes[0] * passes[1]


def test_what_cannot_be_tabled_is_left_to_lightgbm() -> None:
    values = world(3, 400, True)
    deep = grown(values, 24, 3, max_depth=-1, min_data_in_leaf=1, min_gain_to_split=0)
    zeros = grown(values, 8, 3, zero_as_missing=True)
    for text in (deep, zeros):
        with pytest.raises(ValueError, match="can be tabled"):
            TreeTables.of(text)
        served, booster = ServedTrees(text), lgb.Booster(model_str=text)
        assert np.array_equal(served.raw(values), booster.predict(values, raw_score=True))
        assert np.array_equal(served.terms(values), booster.predict(values, pred_contrib=True))


def test_few_rows_are_summed_without_making_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    values = world(4, 200, True)
    text = grown(values, 8, 5)
    made: list[str] = []

    def of(text: str) -> TreeTables:
        made.append(text)
        return tree_tables.TreeTables.of(text)

    monkeypatch.setattr(served_trees, "TreeTables", type("Made", (), {"of": staticmethod(of)}))
    monkeypatch.setattr(served_trees, "TABLES_FROM_ROWS", 100)
    served = ServedTrees(text)
    few = served.raw(values[:99])
    assert not made
    assert np.array_equal(few, served.raw(values)[:99])
    assert made == [text]
