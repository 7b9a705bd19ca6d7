"""Growth, overhead and increments: worked examples, and laws that hold for any numbers."""

from __future__ import annotations

import math

import pytest
from bench_ratios import (
    FLOW_LAYERS,
    GOALS,
    exponent,
    fixed_part,
    increment,
    layers,
    parts_of_overhead,
)
from flow_stages import stages
from hypothesis import given
from hypothesis import strategies as st

SIZES = st.lists(st.integers(1, 1000), min_size=2, max_size=6, unique=True)


@given(SIZES, st.floats(-1, 3), st.floats(1e-3, 1e6))
def test_the_exponent_of_a_power_is_its_exponent(
    sizes: list[int], power: float, scale: float
) -> None:
    assert exponent(sizes, [scale * size**power for size in sizes]) == pytest.approx(
        power, abs=1e-6
    )


@pytest.mark.parametrize(
    ("sizes", "values"), [([1.0], [2.0]), ([1.0, 1.0], [2.0, 3.0]), ([1.0, 2.0], [0.0, 3.0])]
)
def test_an_exponent_needs_two_sizes_and_something_measured(
    sizes: list[float], values: list[float]
) -> None:
    with pytest.raises(ValueError, match="two sizes"):
        exponent(sizes, values)


@given(SIZES, st.floats(0, 1e3), st.floats(0.1, 1e3))
def test_what_does_not_grow_is_found_on_a_line(
    sizes: list[int], fixed: float, slope: float
) -> None:
    found = fixed_part(sizes, [fixed + slope * size for size in sizes])
    assert found == pytest.approx(fixed, rel=1e-6, abs=1e-3)


def test_one_new_day_is_held_against_a_snapshots_share() -> None:
    # Of 1300 s for 13 snapshots each has 100 s: 160 s may be taken, and are.
    assert increment(160, 1300, 13) == pytest.approx(1.0)
    assert increment(80, 1300, 13) == pytest.approx(0.5)


def test_overhead_is_told_in_units_of_the_bare_work() -> None:
    parts = parts_of_overhead(200, {"Airflow": 30, "dbt": 20}, bare=100)
    assert parts == pytest.approx({"whole": 2, "Airflow": 0.3, "dbt": 0.2, "the rest": 0.5})
    assert parts["whole"] - 1 == pytest.approx(sum(parts.values()) - parts["whole"])


def test_layers_add_seconds_and_take_the_highest_peak() -> None:
    costs = {
        "landing": {"processor": 2.0, "memory": 5},
        "check landing": {"processor": 1.0, "memory": 9},
    }
    assert layers(costs, "processor") == {"landing": 3.0}
    assert layers(costs, "memory") == {"landing": 9}


def test_every_stage_belongs_to_one_layer() -> None:
    members = [stage for layer in FLOW_LAYERS.values() for stage in layer]
    assert sorted(members) == sorted(stages())


def test_a_goal_says_by_how_much_it_was_missed() -> None:
    assert GOALS["overhead"].verdict(1.25) == "reached"
    assert GOALS["overhead"].verdict(2.5) == "missed, 2.0 times off"
    assert GOALS["pandas"].verdict(5.0) == "reached"
    assert GOALS["pandas"].verdict(2.5) == "missed, 2.0 times off"
    assert all(math.isfinite(goal.limit) for goal in GOALS.values())
