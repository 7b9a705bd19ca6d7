"""When a run adds to the warehouse, and when it builds it again; dbt is not run for this."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ml.data import stage
from ml.data.warehouse import discard_warehouse
from ml.run import Run, RunState
from tests.conftest import write_csv

DAY, NEXT = date(2024, 6, 1), date(2024, 6, 2)
ORDER = {"source": "web", "source_key": "a", "order_id": 1, "occurred_at": "2024-05-01", "amount": 10}  # fmt: skip


class KilledError(Exception):
    """Ends a step in its middle."""


@pytest.fixture(autouse=True)
def refreshed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each step of dbt, whether it would have added to its tables."""
    asked: list[bool] = []

    def run_models(*_: object, append: bool = False) -> None:
        asked.append(append)

    monkeypatch.setattr(stage, "run_models", run_models)
    for name in ("check_currencies", "report_landing", "landing_digest"):
        monkeypatch.setattr(stage, name, lambda *_: "")
    return asked


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home whose warehouse was built to the events of a day."""
    write_csv(tmp_path / "in", "orders", [ORDER])
    land(tmp_path)
    finish(tmp_path)
    return tmp_path


def land(place: Path, day: date = DAY) -> str | None:
    """Land a day; gives the line that says how it goes on from what is there (None: there is nothing)."""
    said: list[str] = []
    stage.build_landing(Run.of(place / "home", place / "in", day, None, said.append))
    return next((line for line in said if line.startswith(("append", "rebuild"))), None)


def finish(place: Path, day: date = DAY) -> None:
    state = RunState(Run.of(place / "home", place / "in", day))
    for step in ("identity", "events"):
        state.note(step)


def more(place: Path) -> None:
    write_csv(place / "in", "orders", [{**ORDER, "order_id": 2}], "b.csv")


def changed(place: Path) -> None:
    write_csv(place / "in", "orders", [{**ORDER, "amount": 11}])


def renamed(place: Path) -> None:
    (place / "in" / "orders" / "a.csv").rename(place / "in" / "orders" / "c.csv")


def other_setting(place: Path) -> None:
    (place / "home" / "kith.toml").write_text("holdout_share = 0.2\n", encoding="utf-8")


def lost(place: Path) -> None:
    (place / "home" / "warehouse" / "kith.duckdb").unlink()


def test_a_landing_zone_that_has_only_gained_is_added_to(
    place: Path, refreshed: list[bool]
) -> None:
    more(place)
    assert (
        land(place, NEXT)
        == "append: 1 new files since 2024-06-01, and all former ones as they were"
    )
    assert refreshed == [False, True]
    finish(place, NEXT)
    assert (land(place, date(2024, 6, 4)) or "").startswith("append: 0 new files since 2024-06-02")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (changed, "1 of its files are gone"),
        (renamed, "1 of its files are gone"),
        (other_setting, "code, settings or targets"),
        (lost, "its tables are not those of the state"),
    ],
)
def test_whatever_else_has_happened_it_is_built_again(
    change: Callable[[Path], None], why: str, place: Path, refreshed: list[bool]
) -> None:
    more(place)
    change(place)
    assert (land(place, NEXT) or "").startswith(f"rebuild: {why}")
    assert refreshed == [False, False]


def test_an_earlier_day_is_built_again(place: Path) -> None:
    assert (land(place, date(2024, 5, 20)) or "").startswith(
        "rebuild: it was built for 2024-06-01, a later day"
    )


def test_a_warehouse_that_is_discarded_is_built_from_the_first_row(
    place: Path, refreshed: list[bool]
) -> None:
    more(place)
    discard_warehouse(Run.of(place / "home", place / "in", DAY).home)
    assert land(place, NEXT) is None
    assert refreshed == [False, False]


def test_what_an_interrupted_run_left_is_not_added_to(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KilledError

    more(place)
    with monkeypatch.context() as patched:
        patched.setattr(stage, "run_models", killed)
        with pytest.raises(KilledError):
            land(place, NEXT)
    assert (land(place, NEXT) or "").startswith("rebuild: the warehouse holds no day")


def test_a_day_without_events_is_not_added_to(place: Path) -> None:
    more(place)
    assert (land(place, NEXT) or "").startswith("append")
    assert (land(place, date(2024, 6, 3)) or "").startswith("rebuild: the warehouse holds no day")


def test_steps_that_follow_a_kept_landing_build_their_tables_whole(place: Path) -> None:
    more(place)
    land(place, NEXT)
    run = Run.of(place / "home", place / "in", NEXT)
    state = RunState(run)
    state.resume(state.require("landing", "build"), stage.BUILD_STEPS)
    assert state.require("landing", "build")["mode"] == "rebuild"
