"""What is said of a batch of customers does not depend on the batch, nor on who maps it."""

from __future__ import annotations

import pickle
from itertools import pairwise

import pandas as pd
import pytest
from scorer_worlds import BUYS, LEAVES, interests, people, scorer

from ml.data.targets import Target
from ml.serve.expect import TIMING
from ml.serve.reasons import REASONS
from ml.serve.score_spark import CURVE, INTERESTS, batches_of
from ml.serve.scorer import EXPLAINED_ROWS, PREDICTIONS, explained_sample


def in_parts(frame: pd.DataFrame, *rows: int) -> list[pd.DataFrame]:
    """Consecutive batches of these sizes, the rest last, each numbered from 0."""
    borders = [0, *pd.Series(rows).cumsum().tolist(), len(frame)]
    return [frame.iloc[first:last].reset_index(drop=True) for first, last in pairwise(borders)]


@pytest.mark.parametrize("target", [BUYS, LEAVES])
def test_batches_of_any_size_say_the_same(target: Target) -> None:
    customers, asked = people(300), scorer(target)
    drawn = interests(customers)
    whole, curves = asked.score(customers, drawn)
    parts = [asked.score(batch, drawn) for batch in in_parts(customers, 1, 120, 7)]
    for told, found in zip((whole, curves), zip(*parts, strict=True), strict=True):
        pd.testing.assert_frame_equal(told, pd.concat(found, ignore_index=True), check_dtype=False)
    assert list(whole) == list(PREDICTIONS)
    assert list(curves) == list(TIMING)
    assert len(curves) == (5 * len(customers) if target == BUYS else 0)
    assert whole["probability"].between(0, 1).all()
    assert whole[REASONS].map(len).to_numpy().min() > 0
    assert whole["reason_1"].nunique() > 5


@pytest.mark.parametrize("target", [BUYS, LEAVES])
def test_the_function_that_spark_maps_says_what_one_machine_says(target: Target) -> None:
    """Sent to another process, asked batch by batch, the interests in a column as Spark brings them."""
    customers, asked = people(90), scorer(target)
    drawn = interests(customers)
    whole, curves = asked.score(customers, drawn)
    columns = ["category", "bought", "looked"]
    own = drawn.groupby("customer_id")[columns].apply(lambda rows: rows.to_dict("records"))
    with_interests = customers.assign(**{INTERESTS: customers["customer_id"].map(own)})
    sent = with_interests if target == BUYS else customers
    mapped = batches_of(pickle.loads(pickle.dumps(asked)))
    found = pd.concat(mapped(iter(in_parts(sent, 40))), ignore_index=True)
    pd.testing.assert_frame_equal(found[list(PREDICTIONS)], whole, check_dtype=False)
    days, curve = CURVE
    if target == LEAVES:
        assert found[list(CURVE)].isna().all(axis=None)
        return
    told = found[["customer_id", days, curve]].explode([days, curve], ignore_index=True)
    assert told[days].tolist() == curves["days"].tolist()
    assert told[curve].tolist() == curves["probability"].tolist()
    assert told["customer_id"].tolist() == curves["customer_id"].tolist()


def test_what_usually_pushes_is_seen_of_an_even_sample() -> None:
    frame = pd.DataFrame({"place": range(2 * EXPLAINED_ROWS + 1)})
    assert explained_sample(frame)["place"].diff().dropna().unique().tolist() == [3]
    assert len(explained_sample(frame.head(EXPLAINED_ROWS - 1))) == EXPLAINED_ROWS - 1
