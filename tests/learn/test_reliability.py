"""The test of calibration rejects true probabilities one time in twenty, and wrong ones nearly always."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.learn.judging import metrics
from ml.learn.judging.reliability import (
    LEAST_SLICE_CUSTOMERS,
    SMALL,
    UNKNOWN,
    badly_calibrated,
    calibration_test,
    reliability_table,
)

WORLDS = 120


def probabilities(random, rows, level):
    return 1 / (1 + np.exp(-random.normal(level, 1.2, rows)))


@pytest.mark.parametrize("level", [0.0, -2.5])
def test_true_probabilities_pass_nineteen_times_of_twenty(level):
    random = np.random.default_rng(1)
    rejected = 0
    for seed in range(WORLDS):
        p = probabilities(random, 1000, level)
        rejected += badly_calibrated(random.random(1000) < p, p, seed)
    # 6 are expected of 120, with a standard error of 2.4.
    assert 1 <= rejected <= 13


def test_a_fixed_figure_would_not_do():
    random = np.random.default_rng(2)
    p = probabilities(random, 1000, 0.0)
    assert calibration_test(random.random(1000) < p, p).chance_limit > 0.03
    p = probabilities(random, 100_000, 0.0)
    assert calibration_test(random.random(100_000) < p, p).chance_limit < 0.006


@pytest.mark.parametrize("wrong", [lambda p: p * 0.8, lambda p: p**1.3, lambda p: 0.5 * p + 0.15])
def test_wrong_probabilities_are_told(wrong):
    random = np.random.default_rng(3)
    found = 0
    for seed in range(40):
        p = probabilities(random, 4000, -0.5)
        found += badly_calibrated(random.random(4000) < p, wrong(p), seed)
    assert found >= 38


def test_rows_of_one_customer_are_not_independent():
    random = np.random.default_rng(4)
    customer = np.repeat(np.arange(400), 6)
    clustered = by_row = 0
    for seed in range(WORLDS):
        p = probabilities(random, 400, -1.0)[customer]
        y = np.repeat(random.random(400), 6) < p  # the same window, seen from six cut-offs
        clustered += calibration_test(y, p, customer, seed=seed).badly_calibrated
        by_row += calibration_test(y, p, seed=seed).badly_calibrated
    assert clustered <= 13
    assert by_row > WORLDS / 2


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=1, max_size=60))
def test_the_error_is_the_usual_one_and_blind_to_order(rows):
    y = np.array([label for label, _ in rows], dtype=float)
    p = np.array([tenth / 10 for _, tenth in rows])
    customer = np.arange(len(rows)) // 2
    order = np.random.default_rng(0).permutation(len(rows))
    found = calibration_test(y, p, customer)
    assert found.ece == pytest.approx(metrics.expected_calibration_error(y, p))
    assert calibration_test(y[order], p[order], customer[order]) == found


def test_nothing_cannot_be_judged():
    with pytest.raises(ValueError, match="found none"):
        calibration_test([], [])


def out_of_fold(seed=5, customers=2000, cutoffs=4):
    random = np.random.default_rng(seed)
    ids = [f"c{number:05d}" for number in range(customers)]
    days = pd.date_range("2024-01-01", periods=cutoffs, freq="28D")
    keys = pd.DataFrame(
        [(day, one) for day in days for one in ids], columns=["as_of_date", "customer_id"]
    )
    p = probabilities(random, len(keys), -1.0)
    light = np.tile(np.arange(customers) % 4 == 0, cutoffs)
    rate = np.where(light, p / 2, p)  # the model is right for everybody but the light ones
    oof = keys.assign(label=(random.random(len(keys)) < rate).astype(int), served=p)
    few = np.tile(np.arange(customers) < 100, cutoffs)
    channel = np.where(few, "fax", np.where(np.arange(len(keys)) % 2 == 0, "web", "store"))
    slices = keys.assign(experience=np.where(light, "light", "heavy"), channel=channel, level=None)
    return oof, slices


def test_a_slice_that_is_wrong_is_named_and_the_others_are_not():
    oof, slices = out_of_fold()
    table = reliability_table(oof, slices.sample(frac=1, random_state=0), seed=0)
    verdict = table.groupby(["slice_kind", "slice"])["badly_calibrated"].first()
    assert verdict["experience", "light"]
    assert not verdict["experience", "heavy"]
    light = table[table["slice"] == "light"]
    assert (light["observed_rate"] < light["mean_prediction"]).mean() > 0.9
    whole = metrics.calibration_table(oof["label"], oof["served"])
    everyone = table[table["slice_kind"] == "everyone"]
    for column in ("bin", "rows", "mean_prediction", "observed_rate"):
        assert everyone[column].tolist() == pytest.approx(whole[column].tolist())


def test_small_slices_are_judged_together_or_left_out():
    oof, slices = out_of_fold()
    table = reliability_table(oof, slices, seed=0)
    # 100 by fax are too few, also together; nobody's level is known, which is a slice, too.
    assert set(table.loc[table["slice_kind"] == "channel", "slice"]) == {"web", "store"}
    assert set(table.loc[table["slice_kind"] == "level", "slice"]) == {UNKNOWN}
    halves = slices["customer_id"].str[1:].astype(int) < LEAST_SLICE_CUSTOMERS // 2
    split = slices.assign(channel=slices["channel"].where(~halves, "fax")).copy()
    more = split["customer_id"].str[1:].astype(int).between(100, 249)
    table = reliability_table(oof, split.assign(channel=split["channel"].where(~more, "post")), 0)
    assert set(table.loc[table["slice_kind"] == "channel", "slice"]) == {"web", "store", SMALL}


def test_without_slices_everyone_is_judged():
    oof, _ = out_of_fold()
    assert set(reliability_table(oof, None, 0)["slice"]) == {"everyone"}
