"""The clock: facts of the future change nothing, and the same day gives the same bytes."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from ml.data.demo import write_demo
from tests.conftest import write_csv
from tests.flow.worlds import Published, run_once

pytestmark = pytest.mark.slow
DAY = date(2026, 5, 1)
TARGETS = "target,horizon_days,population_days\nnext_purchase,30,365\nchurn,30,90\nshare,30,365\n"


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The demo brand goes on until July: two months of it are the future already.
    root = tmp_path_factory.mktemp("brand") / "landing"
    write_demo(root, root.parent / "truth", customers=500, months=8, seed=3)
    return root


@pytest.fixture(scope="module")
def honest(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return run_once(landing, tmp_path_factory.mktemp("home"), DAY, targets=TARGETS)


def poison(landing: Path, honest: Published) -> int:
    """Add facts that become known at the day or later, to every entity; gives the number of rows."""
    known = honest.table("identity_map")
    known = known[known["valid_to"].isna()]
    first, second = (
        known[known["customer_id"] == chosen].iloc[0]
        for chosen in known["customer_id"].unique()[:2]
    )
    noon, after = f"{DAY} 00:00:00", "2026-06-15 12:00:00"
    mine = {"source": first["source"], "source_key": first["source_key"]}
    theirs = {"source": second["source"], "source_key": second["source_key"]}
    late = {"occurred_at": "2026-04-20 10:00:00", "known_at": noon}
    rows = {
        "links": [
            {
                "left_source": mine["source"],
                "left_key": mine["source_key"],
                "right_source": theirs["source"],
                "right_key": theirs["source_key"],
                "decision": "same",
                "known_at": noon,
            },
            {
                "left_source": mine["source"],
                "left_key": mine["source_key"],
                "right_source": "nowhere",
                "right_key": "new",
                "decision": "different",
                "known_at": after,
            },
        ],
        "identifiers": [
            {**person, "id_type": "email", "id_value": "one@poison.org", "known_at": noon}
            for person in (mine, theirs)
        ],
        "profiles": [
            {
                **mine,
                "known_at": noon,
                "name": "Someone Else",
                "email": "other@poison.org",
                "role": "staff",
            }
        ],
        "consents": [{**mine, "purpose": "profiling", "granted": "no", **late}],
        "orders": [
            {**mine, "order_id": "poison-1", "amount": "999999", **late},
            {
                **mine,
                "order_id": "poison-2",
                "amount": "1",
                "occurred_at": after,
                "currency": "JPY",
            },
            {**mine, "order_id": "poison-3", "amount": "not money", **late},
        ],
        "order_lines": [
            {
                "source": mine["source"],
                "order_id": "poison-1",
                "line_no": "1",
                "product_id": "x",
                "quantity": "1",
                "amount": "5",
            },
            {
                "source": mine["source"],
                "order_id": "poison-1",
                "line_no": "2",
                "product_id": "x",
                "quantity": "bad",
                "amount": "5",
            },
        ],
        "interactions": [
            {**mine, "kind": "complaint", **late},
            {**mine, "kind": "view", "occurred_at": after},
        ],
        "shares": [
            {
                "source": mine["source"],
                "share_id": "poison",
                "inviter_key": mine["source_key"],
                "invitee_key": "friend",
                "outcome": "ordered",
                **late,
            },
        ],
        "contacts": [
            {**mine, "contact_id": "poison", "channel": "email", "outcome": "complained", **late}
        ],
        "measurements": [{**mine, "metric": "poison", "value": "1", **late}],
    }
    for entity, added in rows.items():
        write_csv(landing, entity, added, "poison.csv")
    return sum(len(added) for added in rows.values())


def test_something_was_predicted(honest: Published) -> None:
    statuses = {model["target"]: model["status"] for model in honest.manifest["models"]}
    assert statuses["next_purchase"] == statuses["churn"] == "scored"
    assert len(honest.table("quarantine")) > 0
    assert len(honest.table("customer_merges")) > 0


def test_the_same_day_twice_in_one_home_is_one_version(landing: Path, honest: Published) -> None:
    before = honest.digests()
    stamps = {path.name: path.stat().st_mtime_ns for path in honest.folder.iterdir()}
    again = run_once(landing, honest.folder.parents[2], DAY, targets=TARGETS)
    assert again.folder == honest.folder
    assert again.digests() == before
    assert {path.name: path.stat().st_mtime_ns for path in again.folder.iterdir()} == stamps
    pointer = json.loads((honest.folder.parents[1] / "current.json").read_text(encoding="utf-8"))
    assert pointer == {"version": honest.folder.name, "as_of_date": DAY.isoformat()}


def in_other_files(landing: Path, but_not: set[str]) -> int:
    """Put the rows of each file into two, in reverse order, but for files named; gives the number of files."""
    moved = 0
    for path in sorted(landing.rglob("*.csv")):
        header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        named = path.relative_to(landing).as_posix() in but_not
        if named or any(line.count('"') % 2 for line in lines):
            continue
        half = len(lines) // 2
        path.with_name("z-" + path.name).write_text(
            header + "".join(reversed(lines[:half])), encoding="utf-8"
        )
        path.write_text(header + "".join(reversed(lines[half:])), encoding="utf-8")
        moved += 1
    return moved


def test_facts_of_the_future_other_files_and_another_home_change_no_byte(
    landing: Path, honest: Published, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "landing"
    shutil.copytree(landing, other)
    # The files with bad rows stay where quarantine saw them.
    assert in_other_files(other, set(honest.table("quarantine")["file"])) > 3
    assert poison(other, honest) > 15
    again = run_once(other, tmp_path_factory.mktemp("home"), DAY, targets=TARGETS)
    assert again.manifest["run_id"] == honest.manifest["run_id"]
    assert again.digests() == honest.digests()
