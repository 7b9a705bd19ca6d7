"""Several days in one home: a new day costs a day and changes nothing else, and no day sees a later model."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from ml.data.demo import write_demo
from ml.data.warehouse import connect
from ml.gates import BORDERS
from ml.home import Home
from ml.serve.status import describe_home
from ml.serve.versions import Versions
from tests.flow.worlds import Published, run_once

pytestmark = pytest.mark.slow
DAY = date(2026, 5, 12)
SOONER = DAY - timedelta(days=2)
BEFORE = DAY - timedelta(days=30)
TARGETS = "target,horizon_days,population_days\nnext_purchase,30,365\n"
WITHOUT_MODELS = [
    "identity_map", "customer_merges", "identity_audit", "customer_tags", "customer_levels", "relationship_funnel",
    "relationship_cohorts", "quarantine", "holdouts",
]  # fmt: skip


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("brand") / "landing"
    write_demo(root, root.parent / "truth", customers=450, months=8, seed=11)
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def days(landing: Path, home: Path) -> dict[date, Published]:
    """Two days in order, and then a day long before them."""
    return {day: run_once(landing, home, day, targets=TARGETS) for day in (SOONER, DAY, BEFORE)}


def test_what_people_look_at_is_there_and_names_nobody(
    days: dict[date, Published], home: Path
) -> None:
    place = Home(home)
    assert {page.parent.name for page in place.data_docs.glob("*/index.html")} == set(BORDERS)
    cards = sorted((place.mlflow / "artifacts").rglob("model_card.md"))
    assert len(cards) == 2  # one training each for the first day, and for the one long before
    for card in cards:
        plots = {plot.stem for plot in (card.parent / "plots").iterdir()}
        assert plots == {"calibration", "lift", "backtest", "features"}
    pages = [*place.data_docs.rglob("*.html"), *cards]
    told = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    people = days[DAY].table("customers")
    for column in ("customer_id", "email", "phone", "name"):
        values = people[column].dropna()
        assert len(values) > 100
        assert not {value for value in values if value in told}, column


def test_a_second_day_builds_one_snapshot(days: dict[date, Published]) -> None:
    built = [line for line in days[DAY].said if line.startswith("features: ")]
    assert built == ["features: 1 of 1 snapshot dates to build"]
    levels = next(line for line in days[DAY].said if line.startswith("relationship: "))
    assert levels.startswith(("relationship: 0 of ", "relationship: 1 of "))
    assert "training: not due" in days[DAY].said


def test_what_was_built_day_by_day_equals_what_is_built_at_once(
    landing: Path,
    days: dict[date, Published],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fresh_home = tmp_path_factory.mktemp("fresh")
    # Nothing that is compared here is said by a model.
    monkeypatch.setattr("ml.flow.train", lambda run, only_when_due: False)
    fresh = run_once(landing, fresh_home, DAY, targets=TARGETS)
    for table in WITHOUT_MODELS:
        assert fresh.digests()[f"{table}.parquet"] == days[DAY].digests()[f"{table}.parquet"], table
    query = "select * from features.customer_features where as_of_date = ? order by customer_id"
    homes = (Home(fresh_home), Home(days[DAY].folder.parents[2]))
    tables = []
    for place in homes:
        with connect(place, read_only=True) as connection:
            tables.append(connection.execute(query, [DAY]).df())
    assert len(tables[0]) > 100
    assert tables[0].equals(tables[1])


def test_who_stays_in_an_audience_keeps_its_first_day(days: dict[date, Published]) -> None:
    then, now = (days[day].table("audience_members") for day in (SOONER, DAY))
    both = now.merge(then, on=["audience", "customer_id"], suffixes=("", "_then"))
    assert len(both) > 20
    assert (both["entered_at"] <= both["entered_at_then"]).all()
    told = days[DAY].table("audience_stability")
    assert told["stayed"].sum() >= len(both)
    assert told["stayed"].sum() + told["entered"].sum() == len(now)


def test_a_day_serves_a_model_of_that_day_or_earlier(days: dict[date, Published]) -> None:
    trained = {
        day: published.manifest["models"][0]["trained_as_of"] for day, published in days.items()
    }
    assert trained == {SOONER: str(SOONER), DAY: str(SOONER), BEFORE: str(BEFORE)}


def test_readers_stay_on_the_latest_day(days: dict[date, Published], home: Path) -> None:
    pointer = json.loads((home / "published" / "current.json").read_text(encoding="utf-8"))
    assert pointer == {"version": days[DAY].folder.name, "as_of_date": str(DAY)}
    assert any("later day" in line for line in days[BEFORE].said)


def test_status_tells_the_current_version_and_the_others(
    days: dict[date, Published], home: Path
) -> None:
    told = "\n".join(describe_home(Home(home)))
    assert f"current version: {days[DAY].folder.name}" in told
    assert days[BEFORE].folder.name in told
    assert "next_purchase within 30 days: grade" in told


def test_going_back_is_one_version_at_a_time(days: dict[date, Published], home: Path) -> None:
    versions = Versions(Home(home))
    assert versions.roll_back().name == days[SOONER].folder.name
    assert versions.roll_back().name == days[BEFORE].folder.name
    assert versions.roll_back(days[DAY].folder.name).name == days[DAY].folder.name
