"""Qini, AUUC, the line and the tenths, against plain second implementations and planted truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.uplift.judging import (
    Line,
    Ranking,
    by_decile,
    judge,
    qini,
    smallest_visible,
    surely_better,
)
from ml.activate.uplift.learners import Rates
from tests.activate.effect_worlds import make_effect_world

few = st.lists(
    st.tuples(st.integers(-3, 3), st.floats(-2, 2, allow_nan=False)), min_size=2, max_size=40
)


def plain_gain(benefit: list[int], score: list[float], treated_places: int) -> float:
    """Gain of treating that many, best first, counted over every order of equals at once."""
    gain, left = 0.0, float(treated_places)
    for level in sorted(set(benefit), reverse=True):
        own = [s for b, s in zip(benefit, score, strict=True) if b == level]
        taken = min(left, len(own))
        gain += sum(own) * taken / len(own)
        left -= taken
    return gain / len(score)


@given(few)
@settings(max_examples=200)
def test_the_curve_is_the_gain_of_treating_the_best_first(rows: list[tuple[int, float]]) -> None:
    benefit, score = [b for b, _ in rows], [s for _, s in rows]
    share, gain = Ranking.of(np.array(benefit, float)).curve(np.array(score), np.ones(len(rows)))
    for places in range(len(rows) + 1):
        found = np.interp(places / len(rows), share, gain)
        assert found == pytest.approx(plain_gain(benefit, score, places), abs=1e-9)


@given(few)
@settings(max_examples=200)
def test_qini_is_the_mean_of_score_times_place_and_turns_with_the_ranking(
    rows: list[tuple[int, float]],
) -> None:
    benefit, score = np.array([b for b, _ in rows], float), np.array([s for _, s in rows])
    found = qini(benefit, score)
    assert found == pytest.approx(float((score * Ranking.of(benefit).places()).mean()), abs=1e-9)
    assert qini(-benefit, score) == pytest.approx(-found, abs=1e-9)
    assert qini(np.zeros(len(rows)), score) == pytest.approx(0, abs=1e-9)


@given(few, st.integers(2, 5))
@settings(max_examples=100)
def test_a_weight_is_as_good_as_repeated_rows(rows: list[tuple[int, float]], times: int) -> None:
    benefit, score = np.array([b for b, _ in rows], float), np.array([s for _, s in rows])
    weight = np.ones(len(rows))
    weight[0] = times
    repeat = weight.astype(int)
    weighted = Ranking.of(benefit).areas(score, weight)
    repeated = Ranking.of(np.repeat(benefit, repeat)).areas(
        np.repeat(score, repeat), np.ones(repeat.sum())
    )
    assert weighted == pytest.approx(repeated, abs=1e-9)


def test_the_true_ranking_is_proved_and_a_random_one_is_not() -> None:
    world = make_effect_world(20_000, seed=3)
    rates = Rates(np.full(20_000, 0.13), np.full(20_000, 0.14))
    score = rates.score(world.trial)
    truth = judge(world.effect, score, world.trial.person, seed=1)
    assert truth.qini.low > 0
    assert truth.qini.low < qini(world.effect, world.effect) < truth.qini.high
    noise = np.random.default_rng(4).normal(size=20_000)
    chance = judge(noise, score, world.trial.person, seed=1)
    assert chance.qini.low < 0 < chance.qini.high
    assert surely_better(world.effect, noise, score, world.trial.person)
    assert not surely_better(noise, world.effect, score, world.trial.person)
    assert truth.curve["gain"].iloc[-1] == pytest.approx(score.mean())
    assert (truth.curve["low"] <= truth.curve["high"]).all()


def test_the_bootstrap_draws_people_and_not_rows() -> None:
    random = np.random.default_rng(5)
    once = random.normal(size=500)
    person = np.repeat(np.arange(500), 8)
    single = judge(once, once, np.arange(500), seed=1).average
    repeated = judge(np.repeat(once, 8), np.repeat(once, 8), person, seed=1).average
    assert repeated.high - repeated.low == pytest.approx(single.high - single.low, rel=1e-6)


def test_the_line_finds_the_slope_and_its_interval_covers() -> None:
    covered, slopes = 0, []
    for seed in range(200):
        random = np.random.default_rng(seed)
        person = np.repeat(np.arange(150), 4)
        effect = random.normal(size=150)[person]
        score = 0.3 + 0.5 * effect + random.normal(size=150)[person] + random.normal(size=600)
        line = Line.of(effect, score, person)
        slopes.append(line.slope)
        low, high = (end[0] for end in line.at(np.full(1, line.middle))[1:])
        covered += low <= 0.3 + 0.5 * line.middle <= high
    assert np.mean(slopes) == pytest.approx(0.5, abs=0.03)
    assert 0.90 <= covered / 200 <= 0.99


def test_a_flat_line_gives_everybody_the_average() -> None:
    line = Line(middle=0.2, average=0.01, slope=1.5, average_error=0.002, slope_error=0.4)
    value, low, high = line.flat().at(np.array([-1.0, 0.2, 5.0]))
    assert value == pytest.approx([0.01] * 3)
    assert low == pytest.approx([low[0]] * 3)
    assert (low < value).all()
    assert (value < high).all()


def test_tenths_are_equal_in_size_and_their_effects_rise() -> None:
    world = make_effect_world(40_000, seed=6)
    score = Rates(np.full(40_000, 0.13), np.full(40_000, 0.14)).score(world.trial)
    table = by_decile(world.effect, world.effect, world.trial, score)
    assert list(table["decile"]) == list(range(1, 11))
    assert set(table["rows"]) == {4_000}
    inside = (table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])
    assert inside.sum() >= 8
    assert table["measured"].iloc[0] > 0.05 > 0 > table["measured"].iloc[-1]


def test_an_effect_of_the_smallest_visible_size_is_seen_four_times_in_five() -> None:
    seen = []
    for seed in range(400):
        random = np.random.default_rng(seed)
        score = random.normal(size=800)
        person = np.arange(800)
        effect = smallest_visible(score, person)
        line = Line.of(np.zeros(800), score + effect, person)
        seen.append(line.at(np.zeros(1))[1][0] > 0)
    assert 0.74 <= np.mean(seen) <= 0.86
