"""Members, holdouts, and why people came or went: the SQL against plain Python, on a random world of two days."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ml.activate.audiences import tables
from ml.activate.audiences.before import write_version_before
from ml.activate.audiences.declarations import Audience
from ml.activate.audiences.tables import write_audiences
from ml.data.warehouse import connect
from ml.home import Home
from ml.serve.audit_audiences import AUDIENCE_RULES
from ml.transform import run_models
from tests.activate.audiences.worlds import (
    BEFORE,
    CHANNELS,
    NOW,
    Person,
    World,
    random_world,
    run_in,
    write_former_version,
    write_warehouse,
)

MODELS = [
    "int_activation__holdouts",
    "int_customer__before",
    "holdouts",
    "audience_members",
    "audiences",
    "audience_overlap",
    "audience_changes",
    "audience_stability",
]
MODELS_BEFORE = {"next_purchase": "n1", "churn": "c1"}
MODELS_NOW = {"next_purchase": "n2", "churn": "c1"}
Fits = Callable[[Person], bool]


def declared(key: str, rule: str, channel: str = "email", **more: Any) -> Audience:
    words = {"title": key, "meaning": key, "expected_outcome": "an order", "priority": 1}
    return Audience(key=key, rule=rule, channel=channel, **{**words, **more})


# Rule in SQL and in Python, before and now: the same, changed, new, gone; by behaviour, by models changed and not.
RULES: dict[str, tuple[str, Fits]] = {
    "three_orders": ("orders_count >= 3", lambda one: one.orders_count >= 3),
    "two_orders": ("orders_count >= 2", lambda one: one.orders_count >= 2),
    "ready": ("next_purchase_band = 'high'", lambda one: one.next_purchase_band == "high"),
    "leaving": ("churn_band = 'high'", lambda one: one.churn_band == "high"),
    "ready_buyers": (
        "next_purchase_band = 'high' and orders_count > 1",
        lambda one: one.next_purchase_band == "high" and one.orders_count > 1,
    ),
    "everybody": ("true", lambda one: True),
    "super": ("level = 'super'", lambda one: one.level == "super"),
}
FORMER = {
    "buyers": ("two_orders", "email"),
    "ready": ("ready", "push"),
    "ready_buyers": ("ready_buyers", "email"),
    "leaving": ("leaving", "email"),
    "gone": ("super", "email"),
    "moved_channel": ("super", "email"),
    "same": ("three_orders", "ads"),
}
TODAY = {
    "buyers": ("three_orders", "email"),
    "ready": ("ready", "push"),
    "ready_buyers": ("ready_buyers", "email"),
    "leaving": ("leaving", "email"),
    "brand_new": ("super", "store"),
    "moved_channel": ("super", "push"),
    "same": ("three_orders", "ads"),
    "peace": ("everybody", "none"),
}
MORE: dict[str, dict[str, Any]] = {
    "same": {"size_cap": 20, "order_by": "orders_count"},
    "leaving": {"purpose": "retention", "holdout_share": 0.4},
    "brand_new": {"purpose": "retention", "holdout_share": 0.4, "gesture": "concat_none"},
}
MORE["brand_new"]["gesture"] = "case when orders_count > 2 then 'thanks' else 'hello' end"


def audiences_of(lists: dict[str, tuple[str, str]]) -> dict[str, Audience]:
    return {
        key: declared(key, RULES[rule][0], channel, **MORE.get(key, {}))
        for key, (rule, channel) in lists.items()
    }


def allowed(person: Person, channel: str) -> bool:
    asked = person.consents.get("profiling")
    return asked is not False and all(person.consents.get(one) for one in CHANNELS.get(channel, ()))


def is_member(person: Person | None, rule: str, channel: str) -> bool:
    return person is not None and RULES[rule][1](person) and allowed(person, channel)


def held_out(purpose: str, customer_id: str, share: float) -> bool:
    text = f"a key's|{purpose}|{customer_id}"
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) / 2**32 < share


@pytest.fixture(scope="module")
def world() -> World:
    world = random_world(seed=7)
    draw = Random(8)
    for key, (rule, channel) in FORMER.items():
        world.members[key] = {
            customer_id: BEFORE - timedelta(days=draw.randrange(40))
            for customer_id, person in world.before.items()
            if is_member(person, rule, channel)
        }
    return world


@pytest.fixture(scope="module")
def built(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("lists"))
    write_warehouse(home, world, MODELS_NOW)
    write_former_version(home, world, audiences_of(FORMER), MODELS_BEFORE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "declared_audiences", lambda: audiences_of(TODAY))
        with connect(home) as connection:
            write_audiences(connection, home, NOW)
            write_version_before(connection, run_in(home.root))
        run_models(home, NOW, MODELS, lambda _: None)
        yield home


def rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    with connect(home, read_only=True) as connection:
        return connection.execute(query).fetchall()


def expected_members(world: World) -> dict[str, set[str]]:
    return {
        key: {
            customer_id
            for customer_id, person in world.now.items()
            if is_member(person, rule, channel)
        }
        for key, (rule, channel) in TODAY.items()
    }


def now_of(world: World, former_id: str) -> str:
    """Who somebody of the former day is today: whoever holds the record that the id is named after."""
    return world.records_now[int(former_id[1:])]


def test_members_are_those_who_fit_and_agreed(built: Home, world: World) -> None:
    found: dict[str, set[str]] = {key: set() for key in TODAY}
    for key, customer_id in rows(
        built, "select audience, customer_id from published.audience_members"
    ):
        found[key].add(customer_id)
    expected = expected_members(world)
    assert found == expected
    assert all(expected.values())
    sizes = rows(
        built,
        "select audience, size, fitting_count, without_consent_count from published.audiences",
    )
    for key, size, fitting, without in sizes:
        fits = RULES[TODAY[key][0]][1]
        assert (size, fitting) == (len(expected[key]), sum(map(fits, world.now.values())))
        assert without == fitting - size
    assert len(sizes) == len(TODAY)


def test_an_unbroken_membership_keeps_its_first_day_also_through_a_merge(
    built: Home, world: World
) -> None:
    expected = {}
    for key, members in expected_members(world).items():
        carried: dict[str, date] = {}
        for former_id, entered in world.members.get(key, {}).items():
            one = now_of(world, former_id)
            carried[one] = min(entered, carried.get(one, entered))
        expected |= {(key, one): carried.get(one, NOW) for one in members}
    found = rows(built, "select audience, customer_id, entered_at from published.audience_members")
    assert {(key, one): entered for key, one, entered in found} == expected
    merged = {one for one in world.before if now_of(world, one) != one}
    assert any(
        now_of(world, one) in members and entered < BEFORE
        for key, members in expected_members(world).items()
        for one, entered in world.members.get(key, {}).items()
        if one in merged
    )


def cause_of(world: World, key: str, one: str, change: str) -> str:
    """Why somebody came or went: what, undone alone, would have left things as they were."""
    former = [name for name in world.before if now_of(world, name) == one]
    today, before = world.now.get(one), world.before.get(one)
    if today is None or len(former) > 1 or (former and one not in former):
        return "identity"
    if not former and today.first_seen_at.date() < BEFORE:
        return "identity"
    was_in = change == "left"
    if key not in FORMER:
        return "rule"
    if TODAY.get(key) != FORMER[key] and is_member(today, *FORMER[key]) == was_in:
        return "rule"
    if key in TODAY:
        fits = RULES[TODAY[key][0]][1]
        if was_in and fits(today):
            return "consent"
        if not was_in and before and fits(before):
            return "consent"
        if before and today.next_purchase_band is not None:
            former_score = before.next_purchase_band or today.next_purchase_band
            as_scored = Person(**{**vars(today), "next_purchase_band": former_score})
            if is_member(as_scored, *TODAY[key]) == was_in:
                return "model"
    return "behaviour"


def test_who_came_and_went_and_why(built: Home, world: World) -> None:
    today = expected_members(world)
    expected = {}
    for key in {*TODAY, *FORMER}:
        was = {now_of(world, one) for one in world.members.get(key, {})}
        now = today.get(key, set())
        for one, change in [(one, "entered") for one in now - was] + [
            (one, "left") for one in was - now
        ]:
            expected[key, one] = (change, cause_of(world, key, one, change))
    found = rows(
        built, "select audience, customer_id, change, cause from published.audience_changes"
    )
    assert {(key, one): (change, cause) for key, one, change, cause in found} == expected
    kinds = {(change, cause) for change, cause in expected.values()}
    causes = ("identity", "rule", "consent", "model", "behaviour")
    assert kinds == {(change, cause) for change in ("entered", "left") for cause in causes}


def test_the_account_of_changes_adds_up(built: Home, world: World) -> None:
    today = expected_members(world)
    found = rows(
        built,
        'select audience, sum(entered), sum("left"), sum(stayed), count(*) from published.audience_stability '
        "group by audience",
    )
    assert {key for key, *_ in found} == {*TODAY, *FORMER}
    for key, entered, left, stayed, causes in found:
        was = {now_of(world, one) for one in world.members.get(key, {})}
        assert causes == 6
        assert entered + stayed == len(today.get(key, set()))
        assert left + stayed == len(was)


def test_holdouts_are_the_draw_and_say_who_was_in_both_groups(built: Home, world: World) -> None:
    shares = {
        one.purpose: one.held_out(0.1)
        for one in audiences_of(TODAY).values()
        if one.held_out(0.1) > 0
    }
    expected = {}
    for purpose, share in shares.items():
        for one in world.now:
            ids = {one} | {
                then
                for then, now in zip(world.records_before, world.records_now, strict=True)
                if now == one and then
            }
            draws = {held_out(purpose, each, share) for each in ids}
            own = held_out(purpose, one, share)
            if own or len(draws) > 1:
                expected[purpose, one] = ("holdout" if own else "treatment", len(draws) > 1)
    found = rows(built, 'select purpose, customer_id, "group", is_mixed from published.holdouts')
    assert {(purpose, one): (group, mixed) for purpose, one, group, mixed in found} == expected
    assert set(expected.values()) == {("holdout", False), ("holdout", True), ("treatment", True)}
    held = {key for key, (group, _) in expected.items() if group == "holdout"}
    for key, one, group in rows(
        built, 'select audience, customer_id, "group" from published.audience_members'
    ):
        purpose = audiences_of(TODAY)[key].purpose
        assert (group == "holdout") == ((purpose, one) in held)


def test_places_are_by_worth_and_the_cap_does_not_ask_for_the_group(
    built: Home, world: World
) -> None:
    members = sorted(
        expected_members(world)["same"], key=lambda one: (-world.now[one].orders_count, one)
    )
    found = rows(
        built,
        "select customer_id, place, is_within_cap from published.audience_members where audience = 'same' "
        "order by place",
    )
    assert found == [(one, place, place <= 20) for place, one in enumerate(members, start=1)]
    assert len(found) > 20
    gestures = rows(
        built,
        "select customer_id, gesture from published.audience_members where audience = 'brand_new'",
    )
    assert gestures
    for one, gesture in gestures:
        assert gesture == ("thanks" if world.now[one].orders_count > 2 else "hello")


def test_overlap_counts_who_is_in_both(built: Home, world: World) -> None:
    today = expected_members(world)
    expected = {
        (one, other): (
            len(both),
            pytest.approx(len(both) / min(len(today[one]), len(today[other]))),
        )
        for one in today
        for other in today
        if one != other and (both := today[one] & today[other])
    }
    found = rows(
        built,
        "select audience, other_audience, customers, share_of_smaller from published.audience_overlap",
    )
    assert {(one, other): (count, share) for one, other, count, share in found} == expected


def test_the_audit_finds_nothing_to_say(built: Home) -> None:
    with connect(built) as connection:
        connection.execute(
            "create or replace table events.int_customer__refusals as select customer_id from published.customers "
            "where not consent_profiling"
        )
    broken = {rule: rows(built, query)[0][0] for rule, query in AUDIENCE_RULES.items()}
    assert set(broken.values()) == {0}


def test_a_first_day_has_nothing_to_compare_with_in_any_home(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "declared_audiences", lambda: audiences_of(TODAY))
    home, digests = Home(tmp_path / "one"), []
    for place in (home, Home(tmp_path / "two")):
        write_warehouse(place, world, MODELS_NOW)
        with connect(place) as connection:
            write_audiences(connection, place, NOW)
            digests.append(write_version_before(connection, run_in(place.root)))
    assert digests[0] == digests[1]
    run_models(home, NOW, MODELS, lambda _: None)
    assert rows(home, "select count(*) from published.audience_changes") == [(0,)]
    assert rows(home, "select count(*) from published.audience_stability") == [(0,)]
    found = rows(home, "select audience, customer_id, entered_at from published.audience_members")
    expected = expected_members(world)
    assert set(found) == {(key, one, NOW) for key, members in expected.items() for one in members}


def test_what_is_carried_over_is_part_of_the_runs_identity(
    built: Home, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "declared_audiences", lambda: audiences_of(TODAY))
    digests = []
    for name, members in (("with", world.members), ("again", world.members), ("without", None)):
        home = Home(tmp_path / name)
        write_warehouse(home, world, MODELS_NOW)
        if members is not None:
            write_former_version(home, world, audiences_of(FORMER), MODELS_BEFORE)
        with connect(home) as connection:
            write_audiences(connection, home, NOW)
            digests.append(write_version_before(connection, run_in(home.root)))
    assert digests[0] == digests[1] != digests[2]
