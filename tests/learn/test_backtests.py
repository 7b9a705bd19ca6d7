"""A model and the best simple rule at each cut-off: the figures, their intervals, and when calibration counts."""

import numpy as np
import pandas as pd
import pytest

from ml.learn.judging import metrics
from ml.learn.judging.backtests import DRAWS, backtests, counts_as_badly_calibrated
from ml.learn.training.result import grade_of

RULE = "rule:orders_count_365d"


def out_of_fold(seed=0, customers=800, cutoffs=5, wrong=0.0):
    random = np.random.default_rng(seed)
    parts = []
    for number in range(cutoffs):
        logit = random.normal(-1, 1.5, customers)
        truth = 1 / (1 + np.exp(-logit))
        parts.append(
            pd.DataFrame(
                {
                    "as_of_date": pd.Timestamp("2024-01-01") + pd.Timedelta(days=28 * number),
                    "customer_id": [f"c{k:04d}" for k in range(customers)],
                    "label": (random.random(customers) < truth).astype(int),
                    "served": 1 / (1 + np.exp(-logit - wrong)),
                    RULE: np.round(
                        1 / (1 + np.exp(-0.5 * logit - random.normal(0.5, 1, customers))), 1
                    ),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_figures_agree_with_the_measures_and_differences_with_their_parts():
    oof = out_of_fold()
    table = backtests(oof.sample(frac=1, random_state=1), RULE, seed=0)
    assert len(table) == 10
    pd.testing.assert_frame_equal(table, backtests(oof, RULE, seed=0))
    for _, line in table.iterrows():
        rows = oof[oof["as_of_date"] == line["as_of_date"]]
        expected = metrics.summary(rows["label"], rows[line["contender"]])
        for name, value in expected.items():
            assert line[name] == pytest.approx(value), name
    served, rule = (table[table["contender"] == n].reset_index() for n in ("served", RULE))
    for name, sign in (("auc", 1), ("average_precision", 1), ("log_loss", -1), ("brier", -1)):
        assert served[f"{name}_gain"].to_numpy() == pytest.approx(
            sign * (served[name] - rule[name])
        )
        inside = served[f"{name}_gain_low"] < served[f"{name}_gain"]
        assert (inside & (served[f"{name}_gain"] < served[f"{name}_gain_high"])).all()
        assert rule[f"{name}_gain"].isna().all()


def test_intervals_hold_what_another_sample_shows():
    # Nine intervals of ten hold the true difference, known here from many rows.
    true = backtests(out_of_fold(99, customers=30_000, cutoffs=1), RULE, 0).iloc[0]
    inside = dict.fromkeys(("auc", "log_loss"), 0)
    for seed in range(10):
        served = backtests(out_of_fold(seed, customers=500, cutoffs=4), RULE, seed).iloc[::2]
        for name in inside:
            low, high = served[f"{name}_gain_low"], served[f"{name}_gain_high"]
            inside[name] += int(
                ((low <= true[f"{name}_gain"]) & (true[f"{name}_gain"] <= high)).sum()
            )
    assert DRAWS >= 100
    for name, hits in inside.items():
        assert hits >= 30, name  # 36 of 40 are expected, with a standard error of 1.9


def test_one_outcome_alone_has_no_auc_and_no_interval():
    table = backtests(out_of_fold(cutoffs=1).assign(label=0), RULE, 0)
    assert table["auc"].isna().all()
    assert np.isnan(table["auc_gain_low"].iloc[0])
    assert np.isfinite(table["log_loss_gain_low"].iloc[0])


@pytest.mark.parametrize(("wrong", "counts"), [(0.0, False), (0.8, True)])
def test_bad_calibration_counts_where_it_is_the_rule(wrong, counts):
    oof = out_of_fold(3, wrong=wrong)
    day = oof["as_of_date"].to_numpy()
    columns = (oof[name].to_numpy(dtype=float) for name in ("label", "served"))
    assert counts_as_badly_calibrated(*columns, day, 0) is counts


def test_bad_calibration_at_one_cutoff_or_too_small_to_matter_does_not_count():
    oof = out_of_fold(4)
    first = oof["as_of_date"] == oof["as_of_date"].min()
    once = oof["served"].where(~first, oof["served"] * 0.3)
    day, y = oof["as_of_date"].to_numpy(), oof["label"].to_numpy(dtype=float)
    assert not counts_as_badly_calibrated(y, once.to_numpy(), day, 0)
    many = out_of_fold(5, customers=40_000, cutoffs=2, wrong=0.07)
    figures = backtests(many, RULE, 0)
    assert figures.loc[figures["contender"] == "served", "badly_calibrated"].all()
    day, y = many["as_of_date"].to_numpy(), many["label"].to_numpy(dtype=float)
    assert not counts_as_badly_calibrated(y, many["served"].to_numpy(), day, 0)


def test_what_cannot_be_trusted_is_graded_c_at_most():
    assert grade_of(False, 0.2, 0.1, True, badly_calibrated=True) == "C"
    assert grade_of(False, 0.2, 0.1, True, suspected=True) == "C"
    assert grade_of(True, 0.0, 0.0, True, badly_calibrated=True, suspected=True) == "D"
