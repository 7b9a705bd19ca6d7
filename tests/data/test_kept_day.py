"""A day that is built already is kept while rows, settings and code are the same, and only then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ml.data import build
from ml.run import RunState
from tests.conftest import Built, build_world, write_csv

DAY = date(2024, 6, 1)
KEPT = "nothing has changed since the warehouse was built for this day; it is kept"
ORDERS = [
    {"source": "web", "source_key": "a", "order_id": 1, "occurred_at": "2024-05-01", "amount": 10},
    {"source": "web", "source_key": "b", "order_id": 2, "occurred_at": "2024-05-02", "amount": 20},
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing zone and a home in which the day is built up to the events."""
    place = tmp_path_factory.mktemp("kept")
    write_csv(place / "in", "orders", ORDERS)
    build_world(place / "in", place / "home", DAY, ("landing", "identity", "events"))
    return place


def again(place: Path, **other: object) -> Built:
    return build_world(place / "in", place / "home", **{"day": DAY, **other})  # type: ignore[arg-type]


def test_the_same_day_again_keeps_what_was_built_and_finds_its_facts(place: Path) -> None:
    built = again(place)
    assert built.said[-1] == KEPT
    assert "  orders: 2 rows in = 2 staged + 0 quarantined" in built.said
    state = RunState(built.run).require("events", "build")
    assert state["done"] == ["landing", "identity", "events"]
    assert state["label_lag_days"] == 0
    said = len(built.said)
    build.build_identity(built.run)
    build.build_events(built.run)
    assert built.said[said:] == [
        "identity: built for this day already, nothing has changed",
        "events: built for this day already, nothing has changed",
    ]


def more_rows(place: Path) -> None:
    write_csv(place / "in", "orders", [{**ORDERS[0], "order_id": 3}], "late.csv")


def other_setting(place: Path) -> None:
    (place / "home" / "kith.toml").write_text("holdout_share = 0.2\n", encoding="utf-8")


def lost_warehouse(place: Path) -> None:
    (place / "home" / "warehouse" / "kith.duckdb").unlink()


def damaged_warehouse(place: Path) -> None:
    (place / "home" / "warehouse" / "kith.duckdb").write_bytes(b"no database" * 1000)


@pytest.mark.parametrize("change", [more_rows, other_setting, lost_warehouse, damaged_warehouse])
def test_whatever_changes_the_result_builds_it_anew(
    change: Callable[[Path], None], place: Path
) -> None:
    assert KEPT in again(place).said
    change(place)
    built = again(place)
    assert KEPT not in built.said
    assert RunState(built.run).require("landing", "build")["done"] == ["landing"]
    assert built.value("select count(*) from staging.stg_orders") >= 2


def test_another_day_builds_it_anew(place: Path) -> None:
    again(place)
    assert KEPT not in again(place, day=date(2024, 6, 2)).said
