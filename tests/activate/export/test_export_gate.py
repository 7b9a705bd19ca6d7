"""Nobody leaves the house who must not: 10,000 random worlds against an oracle in plain Python."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.export.contents import export_of
from ml.activate.export.destinations import DESTINATIONS
from ml.activate.export.gate import REASONS, judge, reason_against
from ml.activate.export.moves import CHANGED, ERASED, LEFT, Standing, find_moves
from ml.activate.export.reconciliation import Reconciliation, reconcile, said
from tests.activate.export import worlds
from tests.activate.export.worlds import World, random_world

WORLDS = 10_000
BATCHES = 4


def run(world: World, with_files: bool = False) -> Counter[str | None]:
    """Judge a world, compare with the oracle, reconcile; gives how often each reason was met."""
    destination = DESTINATIONS[world.destination]
    facts, terms = worlds.facts_of(world), worlds.terms_of(world)
    judged = judge(facts, terms, destination)
    found = {verdict.customer_id: verdict.reason for verdict in judged.verdicts}
    assert found == worlds.expected(world)
    listed = [] if judged.is_stopped else [who for who, reason in found.items() if reason is None]
    assert_nobody_listed_who_must_not(world, listed)
    width = len(destination.removed_by)
    standing = [Standing(who, (f"{who}-key",) * width) for who, _ in world.standing]
    moves = find_moves(
        judged, standing, [("gone",) * width], destination, {"c-old": "c-1"},
        lambda who: reason_against(who, facts, terms, destination),
    )  # fmt: skip
    account = reconcile(
        judged,
        moves,
        terms,
        destination=destination.key,
        version="v",
        export_no=1,
        is_planned=False,
    )
    assert_adds_up(account, len(world.members), len(listed))
    assert [verdict.customer_id for verdict in moves.list_rows] == sorted(listed)
    if with_files:
        files = export_of(account, judged, moves, terms, destination).files
        assert_files_hold(files, world, sorted(listed))
    return Counter(found.values())


def assert_nobody_listed_who_must_not(world: World, listed: list[str]) -> None:
    groups = dict(world.members)
    for who in listed:
        needed = worlds.NEEDED[world.channel]
        assert all(world.consents[who].get(purpose) is True for purpose in needed)
        assert world.consents[who].get("profiling") is not False
        assert not worlds.is_suppressed(world, who)
        assert who not in world.opted_out | world.in_peace | world.held_out | world.mixed
        assert groups[who] == "treatment"
        assert not worlds.is_over_a_cap(world, who)
    assert world.size_cap is None or len(listed) <= world.size_cap
    assert not listed or len(listed) >= world.minimum_size


def assert_files_hold(files: dict[str, bytes], world: World, listed: list[str]) -> None:
    """The list is of those people, and of advertising and Parquet nothing can be read."""
    log = pq.read_table(io.BytesIO(files["log.parquet"])).to_pylist()
    assert [row["customer_id"] for row in log if row["is_delivered"]] == listed
    assert {row["customer_id"] for row in log if row["action"] != "remove"} == dict(
        world.members
    ).keys()
    if "list.csv" in files:
        rows = list(csv.reader(io.StringIO(files["list.csv"].decode())))[1:]
        assert len(rows) == len(listed)
        if world.destination == "email":
            assert [row[0] for row in rows] == listed
    for name, content in files.items():
        if (world.destination, name) != ("email", "list.csv"):
            assert b"@x.org" not in content
            assert b"2071838750" not in content


def assert_adds_up(account: Reconciliation, members: int, listed: int) -> None:
    assert account.members_in == members == listed + sum(account.dropped.values())
    assert account.delivered == listed
    removed = sum(account.removed.values())
    assert account.standing_before + account.added == account.standing_after + removed
    assert account.erased_named == 1


@pytest.mark.parametrize("batch", range(BATCHES))
def test_ten_thousand_worlds(batch: int) -> None:
    met: Counter[str | None] = Counter()
    size = WORLDS // BATCHES
    for seed in range(batch * size, (batch + 1) * size):
        met += run(random_world(seed), with_files=seed % 20 == 0)
    # A gate that met nothing proves nothing.
    plain = {reason for reason in REASONS if not reason.endswith("_")}
    purposes = {f"no_consent_{one}" for one in worlds.CONSENTS if one != "profiling"}
    assert set(met) == plain | purposes | {None}
    assert min(met.values()) > 20
    assert met[None] > 500


@settings(max_examples=200)
@given(st.integers(WORLDS, 10**9))
def test_any_other_world(seed: int) -> None:
    run(random_world(seed))


def test_every_reason_has_words() -> None:
    assert said("no_consent_email") == "has not said yes to this purpose: email"
    assert {said(reason) for reason in REASONS} == set(REASONS.values())
    assert all(said(reason) != reason for reason in (LEFT, CHANGED, ERASED))


def test_people_held_out_passed_what_those_they_are_compared_with_passed() -> None:
    """Drawn anew, the groups change and the eligible people stay: a reading is by intention to treat."""
    compared = 0
    for seed in range(2_000):
        world = random_world(seed)
        destination = DESTINATIONS[world.destination]
        world.held_out = set()
        eligible = []
        for group in ("treatment", "holdout"):
            world.members = [(who, group) for who, _ in world.members]
            judged = judge(worlds.facts_of(world), worlds.terms_of(world), destination)
            eligible.append({one.customer_id for one in judged.verdicts if one.is_eligible})
        assert eligible[0] == eligible[1]
        compared += len(eligible[0])
    assert compared > 1_000
