"""Two trainings on the same rows: figures as others compute them, and answers that follow from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ml.experiments.report import report_of, verdict_of
from ml.learn.judging import metrics
from ml.learn.judging.resampling import RankedAuc, customer_weights, interval
from ml.learn.judging.trials import judge_trial

CUSTOMERS, CUTOFFS = 500, 4


def predictions(skill: float, seed: int = 0) -> pd.DataFrame:
    """Out-of-fold rows of a world of known chances, seen through noise: the more skill, the less of it."""
    random = np.random.default_rng(seed)
    customer = np.tile(np.arange(CUSTOMERS), CUTOFFS)
    logit = np.random.default_rng(1).normal(size=CUSTOMERS)[customer] - 0.5
    label = np.random.default_rng(2).random(len(logit)) < 1 / (1 + np.exp(-logit))
    seen = skill * logit + (1 - skill) * (-0.5 + random.normal(size=len(logit)))
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:04d}" for number in customer],
            "as_of_date": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(np.repeat(np.arange(CUTOFFS), CUSTOMERS) * 7, unit="D"),
            "label": label.astype(int),
            "served": 1 / (1 + np.exp(-seen)),
            "out_of_time": True,
        }
    )


def test_the_figures_are_those_of_each_arm_and_their_difference() -> None:
    poor, good = predictions(0.5), predictions(0.9)
    trial = judge_trial(poor.sample(frac=1, random_state=3), good, seed=1)
    assert (trial.rows, trial.customers, trial.answer) == (2000, 500, "better")
    for measure, value in metrics.summary(good["label"], good["served"]).items():
        if measure in set(trial.figures["measure"]):
            assert trial.figure(measure, "variant") == pytest.approx(value)
            reference = metrics.summary(poor["label"], poor["served"])[measure]
            assert trial.figure(measure, "difference") == pytest.approx(value - reference)
    lower, upper = trial.interval
    assert 0 < lower < trial.gain < upper
    assert len(trial.by_cutoff) == CUTOFFS
    assert (trial.by_cutoff["gain"] * trial.by_cutoff["rows"]).sum() == pytest.approx(
        trial.gain * trial.rows
    )
    assert "The variant is better. " in verdict_of(trial)
    report = report_of(trial, "t", "with more", "the usual")
    assert f"{trial.gain:+.4f} saved per row" in report
    assert report.count("| 2024-01-") == CUTOFFS


def test_turned_around_the_answer_turns_too_and_alike_is_alike() -> None:
    poor, good = predictions(0.5), predictions(0.9)
    there, back = judge_trial(poor, good, seed=1), judge_trial(good, poor, seed=1)
    assert back.answer == "worse"
    assert back.gain == pytest.approx(-there.gain)
    assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]))
    assert judge_trial(good, good, seed=1).answer == "same"


def test_chance_alone_is_called_undecided_about_as_often_as_the_interval_promises() -> None:
    answers = [
        judge_trial(predictions(0.7, seed), predictions(0.7, seed + 1), seed=1).answer
        for seed in range(10, 50, 2)
    ]
    assert answers.count("undecided") >= 14


def test_only_shared_rows_are_judged_and_other_questions_are_refused() -> None:
    one, other = predictions(0.5), predictions(0.9)
    assert judge_trial(one, other[other["customer_id"] < "c0100"], seed=1).rows == 100 * CUTOFFS
    with pytest.raises(ValueError, match="no row in common"):
        judge_trial(
            one,
            other.assign(customer_id="nobody").drop_duplicates(["customer_id", "as_of_date"]),
            seed=1,
        )
    with pytest.raises(ValueError, match="different questions"):
        judge_trial(one, other.assign(label=1 - other["label"]), seed=1)


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.1, 0.4, 0.4001, 0.9]), st.integers(0, 3)),
        min_size=2,
        max_size=30,
    )
)
def test_the_weighted_auc_is_that_of_repeated_rows(rows: list[tuple[bool, float, int]]) -> None:
    y, p, times = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = RankedAuc.of(y, p).value(times)
    repeated = np.repeat(y, times.astype(int)), np.repeat(p, times.astype(int))
    if 0 < repeated[0].sum() < len(repeated[0]):
        assert found == pytest.approx(roc_auc_score(*repeated))
    else:
        assert np.isnan(found)


def test_a_customers_rows_are_drawn_together() -> None:
    customers = np.array(["a", "b", "a", "c", "b", "a"])
    for weight in customer_weights(customers, seed=5, draws=20):
        assert weight[0] == weight[2] == weight[5]
        assert weight[1] == weight[4]
        assert weight[0] + weight[1] + weight[3] == 3
    assert all(np.isnan(interval([np.nan])))
