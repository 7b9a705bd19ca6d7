"""How much: planted values are found, totals hold, and one wholesaler does not carry everybody off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.learn.expected.amount import ValueRows, events_if_any, fit_value
from ml.learn.expected.totals import choose_factor

HORIZON = 30
FIRST = np.datetime64("2024-01-01")


def shop(seed: int, wholesaler: bool = False) -> ValueRows:
    """Customers with their own rate and their own size of order, seen at cut-offs a window apart."""
    return planted(seed, wholesaler=wholesaler)[0]


def planted(
    seed: int, customers: int = 2_500, wholesaler: bool = False, cutoffs: int = 6
) -> tuple[ValueRows, np.ndarray]:
    """The same, and what each customer brings per window in the long run."""
    draw = np.random.default_rng(seed)
    rate = draw.gamma(1.0, 0.6, customers)  # orders per window
    size = draw.lognormal(3.5, 0.7, customers)
    if wholesaler:
        rate[0], size[0] = 4.0, 0.5 * (rate * size)[1:].sum() / 4.0
    parts = []
    for number in range(cutoffs):
        past = draw.poisson(rate * (6 + number))
        orders = draw.poisson(rate)
        own = draw.gamma(np.maximum(4 * past, 1e-9), size / 4)
        value = draw.gamma(np.maximum(4 * orders, 1e-9), size / 4)
        probability = -np.expm1(-rate)
        parts.append(
            (probability, own * (past > 0), past, size, orders > 0, value * (orders > 0), number)
        )
    probability, own, past, size_, event, value = (
        np.concatenate([part[n] for part in parts]) for n in range(6)
    )
    day = np.repeat(FIRST + np.arange(cutoffs) * np.timedelta64(HORIZON, "D"), customers)
    rows = ValueRows(
        probability, own, past.astype(float), size_[:, None], day,
        np.tile(np.arange(customers), cutoffs), event, value,
    )  # fmt: skip
    return rows, rate * size


def total_ratio(seed: int, wholesaler: bool) -> tuple[float, float]:
    """Sum of expected over the planted sum, and the mean error on new draws over that of the plain mean."""
    rows, truth = planted(seed, wholesaler=wholesaler)
    aside = rows.take(np.flatnonzero(rows.day == rows.day.max()))
    model = fit_value(rows.take(np.flatnonzero(rows.day < rows.day.max())), HORIZON, 1, 1)
    assert model is not None
    expected = aside.probability * model.of_rows(aside)
    plain = np.full(len(expected), rows.value.mean())
    error = np.abs(expected - aside.value).mean() / np.abs(plain - aside.value).mean()
    return float(expected.sum() / truth.sum()), float(error)


@pytest.mark.parametrize("wholesaler", [False, True], ids=["a usual shop", "with a wholesaler"])
def test_totals_hold_within_a_tenth_and_errors_are_below_the_plain_mean(wholesaler: bool) -> None:
    found = [total_ratio(seed, wholesaler) for seed in range(4)]
    ratios, errors = zip(*found, strict=True)
    assert max(abs(ratio - 1) for ratio in ratios) < 0.1, ratios
    assert max(errors) < 0.85, errors


def test_a_wholesaler_leaves_the_others_alone() -> None:
    without, beside = shop(3), shop(3, wholesaler=True)
    small = [fit_value(rows, HORIZON, 1, 1) for rows in (without, beside)]
    others = without.take(np.flatnonzero(without.customer > 0))
    assert small[0] is not None
    assert small[1] is not None
    alone, among = (model.of_rows(others).sum() for model in small if model)
    assert among == pytest.approx(alone, rel=0.1)


def test_own_means_are_drawn_to_the_brand_where_events_are_few() -> None:
    rows = shop(5)
    model = fit_value(rows, HORIZON, 1, 1)
    assert model is not None
    assert model.kind == "own"
    some = np.array([0.3, 0.3, 0.3])
    wide = model.scale(some, np.array([0.0, 1_000.0, 100_000.0]), np.array([0.0, 1.0, 100.0]))
    assert wide[0] == pytest.approx(model.brand_mean * events_if_any(some)[0])
    assert wide[0] < wide[1] < wide[2]
    assert wide[2] == pytest.approx(1_000 * events_if_any(some)[0], rel=0.1)


def test_where_nobody_has_a_past_all_get_the_mean() -> None:
    rows = shop(6)
    nothing = np.zeros(len(rows.day))
    blank = replace(rows, own_sum=nothing, own_count=nothing, values=np.zeros((len(nothing), 1)))
    flat = replace(blank, probability=np.full(len(nothing), 0.4))
    model = fit_value(flat, HORIZON, 1, 1)
    assert model is not None
    assert model.kind == "mean"
    assert np.ptp(model.of_rows(flat)) == 0
    assert model.of_rows(flat)[0] == pytest.approx(rows.value[rows.event].mean())


def test_too_few_events_say_nothing() -> None:
    rows, _ = planted(7, customers=60, cutoffs=1)
    kept = np.flatnonzero(np.cumsum(rows.event) < 25)
    assert fit_value(rows.take(kept), HORIZON, 1, 1) is None


@settings(max_examples=100)
@given(rate=st.floats(1e-6, 5.0))
def test_events_if_any_are_those_of_a_poisson_count(rate: float) -> None:
    probability = np.array([-np.expm1(-rate)])
    assert events_if_any(probability)[0] == pytest.approx(rate / -np.expm1(-rate), rel=1e-6)


def months(count: int) -> np.ndarray:
    return np.array(FIRST + np.arange(count) * np.timedelta64(HORIZON, "D"))


def test_a_lasting_shift_of_totals_is_corrected() -> None:
    day = months(8)
    assert choose_factor(day, np.full(8, 10.0), np.full(8, 13.0), HORIZON) == pytest.approx(1.3)


def test_a_season_that_turns_a_short_past_and_a_good_fit_are_left_alone() -> None:
    day, expected = months(8), np.full(8, 10.0)
    turning = 10 * np.array([0.7, 1.4] * 4)
    assert choose_factor(day, expected, turning, HORIZON) == 1.0
    assert choose_factor(day[:4], expected[:4], expected[:4] * 1.3, HORIZON) == 1.0
    noise = 10 * np.exp(np.random.default_rng(2).normal(0, 0.1, 8))
    assert choose_factor(day, expected, noise, HORIZON) == 1.0


def test_a_factor_uses_closed_windows_only() -> None:
    # Weekly cut-offs with a window of 60 days: until day 60 nothing is known.
    day = np.array(FIRST + np.arange(9) * np.timedelta64(7, "D"))
    assert choose_factor(day, np.full(9, 10.0), np.full(9, 13.0), 60) == 1.0
