"""The pointer to the current version: only to an equal or later day, in one step, and back on demand."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from ml.errors import KithError
from ml.home import Home
from ml.serve.status import describe_home
from ml.serve.versions import Versions

FIRST, SECOND, THIRD = date(2024, 6, 1), date(2024, 6, 2), date(2024, 6, 3)


def add_version(home: Home, day: date, run: str = "aaa") -> str:
    name = f"{day}-{run}"
    folder = home.published / "versions" / name
    folder.mkdir(parents=True)
    manifest = {
        "version": name,
        "as_of_date": day.isoformat(),
        "complete_until": f"{day}T00:00:00",
        "audit": {"result": "passed", "rules": 24},
        "models": [
            {
                "target": "churn",
                "horizon_days": 90,
                "status": "scored",
                "quality_grade": "B",
                "population": 1200,
                "base_rate": 0.25,
                "model_version": "3",
                "trained_as_of": "2024-05-01",
            },
            {
                "target": "share",
                "horizon_days": 30,
                "status": "not_scored",
                "reason_code": "thin_data",
                "customers_with": 12,
                "customers_without": 1_400,
                "customers_needed": 200,
            },
        ],
        "files": [{"name": "customers.parquet", "rows": 12345, "sha256": "0"}],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return name


def publish(home: Home, day: date, run: str = "aaa") -> bool:
    return Versions(home).make_current_if_not_older(add_version(home, day, run), day)


def pointer(home: Home) -> dict[str, str]:
    found: dict[str, str] = json.loads((home.published / "current.json").read_text())
    return found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_nothing_is_published_at_first(home: Home) -> None:
    assert Versions(home).current() is None
    assert Versions(home).all() == []
    assert describe_home(home) == [
        f"{home.root}: nothing is published yet. `kith run` publishes a first version."
    ]
    with pytest.raises(KithError, match=r"Nothing is published under .* nothing to go back from"):
        Versions(home).roll_back()


def test_the_pointer_moves_to_equal_and_later_days_only(home: Home) -> None:
    assert publish(home, SECOND)
    assert pointer(home) == {"version": "2024-06-02-aaa", "as_of_date": "2024-06-02"}
    assert not publish(home, FIRST)
    assert pointer(home)["version"] == "2024-06-02-aaa"
    assert publish(home, SECOND, "000")
    assert pointer(home)["version"] == "2024-06-02-000"
    assert publish(home, THIRD)
    assert pointer(home) == {"version": "2024-06-03-aaa", "as_of_date": "2024-06-03"}
    current = Versions(home).current()
    assert current is not None
    assert (current.name, current.as_of_date) == ("2024-06-03-aaa", THIRD)
    assert [version.name for version in Versions(home).all()] == [
        "2024-06-01-aaa",
        "2024-06-02-000",
        "2024-06-02-aaa",
        "2024-06-03-aaa",
    ]


def test_a_version_that_is_being_written_is_none(home: Home) -> None:
    publish(home, FIRST)
    add_version(home, SECOND)
    (home.published / "versions" / "2024-06-02-aaa").rename(
        home.published / "versions" / ".2024-06-02-aaa.part"
    )
    assert [version.name for version in Versions(home).all()] == ["2024-06-01-aaa"]


def test_a_crash_while_the_pointer_moves_leaves_the_old_one_whole(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(home, FIRST)
    before = (home.published / "current.json").read_bytes()
    seen: list[dict[str, str]] = []

    def crash(source: Path, target: Path) -> None:
        # The new text is complete and on disk before readers could see it.
        seen.append(json.loads(Path(source).read_text()))
        raise OSError("power cut")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="power cut"):
        publish(home, SECOND)
    assert seen == [{"version": "2024-06-02-aaa", "as_of_date": "2024-06-02"}]
    assert (home.published / "current.json").read_bytes() == before
    monkeypatch.undo()
    Versions(home).make_current_if_not_older("2024-06-02-aaa", SECOND)
    assert pointer(home)["version"] == "2024-06-02-aaa"
    assert [path.name for path in home.published.iterdir() if path.is_file()] == ["current.json"]


def test_going_back(home: Home) -> None:
    for day in (FIRST, SECOND, THIRD):
        publish(home, day)
    versions = Versions(home)
    assert versions.roll_back().name == "2024-06-02-aaa"
    assert pointer(home) == {"version": "2024-06-02-aaa", "as_of_date": "2024-06-02"}
    assert versions.roll_back().name == "2024-06-01-aaa"
    assert versions.roll_back("2024-06-03-aaa").as_of_date == THIRD
    assert versions.roll_back("2024-06-01-aaa").as_of_date == FIRST
    with pytest.raises(
        KithError,
        match=r"no version is older than 2024-06-01-aaa. Published versions: 2024-06-01-aaa, ",
    ):
        versions.roll_back()
    with pytest.raises(
        KithError, match=r"no version is named 2024-06-09-x. Published versions: 2024-06-01-aaa, "
    ):
        versions.roll_back("2024-06-09-x")
    assert pointer(home)["version"] == "2024-06-01-aaa"


def test_status_says_what_is_published_and_how_good_it_is(home: Home) -> None:
    for day in (FIRST, SECOND):
        publish(home, day)
    assert describe_home(home) == [
        "current version: 2024-06-02-aaa",
        "as of 2024-06-02; facts count as complete before 2024-06-02T00:00:00",
        "audit: passed (24 rules)",
        "churn within 90 days: grade B, 1,200 customers scored, base rate 25.0%, model 3 trained as of 2024-05-01",
        "share within 30 days: not scored (thin_data): 12 customers with the outcome and 1,400 without, "
        "200 of each needed",
        "tables:",
        "  customers.parquet: 12,345 rows",
        "other versions: 2024-06-01-aaa",
        f"files: {home.published}/versions/2024-06-02-aaa",
    ]
