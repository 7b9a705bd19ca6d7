"""The solver against an exact one: feasible always, and never further from the optimum than it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, eye, hstack, kron

from ml.activate.plan.prices import NOTHING, choose
from ml.activate.plan.solver import Solution, solve


def optimum(gain: np.ndarray, use: np.ndarray, limits: np.ndarray) -> float:
    """The best plan's value, by the exact mixed-integer solver HiGHS; one variable per customer and action."""
    actions, customers = gain.shape
    allowed = np.isfinite(gain)
    finite = np.isfinite(limits)
    once = LinearConstraint(kron(eye(customers), np.ones((1, actions))), ub=1)
    caps = LinearConstraint(hstack([csr_matrix(use[finite])] * customers), ub=limits[finite])
    found = milp(
        -np.where(allowed, gain, 0).T.ravel(),
        constraints=[once, caps] if finite.any() else [once],
        integrality=np.ones(gain.size),
        bounds=Bounds(0, allowed.T.ravel().astype(float)),
    )
    assert found.success
    return float(-found.fun)


def check(gain: np.ndarray, use: np.ndarray, limits: np.ndarray) -> Solution:
    """Solve; the plan keeps the rules and says truly what it brings and uses."""
    found = solve(gain, use, limits)
    rows = np.flatnonzero(found.action != NOTHING)
    chosen = gain[found.action[rows], rows]
    assert (chosen > 0).all()
    assert np.isfinite(chosen).all()
    counts = np.bincount(found.action[rows], minlength=len(gain))
    assert found.used == pytest.approx(use @ counts)
    assert (found.used <= limits * (1 + 1e-8) + 1e-9).all()
    assert found.value == pytest.approx(chosen.sum())
    assert (found.prices >= 0).all()
    assert found.gap == pytest.approx(1 - found.value / found.bound if found.bound > 0 else 0)
    return found


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Small problems with many ties, closed actions, empty caps, caps nobody uses and caps without a limit."""
    actions, customers, caps = (draw(st.integers(1, most)) for most in (4, 9, 4))
    worth = st.one_of(st.integers(-3, 12).map(float), st.just(-np.inf), st.floats(0.01, 9))
    gain = draw(arrays.arrays(float, (actions, customers), elements=worth))
    weight = st.sampled_from([0.0, 0.0, 1.0, 2.0, 0.3])
    use = draw(arrays.arrays(float, (caps, actions), elements=weight))
    limit = st.one_of(st.integers(0, 6).map(float), st.just(np.inf), st.just(0.9))
    return gain, use, draw(arrays.arrays(float, caps, elements=limit))


@settings(max_examples=300, derandomize=True)
@given(problems())
def test_bound_optimum_found(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    found = check(*problem)
    best = optimum(*problem)
    assert found.value <= best + 1e-6
    assert best <= found.bound + 1e-6


def random_problem(rng: np.random.Generator, customers: int) -> tuple[np.ndarray, ...]:
    """Contacts as they are: a budget, two channels' capacity, one offer's stock; a third of the offers closed."""
    gain = rng.gamma(1, 1, (8, customers)) * rng.gamma(1, 1, customers) - 0.3
    gain[rng.random(gain.shape) < 0.35] = -np.inf
    use = np.zeros((4, 8))
    use[0] = rng.uniform(0.01, 1.5, 8)
    use[1, :4], use[2, 4:], use[3, 2] = 1, 1, 1
    return gain, use, np.array([0.15, 0.1, 0.1, 0.02]) * customers


def test_mostly_it_is_the_optimum_itself() -> None:
    """Of 25 problems of forty customers the mean loss is small: the bound is not what saves the figure."""
    losses = []
    for seed in range(25):
        problem = random_problem(np.random.default_rng(seed), 40)
        found, best = check(*problem), optimum(*problem)
        losses.append((best - found.value) / best)
        assert found.gap >= losses[-1] - 1e-9
    assert np.mean(losses) < 0.02
    assert np.median(losses) < 0.01


def test_the_gap_closes_as_people_become_many() -> None:
    """At most as many customers as there are caps are split in the relaxation, so that their share vanishes."""
    gaps = [
        check(*random_problem(np.random.default_rng(5), size)).gap for size in (100, 20_000, 60_000)
    ]
    assert gaps[1] < 1e-3
    assert gaps[2] < 2e-4


def test_equal_people_are_taken_in_their_order() -> None:
    found = solve(np.ones((1, 7)), np.ones((1, 1)), np.array([3.0]))
    assert found.action.tolist() == [0, 0, 0, -1, -1, -1, -1]
    assert found.gap == pytest.approx(0, abs=1e-9)


def test_of_equal_actions_the_first_is_taken_while_it_lasts() -> None:
    found = solve(np.full((2, 6), 2.0), np.eye(2), np.array([2.0, 3.0]))
    assert sorted(found.action.tolist()) == [-1, 0, 0, 1, 1, 1]
    assert (choose(np.full((2, 6), 2.0), np.zeros(2)).action == 0).all()


def test_the_same_problem_gives_the_same_plan() -> None:
    problem = random_problem(np.random.default_rng(9), 30_000)
    first, again = solve(*problem), solve(*problem)
    assert (first.action == again.action).all()
    assert (first.bound, first.prices.tolist()) == (again.bound, again.prices.tolist())


def test_a_shadow_price_is_what_one_more_brings() -> None:
    """Ten people worth 1 to 10 and room for four: a fifth would bring 6, the fourth brought 7."""
    gain = np.arange(1.0, 11.0)[None, :]
    found = solve(gain, np.ones((1, 1)), np.array([4.0]))
    assert found.value == 10 + 9 + 8 + 7
    assert 6 - 1e-9 <= found.prices[0] <= 7 + 1e-9


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0)])
def test_nobody_and_nothing(shape: tuple[int, int]) -> None:
    found = solve(np.zeros(shape), np.ones((1, shape[0])), np.array([1.0]))
    assert (found.action == NOTHING).all()
    assert (found.value, found.bound, found.gap) == (0, 0, 0)


def test_without_any_cap_everybody_gets_their_best() -> None:
    gain = np.array([[1.0, -1.0, 3.0], [2.0, -np.inf, 1.0]])
    found = solve(gain, np.zeros((0, 2)), np.zeros(0))
    assert found.action.tolist() == [1, -1, 0]
    assert found.gap == 0
