"""A warehouse that was added to day after day equals one that is built from scratch, whatever order facts arrive in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.run import RunState
from tests.conftest import Built, build_world
from tests.flow.arrivals import DAYS, Arrivals, rows_of_all_tables

pytestmark = pytest.mark.slow
SETTINGS = 'default_country = "GB"\n'
PARTS = ("landing", "identity", "events")
# It speaks of how a day's files have come, not of what is known by then.
OF_THE_WAY = "identity.int_identity__late_news"
RENUMBERED = "identity: an older record came to light; every fact is numbered anew"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arrivals")


@pytest.fixture(scope="module")
def grown(place: Path) -> list[Built]:
    """The days in order, each after its files have come."""
    arrivals = Arrivals(seed=8)
    built = []
    for day in DAYS:
        arrivals.write(place / "in", [day])
        parts = (*PARTS, "features") if day == DAYS[-1] else PARTS
        built.append(build_world(place / "in", place / "grown", day, parts, SETTINGS))
    return built


def test_what_was_added_to_equals_what_is_built_from_scratch(
    grown: list[Built], place: Path
) -> None:
    assert ["append" in " ".join(built.said) for built in grown] == [False, True, True]
    assert [RENUMBERED in built.said for built in grown] == [False, True, False]
    assert RunState(grown[-1].run).require("events", "build")["mode"] == "append"
    build_world(place / "in", place / "whole", DAYS[-1], (*PARTS, "features"), SETTINGS)
    schemas = ("staging", "identity", "resolved", "events", "features")
    grown_tables, whole_tables = (
        rows_of_all_tables(place / name, schemas) for name in ("grown", "whole")
    )
    assert grown_tables.keys() == whole_tables.keys()
    different = [name for name in whole_tables if grown_tables[name] != whole_tables[name]]
    assert set(different) <= {OF_THE_WAY}
    filled = [name for name, rows in whole_tables.items() if rows]
    assert len(filled) > 50
