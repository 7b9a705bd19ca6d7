"""Forgetting a person for good: after the next run nothing in the home folder holds a word of theirs."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from ml.home import Home
from ml.serve.erase import erase_person
from ml.serve.erased_whom import Erasure
from ml.serve.versions import Versions
from tests.conftest import build_world
from tests.flow.canaries import (
    CANARIES,
    FAMILY_MAIL,
    FRIEND_KEY,
    SELLER_KEY,
    SHOP_KEY,
    WEB_KEY,
    add_person,
    found_in,
)
from tests.flow.conftest import CANARY_DAY, TARGETS, CanaryBrand
from tests.flow.worlds import Published, run_once

pytestmark = pytest.mark.slow
SOONER = CANARY_DAY - timedelta(days=2)


@pytest.fixture(scope="module")
def landing(canary_brand: CanaryBrand) -> Path:
    return canary_brand.landing


def ids(published: Published) -> pd.Series:
    """Who is who in a version, by record."""
    known = published.table("identity_map")
    known = known[known["valid_to"].isna()]
    return known.set_index(["source", "source_key"])["customer_id"].sort_index()


def version(home: Path, name: str) -> Published:
    folder = home / "published" / "versions" / name
    return Published(folder, json.loads((folder / "manifest.json").read_text()), [])


def older_version(published: Published) -> Published:
    """What the same rows would have been published as two days sooner: a version that is kept."""
    name = f"{SOONER}-0123456789ab"
    folder = published.folder.with_name(name)
    shutil.copytree(published.folder, folder)
    manifest = published.manifest | {"version": name, "as_of_date": SOONER.isoformat()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return Published(folder, manifest, [])


@dataclass(frozen=True)
class Story:
    """What was there before the erasure, right after it, and after the next run."""

    home: Path
    customer: str
    published: Published
    before: dict[str, pd.Series]
    said: list[str]
    left: dict[str, list[str]]
    rewritten: dict[str, Published]
    rewritten_ids: dict[str, pd.Series]
    again: Published


@pytest.fixture(scope="module")
def story(canary_brand: CanaryBrand) -> Story:
    """A day and an older version, an erasure with a log that names the person, and the day once more."""
    home, landing = canary_brand.home, canary_brand.landing
    published = canary_brand.published
    older = older_version(published)
    before = {one.folder.name: ids(one) for one in (published, older)}
    customer = before[published.folder.name]["zweb", WEB_KEY]
    (home / "logs" / "of_somebody.log").write_text(f"asked for {CANARIES['email']}, thanks\n")
    said: list[str] = []
    erase_person(Erasure(Home(home), landing, customer, report=said.append))
    left = found_in(home, [*CANARIES.values(), customer])
    rewritten = {name: version(home, name) for name in before}
    rewritten_ids = {name: ids(one) for name, one in rewritten.items()}
    with pytest.MonkeyPatch.context() as patch:
        # What the borders write was looked at when the day was run for the first time.
        patch.setattr("ml.flow.check_border", lambda run, border: None)
        again = run_once(landing, home, CANARY_DAY, targets=TARGETS)
    return Story(home, customer, published, before, said, left, rewritten, rewritten_ids, again)


def test_the_person_was_everywhere_before(canary_brand: CanaryBrand) -> None:
    held = canary_brand.held
    seen = {text for texts in held.values() for text in texts}
    assert {text.lower() for text in CANARIES.values()} - seen == set()
    assert "warehouse/kith.duckdb" in held
    assert any(name.endswith("customers.parquet") for name in held)
    assert list(canary_brand.home.rglob("out_of_fold.parquet"))


def test_nothing_of_the_person_is_left(story: Story) -> None:
    assert story.left == {}
    household = "h" + story.customer[1:]
    assert found_in(story.home, [*CANARIES.values(), story.customer, household]) == {}
    # The search finds what is there: a neighbour, of whom the person's rows spoke.
    assert found_in(story.home, [FRIEND_KEY]) != {}
    log = (story.home / "logs" / "of_somebody.log").read_text()
    assert log == f"asked for {'*' * len(CANARIES['email'])}, thanks\n"


def test_everybody_else_stays_who_they_were(story: Story) -> None:
    name = story.published.folder.name
    before = story.before[name]
    others = before[before != story.customer]
    assert len(before) - len(others) == 3
    pd.testing.assert_series_equal(story.rewritten_ids[name], others)
    pd.testing.assert_series_equal(ids(story.again), others)
    assert others["zweb", SELLER_KEY].startswith("c")
    friend = story.again.table("customers").set_index("email").loc[FAMILY_MAIL]
    assert friend["customer_id"] == others["zweb", FRIEND_KEY]
    assert friend["shares_received_count"] == 0


def name_of(day: date, versions: Versions) -> str:
    return next(one.name for one in versions.all() if one.as_of_date == day)


def test_the_rewritten_versions_are_whole(story: Story) -> None:
    for name, published in story.rewritten.items():
        digests = published.digests()
        for file in published.manifest["files"]:
            assert file["sha256"] == digests[file["name"]]
            assert file["rows"] == len(published.table(Path(file["name"]).stem))
        people = set(published.table("customers")["customer_id"])
        assert set(published.table("customer_scores")["customer_id"]) == people
        assert people == set(story.rewritten_ids[name])
    versions = Versions(Home(story.home))
    assert len(versions.all()) == 3
    assert versions.current().name == story.again.folder.name != story.published.folder.name
    assert versions.roll_back(name_of(SOONER, versions)).as_of_date == SOONER
    assert versions.roll_back(story.again.folder.name).as_of_date == CANARY_DAY


def test_the_account_says_what_was_left_out_and_what_was_not_reached(
    story: Story, landing: Path
) -> None:
    told = "\n".join(story.again.said)
    assert "more rows are of people who were erased, and were left out" in told
    quality = story.again.table("data_quality")
    assert (quality[quality["check"].str.endswith("rows add up")]["result"] == "pass").all()
    told = "\n".join(story.said)
    assert "a value of the type email is also held by 1 other customers" in told
    assert f"not reached: {landing / 'profiles' / 'zq.csv'}: 2 rows" in told
    assert f"not reached: {landing}-truth" in told
    # Those that a model was judged on, and those that drift is measured from.
    assert "rewritten: 2 data samples in MLflow" in told
    samples = [pd.read_parquet(path) for path in story.home.rglob("out_of_fold.parquet")]
    assert not any(story.customer in set(sample["customer_id"]) for sample in samples)
    assert not any(text.lower() in told.lower() for text in CANARIES.values())


def test_the_same_erasure_again_changes_nothing_but_the_landing_zone(
    story: Story, landing: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "landing"
    shutil.copytree(landing, copy)
    before = {path: path.read_bytes() for path in sorted(copy.rglob("*")) if path.is_file()}
    published = {
        path: path.read_bytes()
        for path in (story.home / "published").rglob("*.*")
        if path.is_file()
    }
    said: list[str] = []
    erasure = Erasure(Home(story.home), copy, story.customer, None, True, said.append)
    erase_person(erasure)
    assert said[0].startswith("this person is on the list of erased people already")
    assert {path: path.read_bytes() for path in published} == published
    assert found_in(copy, CANARIES.values()) == {}
    changed = {
        path.relative_to(copy).as_posix() for path in before if path.read_bytes() != before[path]
    }
    assert changed == {
        path.relative_to(copy).as_posix() for path in before if path.stem.startswith("zq")
    }
    lines = (copy / "orders" / "zq-irregular.csv").read_text().splitlines()
    assert lines[1:] == [f"zweb,other-2,2026-02-03,12,{FRIEND_KEY}", "zweb,other-3,2026-02-05"]


def test_a_person_may_be_erased_before_the_first_run(tmp_path: Path) -> None:
    """One record is named; the others are found through what they share."""
    landing, home = tmp_path / "landing", tmp_path / "home"
    for entity in ("profiles", "orders"):
        (landing / entity).mkdir(parents=True)
    add_person(landing)
    said: list[str] = []
    erase_person(Erasure(Home(home), landing, None, ("zshop", SHOP_KEY), report=said.append))
    assert "remembered: keyed hashes of 3 records and 2 orders" in said
    built = build_world(landing, home, CANARY_DAY, ["landing", "identity"])
    assert found_in(home, CANARIES.values()) == {}
    left = built.rows("select source_key from identity.int_identity__records order by 1")
    assert left == [(FRIEND_KEY,), (SELLER_KEY,)]
