"""When: planted hazards are found again, whatever the censoring, and the curve agrees with what is served."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.learn.expected.timing import (
    FollowUp,
    TimingModel,
    constant_rate,
    curve_days,
    fit_hazards,
    fit_timing,
    log_odds,
    median_days,
    person_periods,
)
from ml.learn.models.linear import sigmoid

ENDS = (7, 14, 30, 60, 90)
# Log-odds to order in each interval for those who have not ordered before: level and slope over the log-odds served.
LINES = ((-1.2, 0.9), (-1.6, 0.8), (-1.1, 1.0), (-1.0, 0.7), (-1.4, 0.6))
FAR = 2_000


def planted_days(served: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Whole days until the next order under LINES, FAR where none comes in 90 days."""
    days = np.full(len(served), FAR)
    for (start, end), (level, slope) in zip(pairwise((0, *ENDS)), LINES, strict=True):
        comes = draw.random(len(served)) < sigmoid(level + slope * served)
        days = np.where((days == FAR) & comes, draw.integers(start, end, len(served)), days)
    return days


def watched(customers: int, seed: int, sight: tuple[int, ...]) -> tuple[FollowUp, np.ndarray]:
    """Customers at cut-offs that were watched for as long as `sight` says, and their true days."""
    draw = np.random.default_rng(seed)
    served = draw.normal(-1.0, 1.0, customers)
    days = planted_days(served, draw)
    observed = draw.choice(sight, customers).astype(float)
    until = np.where(days < observed, days, np.nan)
    cutoff = np.datetime64("2024-06-01") - observed.astype("timedelta64[D]")
    return FollowUp(served, np.zeros((customers, 1)), cutoff, until, observed), days


def test_planted_hazards_are_recovered() -> None:
    rows, _ = watched(60_000, 1, (20, 45, 90, 200))
    model = fit_hazards(rows, ENDS)
    found = np.array([model.intercepts, model.slopes]).T
    assert found == pytest.approx(np.array(LINES), abs=0.12)


@settings(max_examples=12)
@given(
    seed=st.integers(0, 10_000),
    sight=st.lists(st.integers(5, 150), min_size=1, max_size=6).map(lambda days: (120, *days)),
)
def test_censoring_does_not_bias_the_curve(seed: int, sight: tuple[int, ...]) -> None:
    rows, days = watched(20_000, seed, sight)
    model = fit_hazards(rows, ENDS)
    served = np.zeros(1) - 1.0
    everybody = FollowUp(
        rows.log_odds, rows.values, rows.day, days.astype(float), np.full(len(days), FAR * 1.0)
    )
    whole = fit_hazards(everybody, ENDS)
    kept = len(model.intercepts)
    assert kept >= 3
    interval = np.arange(kept)
    hazards = [
        sigmoid(m.hazard_logits(np.repeat(served, kept), np.zeros((kept, 1)), interval))
        for m in (model, whole)
    ]
    seen = person_periods(rows, ENDS[:kept])
    spread = 0.5 / np.sqrt(np.bincount(seen.interval, minlength=kept))
    assert (np.abs(hazards[0] - hazards[1]) < 0.01 + 5 * spread).all()


def test_taking_the_unseen_for_never_would_have_been_wrong() -> None:
    rows, days = watched(40_000, 3, (8, 8, 8, 90))
    naive = np.mean(np.nan_to_num(rows.until, nan=FAR) < 30)
    truth = np.mean(days < 30)
    assert naive < 0.7 * truth
    model = fit_hazards(rows, ENDS)
    line = np.array([model.intercepts, model.slopes])
    left = np.prod(1 - sigmoid(line[0, :3] + line[1, :3] * rows.log_odds[:, None]), axis=1)
    assert 1 - left.mean() == pytest.approx(truth, abs=0.02)


