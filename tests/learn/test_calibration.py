"""Corrections recover a planted fault, and stay away where there is none."""

import json

import numpy as np
import pytest

from ml.learn.judging.metrics import log_loss
from ml.learn.models.linear import sigmoid
from ml.learn.training.calibration import (
    OPTIONS,
    Calibrator,
    choose_calibration,
    fit_beta,
    fit_platt,
    fit_recent_shift,
    fit_shift,
)

HORIZON = 14
DAYS = np.datetime64("2024-01-01") + 7 * np.arange(10)


def judged(slope, shift, seed=0, drift=0.0):
    """Ten weekly cut-offs of 800 customers; the model says ``logit``, the truth is a line of it."""
    random = np.random.default_rng(seed)
    day = np.repeat(DAYS, 800)
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


@pytest.mark.parametrize("name", OPTIONS)
def test_every_curve_never_falls_and_survives_its_numbers(name):
    random = np.random.default_rng(2)
    logit = random.normal(-0.5, 1.5, 4000)
    outcome = (random.random(4000) < sigmoid(0.6 * logit + 0.2)).astype(float)
    fitted = OPTIONS[name](logit, outcome, np.repeat(DAYS[:4], 1000))
    grid = np.linspace(-30, 30, 2001)
    curve = fitted.predict(grid)
    assert fitted.name == name
    assert (np.diff(curve) >= 0).all()
    assert ((curve > 0) & (curve < 1)).all() or name != "isotonic"
    back = Calibrator.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert back == fitted
    assert np.array_equal(back.predict(grid), curve)
    assert Calibrator(**json.loads(json.dumps(fitted.to_dict()))) == fitted


def test_a_stranger_number_is_refused_and_old_ones_are_read():
    old = {"name": "platt", "intercept": 0.1, "slope": 0.8}
    assert Calibrator.from_dict(old).to_dict() == old
    with pytest.raises(ValueError, match="has no warp"):
        Calibrator.from_dict({"warp": 9})


def test_beta_bends_each_end_by_itself():
    random = np.random.default_rng(3)
    p = random.uniform(0.01, 0.99, 60_000)
    true = sigmoid(0.3 + 0.5 * np.log(p) - 1.5 * np.log(1 - p))
    outcome = (random.random(len(p)) < true).astype(float)
    fitted = fit_beta(np.log(p / (1 - p)), outcome)
    assert (fitted.intercept, fitted.slope, fitted.slope_low) == pytest.approx(
        (0.3, 0.5, 1.5), abs=0.06
    )
    assert np.abs(fitted.predict(np.log(p / (1 - p))) - true).max() < 0.02


def test_beta_with_equal_slopes_is_the_line():
    logit = np.linspace(-8, 8, 100)
    line = Calibrator("platt", 0.2, 0.7).predict(logit)
    assert Calibrator("beta", 0.2, 0.7, 0.7).predict(logit) == pytest.approx(line)


def test_a_level_that_moved_for_good_is_followed():
    logit, outcome, day, _ = judged(1.0, 0.0)
    random = np.random.default_rng(4)
    late = day >= DAYS[6]
    moved = np.where(late, (random.random(len(logit)) < sigmoid(logit - 0.7)), outcome)
    recent = fit_recent_shift(logit, moved.astype(float), day)
    assert recent.intercept == pytest.approx(-0.7, abs=0.2)
    assert -0.6 < fit_shift(logit, moved.astype(float)).intercept < -0.1


def test_isotonic_needs_thousands_of_positives():
    # A step that no line follows; with few positives it must not be tried.
    def steps(customers):
        random = np.random.default_rng(5)
        logit = random.normal(0, 1.5, 10 * customers)
        outcome = random.random(len(logit)) < np.where(
            np.abs(logit) < 0.7, 0.5, np.where(logit > 0, 0.55, 0.02)
        )
        return (
            logit,
            outcome.astype(float),
            np.repeat(DAYS, customers),
            np.tile(np.arange(customers), 10),
        )

    assert choose(steps(8000))[0].name == "isotonic"
    assert choose(steps(150))[0].name != "isotonic"
