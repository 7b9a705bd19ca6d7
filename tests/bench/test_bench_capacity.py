"""What is carried to a size that nobody measured: each layer along what it follows."""

from __future__ import annotations

from typing import Any

import pytest
from bench_capacity import carried, disk, spark_times
from bench_ratios import FLOW_LAYERS
from landing_zones import CUSTOMERS


def flow(copies: int, orders: int, seconds: dict[str, float]) -> dict[str, Any]:
    """A measured flow of which each layer took so many seconds, in its first stage."""
    stages = {FLOW_LAYERS[layer][0]: {"processor": value} for layer, value in seconds.items()}
    return {"zone": {"copies": copies, "rows": {"orders": orders}}, "rebuild": stages}


def test_each_layer_is_carried_along_what_it_follows() -> None:
    # Twice the people and three times the orders; labels square with people, scoring hardly grows.
    smaller = flow(
        1, 100, {"landing": 10, "identity": 20, "labels": 5, "training": 60, "scoring": 8}
    )
    larger = flow(
        2, 300, {"landing": 30, "identity": 40, "labels": 20, "training": 61, "scoring": 9}
    )
    # A larger size still, of which only the first layer was measured.
    largest = flow(4, 600, {"landing": 60})
    found = carried([smaller, larger, largest], members=20 * CUSTOMERS, orders=3000)
    expected = {"landing": 300, "identity": 400, "labels": 2000, "training": 61, "scoring": 90}
    assert found == pytest.approx(expected)


def test_disk_follows_the_people() -> None:
    measured = {**flow(5, 1, {}), "disk": {"warehouse": 700, "published": 50}}
    assert disk(measured, 50 * CUSTOMERS) == pytest.approx({"warehouse": 7000, "published": 500})


def test_what_spark_costs_leaves_its_fixed_part_out() -> None:
    def measured(kith: float, spark: float) -> dict[str, Any]:
        return {"engines": {"kith": {"processor": kith}, "spark": {"processor": spark}}}

    peers = {"0.1": measured(9, 9), "1": measured(1, 40), "10": measured(11, 70)}
    assert spark_times(peers) == pytest.approx(3)
