"""The report of made-up measurements: what was not measured leaves its place empty, and nothing is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench_ratios import GOALS
from bench_report import figures, write_report
from flow_stages import ONLY_FOR_TRAINING, stages

MACHINE = {
    "processor": "one",
    "cores": 2,
    "memory_gb": 24,
    "python": "3.11",
    "load_before": 0.1,
    "versions": {},
}


def flow(lines: int, until: str | None = None) -> dict[str, Any]:
    """A flow whose seconds grow in step with the lines, its memory with their root."""
    cost = {"processor": lines / 1e5, "seconds": 1.0, "memory": 1e6 * lines**0.5}
    known = list(stages())
    known = known[: known.index(until) + 1] if until else known
    zone = {"rows": {"order_lines": lines}, "bytes": lines * 40}
    measured = {"machine": MACHINE, "zone": zone, "rebuild": dict.fromkeys(known, cost)}
    if until:
        return measured
    day = {stage: cost for stage in known if stage not in ONLY_FOR_TRAINING}
    return {**measured, "snapshots": 15, "day": day}


@pytest.fixture
def found() -> dict[str, Any]:
    return {
        "1": {"flow": flow(1_000_000)},
        "10": {"flow": flow(10_000_000)},
        "50": {"flow": flow(50_000_000, "features")},
    }


def test_a_size_that_was_measured_in_part_leaves_cells_empty(
    found: dict[str, Any], tmp_path: Path
) -> None:
    told = write_report(found, tmp_path)
    rows = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[1:]
        for line in told.splitlines()
        if "|" in line
    }
    assert rows["identity"][:3] == ["10 s, 1.00 GB", "100 s, 3.16 GB", "500 s, 7.07 GB"]
    assert rows["labels"][:3] == ["10 s, 1.00 GB", "100 s, 3.16 GB", ""]
    assert rows["**all**"][2] == ""
    assert (tmp_path / "time.svg").exists()
    assert (tmp_path / "memory.svg").exists()


def test_goals_are_held_against_what_was_measured(found: dict[str, Any]) -> None:
    told = {
        name: (where, value)
        for name, where, value in figures({size: one["flow"] for size, one in found.items()}, {})
    }
    assert told["time exponent"][1] == pytest.approx(1)
    assert told["memory exponent"][1] == pytest.approx(0.5)
    assert told["memory"] == ("50 million lines, up to features", pytest.approx(7.07, abs=0.01))
    assert told["fixed"][1] == pytest.approx(0, abs=1e-6)
    assert set(told) <= set(GOALS)


def test_one_size_alone_tells_no_growth(tmp_path: Path) -> None:
    told = write_report({"1": {"flow": flow(1_000_000)}}, tmp_path)
    assert "exponent of processor time over size" not in told
    assert not (tmp_path / "time.svg").exists()
