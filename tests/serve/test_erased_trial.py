"""Nobody else gets another id when people are erased, also where the matcher would think otherwise without them."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml.data.demo import write_demo
from ml.data.erased_person import remember
from ml.data.erasures import Erasures, load_erasures
from ml.data.landed_person import orders_of
from ml.data.landing import discover
from ml.data.raw_layer import ingest
from ml.data.warehouse import connect
from ml.home import Home
from ml.serve.erased_trial import TRIAL, keep_ids_of_others
from tests.conftest import Built, build_world
from tests.data.test_erasures import people

DAY = date(2026, 6, 1)
PARTS = ("landing", "identity")
SETTINGS = 'default_country = "GB"\n'
ENTITIES = {"profiles", "identifiers", "links", "orders"}


@dataclass(frozen=True)
class Story:
    """A brand before nearly half of its people were erased at once, and after."""

    before: dict[Any, str]
    gone: set[Any]
    left: int
    erasures: Erasures
    leftovers: bool
    after: dict[Any, str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """What was learned is lost on top, so that the matcher learns anew, from half of the people."""
    root = tmp_path_factory.mktemp("trial")
    landing, home = root / "landing", root / "home"
    write_demo(landing, root / "truth", customers=400, months=12, seed=3)
    for place in landing.iterdir():
        if place.name not in ENTITIES:
            shutil.rmtree(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ml.matching.epochs.FIRST_STATES", 200)
        built = build_world(landing, home, DAY, PARTS, SETTINGS)
        before = people(built)
        gone = choose(before)
        erasures = erase(built, gone, root / "whole")
        erasures.traces.epochs = []
        left = keep_ids_of_others(built.run, erasures)
        leftovers = (built.run.home.warehouse / TRIAL).exists()
        after = people(rebuilt(landing, root / "after", erasures))
    return Story(before, gone, left, erasures, leftovers, after)


def choose(before: dict[Any, str]) -> set[Any]:
    customers = sorted(set(before.values()))
    chosen = set(random.Random(1).sample(customers, len(customers) * 2 // 5))
    return {record for record, customer in before.items() if customer in chosen}


def erase(built: Built, gone: set[Any], whole: Path) -> Erasures:
    erasures, records = Erasures(), sorted(gone)
    ingest(discover(built.run.landing), whole)
    with connect(built.run.home) as connection:
        orders = orders_of(connection, whole, records)
        remember(connection, erasures, records, orders)
    return erasures


def rebuilt(landing: Path, home: Path, erasures: Erasures) -> Built:
    erasures.save(Home(home).erasures)
    return build_world(landing, home, DAY, PARTS, SETTINGS)


def test_nobody_else_gets_another_id(story: Story) -> None:
    others = {record: one for record, one in story.before.items() if record not in story.gone}
    assert story.left == 0
    assert story.after == others
    assert len(others) > 300


def test_it_asked_something(story: Story) -> None:
    """At first others got another id, and were found to rest on pairs that were judged otherwise."""
    assert story.erasures.traces.members
    assert story.erasures.traces.pairs


def test_what_is_kept_names_nobody_who_is_gone(story: Story, tmp_path: Path) -> None:
    assert not story.leftovers
    traces = story.erasures.traces
    named = {(one.source, one.source_key) for one in traces.members}
    assert named
    ends = {(one.left_source, one.left_key) for one in traces.pairs}
    ends |= {(one.right_source, one.right_key) for one in traces.pairs}
    ends |= {(one.left_source, one.left_key) for one in traces.doubts}
    assert ends <= named
    assert named & story.gone == set()
    story.erasures.save(tmp_path / "erasures.json")
    assert load_erasures(tmp_path / "erasures.json") == story.erasures
