"""A home that was added to day after day equals one that is built from scratch, whatever order facts arrive in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Built, build_world
from tests.flow.arrivals import DAYS, Arrivals, rows_of_all_tables
from tests.flow.worlds import Published, run_once

pytestmark = pytest.mark.slow
# A tenth of what arrives is junk, so that refused rows arrive late, too.
SETTINGS = 'default_country = "GB"\nmax_bad_share = 0.5\n'
PARTS = ("landing", "identity", "events")
SCHEMAS = ("staging", "identity", "resolved", "events", "relationship", "published")
SNAPSHOTS = ("features", "interests")
# They speak of how a day's files have come, and of what the version before said, not of what is known by then.
OF_THE_WAY = {"identity.int_identity__late_news", "resolved.changed_ids"}
# These tell since when somebody has been in an audience: they remember the version before.
REMEMBERING = {"audience_changes", "audience_members", "audience_stability"}
# The run's id names what was carried over, too.
NAMES_THE_RUN = "customer_scores"
RENUMBERED = "identity: an older record came to light; every fact is numbered anew"


@dataclass(frozen=True)
class Grown:
    """Three days in one home: the first and the last published, the one between only built."""

    first: Published
    between: Built
    last: Published

    @property
    def said(self) -> list[list[str]]:
        return [self.first.said, self.between.said, self.last.said]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arrivals")


@pytest.fixture(scope="module")
def grown(place: Path) -> Grown:
    """The days in order, each after its files have come."""
    arrivals, landing, home = Arrivals(seed=8), place / "in", place / "grown"
    first, between, last = DAYS
    arrivals.write(landing, [first])
    published = run_once(landing, home, first, SETTINGS)
    arrivals.write(landing, [between])
    built = build_world(landing, home, between, PARTS, SETTINGS)
    arrivals.write(landing, [last])
    return Grown(published, built, run_once(landing, home, last, SETTINGS))


@pytest.fixture(scope="module")
def whole(grown: Grown, place: Path) -> Published:
    """The last day from nothing, with the files of all days."""
    return run_once(place / "in", place / "whole", DAYS[-1], SETTINGS)


def test_days_are_added_and_not_built_anew(grown: Grown, place: Path) -> None:
    added = [any(line.startswith("append: ") for line in said) for said in grown.said]
    assert added == [False, True, True]
    assert [RENUMBERED in said for said in grown.said] == [False, True, False]
    state = json.loads((place / "grown" / "warehouse" / "run.json").read_text(encoding="utf-8"))
    assert state["mode"] == "append"


def test_every_table_equals_what_is_built_from_scratch(
    grown: Grown, whole: Published, place: Path
) -> None:
    tables = [
        rows_of_all_tables(place / name, SCHEMAS)
        | rows_of_all_tables(place / name, SNAPSHOTS, DAYS[-1])
        for name in ("grown", "whole")
    ]
    assert tables[0].keys() == tables[1].keys()
    different = {name for name in tables[1] if tables[0][name] != tables[1][name]}
    published = {f"published.{name}" for name in (*REMEMBERING, NAMES_THE_RUN)}
    assert different <= OF_THE_WAY | published
    assert len([name for name, rows in tables[1].items() if rows]) > 100


def test_what_is_published_equals_to_the_byte(grown: Grown, whole: Published) -> None:
    added, anew = grown.last.digests(), whole.digests()
    assert added.keys() == anew.keys()
    different = {Path(name).stem for name in anew if added[name] != anew[name]}
    assert different <= {*REMEMBERING, NAMES_THE_RUN, "manifest"}
    scores = [one.table(NAMES_THE_RUN).drop(columns="run_id") for one in (grown.last, whole)]
    pd.testing.assert_frame_equal(*scores)
    for name in ("customers", "customer_tags", "customer_levels", "identity_map"):
        assert len(whole.table(name)) > 10, name