@settings(max_examples=60)
@given(
    probabilities=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30),
    horizon=st.integers(1, 400),
    evidence=st.integers(0, 5),
    seed=st.integers(0, 1_000),
)
def test_the_curve_is_the_probability_at_the_horizon_and_never_rises(
    probabilities: list[float], horizon: int, evidence: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    ends = curve_days(horizon)
    number = min(evidence, len(ends))
    model = TimingModel(
        ends, tuple(draw.normal(-1, 2, number)), tuple(draw.normal(0.8, 0.5, number))
    )
    served = np.array(probabilities)
    curve = model.survival(served, np.zeros((len(served), 2)), horizon)
    assert np.abs(curve[:, ends.index(horizon)] - (1 - served)).max() <= 1e-12
    assert (np.diff(curve, axis=1) <= 0).all()
    assert ((curve >= 0) & (curve <= 1)).all()
    days = median_days(curve, ends, 365)
    assert ((days >= 0) & (days <= 365)).all()


@settings(max_examples=40)
@given(rate=st.floats(0.002, 0.5), horizon=st.sampled_from([10, 30, 45, 90]))
def test_a_constant_rate_gives_the_median_of_the_exponential(rate: float, horizon: int) -> None:
    probability = np.array([-np.expm1(-rate * horizon)])
    model = constant_rate(horizon)
    curve = model.survival(probability, np.zeros((1, 1)), horizon)
    found = median_days(curve, model.ends, 10_000)[0]
    if probability[0] < 1 - 1e-9:
        assert found == pytest.approx(np.log(2) / rate, rel=1e-6)


def test_who_surely_comes_and_who_never_does() -> None:
    model = fit_hazards(watched(20_000, 5, (100,))[0], ENDS)
    curve = model.survival(np.array([0.0, 1.0]), np.zeros((2, 1)), 30)
    days = median_days(curve, model.ends, 365)
    assert curve[0].tolist() == [1.0] * 5
    assert curve[1, 2:].tolist() == [0.0] * 3
    assert days[0] == 365
    assert days[1] <= 30


def test_the_median_halves_those_who_come() -> None:
    draw = np.random.default_rng(8)
    served = draw.normal(0.5, 0.3, 40_000)
    days = planted_days(served, draw).astype(float)
    rows = FollowUp(
        served, np.zeros((len(days), 1)), np.full(len(days), np.datetime64("2024-01-01")),
        np.where(days < 120, days, np.nan), np.full(len(days), 120.0),
    )  # fmt: skip
    model = fit_hazards(rows, ENDS)
    hazard = sigmoid(np.array(LINES)[:, :1] + np.array(LINES)[:, 1:] * served)
    within = 1 - np.prod(1 - hazard[:3], axis=0)  # in 30 days: what a perfect model serves
    said = median_days(model.survival(within, rows.values, 30), ENDS, 365)
    assert np.mean(days < said) == pytest.approx(0.5, abs=0.02)


def test_trees_are_kept_where_a_column_tells_more_and_left_out_where_none_does() -> None:
    draw = np.random.default_rng(4)
    customers = 9_000
    served, soon = draw.normal(-0.5, 1.0, customers), draw.random(customers) < 0.5
    days = np.where(soon, draw.integers(0, 7, customers), draw.integers(14, 90, customers))
    day = np.datetime64("2024-01-01") + (np.arange(customers) % 6 * 14).astype("timedelta64[D]")
    noise = draw.normal(size=(customers, 1))

    def kind(values: np.ndarray) -> str:
        rows = FollowUp(served, values, day, days.astype(float), np.full(customers, 200.0))
        return fit_timing(rows, 30, 1, 1).kind

    assert kind(np.column_stack([soon, noise])) == "hazards_and_trees"
    assert kind(noise) == "hazards"


def test_thin_evidence_gives_no_line_and_other_horizons_have_their_knot() -> None:
    rows, _ = watched(200, 6, (20,))
    assert len(fit_hazards(rows, ENDS).intercepts) <= 2
    assert fit_hazards(rows.take(np.arange(5)), ENDS).kind == "constant"
    assert curve_days(45) == (7, 14, 30, 45, 60, 90)
    assert curve_days(400) == (*ENDS, 400)


def test_what_was_known_earlier_holds_no_later_order() -> None:
    rows, _ = watched(500, 9, (10, 40, 90))
    before = rows.known_at(np.datetime64("2024-05-01"))
    assert 0 < len(before.day) < len(rows.day)
    assert (before.day < np.datetime64("2024-05-01")).all()
    assert (np.nan_to_num(before.until, nan=-1) < before.observed).all()
    last = before.day + np.ceil(before.observed).astype("timedelta64[D]")
    assert (last <= np.datetime64("2024-05-01")).all()


def test_log_odds_are_finite() -> None:
    assert np.isfinite(log_odds(np.array([0.0, 0.5, 1.0]))).all()
