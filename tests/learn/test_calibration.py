"""Corrections recover a planted fault, and stay away where there is none."""

import numpy as np
import pytest

from ml.learn.judging.metrics import log_loss
from ml.learn.models.linear import sigmoid
from ml.learn.training.calibration import choose_calibration, fit_platt, fit_shift

HORIZON = 14


def judged(slope, shift, seed=0, drift=0.0):
    """Ten weekly cut-offs of 800 customers; the model says ``logit``, the truth is a line of it."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.datetime64("2024-01-01") + 7 * np.arange(10), 800)
    logit = random.normal(-0.5, 1.2, 8000)
    level = np.repeat(drift * np.array([1, 1, -1, -1, 1, 1, -1, -1, 1, 1]), 800)
    outcome = (random.random(8000) < sigmoid(shift + level + slope * logit)).astype(np.float64)
    return logit, outcome, day, np.tile(np.arange(800), 10)


def choose(rows):
    return choose_calibration(*rows, horizon_days=HORIZON, seed=0)


def test_none_where_nothing_is_wrong():
    chosen = [choose(judged(1.0, 0.0, seed))[0].name for seed in range(8)]
    assert chosen.count("none") >= 7


def test_none_where_the_level_merely_wanders():
    assert choose(judged(1.0, 0.0, drift=0.3))[0].name == "none"


def test_shift_and_platt_recover_what_was_planted():
    calibrator, probability = choose(judged(1.0, 0.8))
    assert calibrator.name in ("shift", "platt")
    assert calibrator.intercept == pytest.approx(0.8, abs=0.1)
    rows = judged(0.5, 0.3)
    calibrator, probability = choose(rows)
    assert calibrator.name == "platt"
    assert calibrator.slope == pytest.approx(0.5, abs=0.06)
    assert calibrator.intercept == pytest.approx(0.3, abs=0.1)
    assert log_loss(rows[1], probability) < log_loss(rows[1], sigmoid(rows[0]))


def test_each_cutoff_is_corrected_by_closed_windows_only():
    logit, outcome, day, customer = judged(0.5, 0.3)
    _, before = choose((logit, outcome, day, customer))
    today = np.unique(day)[6]
    future = day + np.timedelta64(HORIZON, "D") > today
    _, after = choose(
        (logit, np.where(future & (day > today), 1 - outcome, outcome), day, customer)
    )
    # Flipping every later outcome may change the choice, never an earlier correction.
    raw = sigmoid(logit)
    sooner = day <= today
    assert np.array_equal(after[sooner], before[sooner]) or np.array_equal(
        after[sooner], raw[sooner]
    )
    first_two = day < np.datetime64("2024-01-01") + HORIZON
    assert np.array_equal(before[first_two], raw[first_two])
    assert not np.array_equal(before, raw)


def test_too_few_later_cutoffs_leave_the_model_alone():
    logit, outcome, day, customer = judged(0.5, 0.8)
    few = day < np.datetime64("2024-01-01") + 28
    assert choose((logit[few], outcome[few], day[few], customer[few]))[0].name == "none"


def test_fits_match_the_observed_rate():
    logit, outcome, _, _ = judged(0.5, 0.8)
    for fit in (fit_shift, fit_platt):
        assert fit(logit, outcome).predict(logit).mean() == pytest.approx(outcome.mean(), abs=1e-5)
