"""Who counts as drawn, and what they did: the queries against a plain second implementation."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.activate.uplift.contacts import contacts_of
from ml.errors import KithError
from ml.run import Run
from tests.activate.contact_worlds import (
    DAY,
    DECLARED,
    LAG_DAYS,
    ContactWorld,
    log_export,
)

PILOTS = (date(2026, 3, 3), date(2026, 5, 5), date(2026, 6, 23))
Row = dict[str, Any]


def random_world(seed: int) -> ContactWorld:
    """People whose records merge, who say yes and no, are written to on two channels, order, return and complain."""
    random = np.random.default_rng(seed)
    world = ContactWorld()
    first = datetime(2025, 11, 1, 8)

    def instant() -> datetime:
        return first + timedelta(hours=int(random.integers(0, 24 * 240)))

    heads = {}
    for number in range(60):
        heads[number] = number
        if number % 5 == 4:  # this record turns out to belong to the one before
            merged = date(2025, 12, 1) + timedelta(days=int(random.integers(0, 200)))
            own, head = f"c{number:05d}", number - 1
            world.add("identity.customer_map", number, number, own, date(2024, 1, 1), merged)
            world.add("identity.customer_map", number, head, f"c{head:05d}", merged, None)
            world.add("identity.int_identity__customers_now", number, head, f"c{head:05d}")
            heads[number] = head
        else:
            world.customer(number)
        for _ in range(int(random.integers(0, 4))):
            purpose = str(random.choice(["email", "push"]))
            world.consent(number, bool(random.random() < 0.8), instant(), purpose)
        for _ in range(int(random.integers(0, 5))):
            world.order(
                number,
                instant(),
                float(random.integers(1, 90)),
                str(random.choice(["completed", "returned"], p=[0.8, 0.2])),
            )
        for _ in range(int(random.integers(0, 4))):
            world.message(number, "some-weekly", instant(), str(random.choice(["email", "push"])))
        for day in PILOTS:
            if random.random() < 0.5:
                at = datetime.combine(day, time(10)) + timedelta(minutes=number)
                outcome = str(random.choice(["delivered", "unsubscribed"], p=[0.7, 0.3]))
                world.message(
                    number, f"{day}-pilot", at, str(random.choice(["email", "push"])), outcome
                )
    world.add("events.int_customer__refusals", 7, "c00007")
    return world


def units_by_hand(world: ContactWorld) -> dict[tuple[str, str], Row]:
    """Every unit of the declared campaigns, by campaign and customer."""
    people = {row[0]: row[1] for row in world.rows["identity.int_identity__customers_now"]}
    refusing = {row[0] for row in world.rows["events.int_customer__refusals"]}
    found = {}
    for day in PILOTS:
        campaign = f"{day}-pilot"
        held: dict[str, list[int]] = {}
        for record, _, customer, start, end in world.rows["identity.customer_map"]:
            if start <= day and (end is None or day < end):
                held.setdefault(customer, []).append(record)
        for customer, records in held.items():
            channel = reachable_on(world, records, day)
            persons = {people[record] for record in records}
            if channel is None or persons & refusing:
                continue
            theirs = {record for record, person in people.items() if person in persons}
            found[campaign, customer] = {
                "channel": channel,
                "is_treated": any(
                    row[1] in records and row[3] == campaign
                    for row in world.rows["events.fct_contacts"]
                ),
                **outcomes_by_hand(world, theirs, day),
            }
    return found


def reachable_on(world: ContactWorld, records: list[int], day: date) -> str | None:
    words: dict[str, tuple[Any, ...]] = {}
    for record, purpose, granted, occurred, known, visible in world.rows["events.fct_consents"]:
        if record in records and visible <= day:
            words[purpose] = max(words.get(purpose, ()), (occurred, known, not granted))
    last: dict[str, datetime] = {}
    for _, record, channel, _, _, occurred, _, visible, _ in world.rows["events.fct_contacts"]:
        if record in records and visible <= day and occurred < datetime.combine(day, time()):
            last[channel] = max(last.get(channel, occurred), occurred)
    usable = [
        (-(at - datetime(2020, 1, 1)).total_seconds(), channel)
        for channel, at in last.items()
        if at >= datetime.combine(day, time()) - timedelta(days=90)
        and channel in words
        and not words[channel][2]
    ]
    return min(usable)[1] if usable else None


def outcomes_by_hand(world: ContactWorld, theirs: set[int], day: date) -> Row:
    start = datetime.combine(day, time())
    orders = [
        (row[3], row[2])
        for row in world.rows["events.fct_orders"]
        if row[0] in theirs and row[1] == "completed" and row[3] >= start
    ]
    messages = [row for row in world.rows["events.fct_contacts"] if row[1] in theirs]
    return {
        "purchase": any(at < start + timedelta(days=14) for at, _ in orders),
        "churn": not any(at < start + timedelta(days=60) for at, _ in orders),
        "refusal": any(
            row[4] == "unsubscribed" and start <= row[5] < start + timedelta(days=14)
            for row in messages
        ),
        "amount": float(sum(amount for at, amount in orders if at < start + timedelta(days=14))),
        "is_read": start + timedelta(days=14)
        <= datetime.combine(DAY, time()) - timedelta(days=LAG_DAYS),
        "is_stay_read": start + timedelta(days=60)
        <= datetime.combine(DAY, time()) - timedelta(days=LAG_DAYS),
    }


def drawn(run: Run) -> pd.DataFrame:
    with contacts_of(run) as contacts:
        contacts.draw()
        return contacts.connection.execute("select * from contacts order by all").df()


@pytest.mark.parametrize("seed", range(6))
def test_units_and_outcomes_are_those_of_a_plain_program(seed: int, tmp_path: Path) -> None:
    world = random_world(seed)
    expected = units_by_hand(world)
    assert len(expected) > 30
    table = drawn(world.build(tmp_path / "home"))
    found = {
        (str(row["campaign"]), str(row["customer_id"])): {
            name: row[name] for name in next(iter(expected.values()))
        }
        for row in table.to_dict("records")
    }
    assert len(found) == len(table)
    assert found == expected


def test_nothing_known_on_the_day_or_later_decides_who_is_drawn(tmp_path: Path) -> None:
    world = random_world(1)
    before = drawn(world.build(tmp_path / "before"))
    last = datetime.combine(PILOTS[0], time(11))
    poisoned = random_world(1)
    for number in range(60):
        poisoned.consent(number, False, last)
        poisoned.message(number, "late-weekly", last, "push")
    after = drawn(poisoned.build(tmp_path / "after"))
    keys = ["customer_id", "channel", "is_treated"]
    one, two = (
        table[table["campaign_date"] == pd.Timestamp(PILOTS[0])][keys] for table in (before, after)
    )
    assert len(one) > 5
    pd.testing.assert_frame_equal(one, two)


def test_learning_rows_hold_only_what_was_known_before_the_day(tmp_path: Path) -> None:
    world = random_world(2)
    for number in range(60):
        for day in (date(2026, 2, 1), date(2026, 4, 1), PILOTS[1], PILOTS[1] + timedelta(days=1)):
            world.add("features.customer_features", f"c{number:05d}", day, float(number), 0.0)
    with contacts_of(world.build(tmp_path / "home")) as contacts:
        contacts.draw()
        rows = pd.concat([contacts.learning(channel) for channel in contacts.channels()])
    assert set(zip(rows["campaign_date"], rows["as_of_date"], strict=True)) == {
        (pd.Timestamp(PILOTS[0]), pd.Timestamp("2026-02-01")),
        (pd.Timestamp(PILOTS[1]), pd.Timestamp(PILOTS[1])),
    }
    assert (rows["habit"] == rows["customer_id"].str[1:].astype(float)).all()


def test_exports_enter_once_a_quarter_and_mixed_people_are_marked(tmp_path: Path) -> None:
    world = ContactWorld()
    for number in range(6):
        world.customer(number)
    world.add("identity.customer_map", 8, 8, "c00008", date(2024, 1, 1), date(2026, 5, 1))
    world.add("identity.customer_map", 8, 4, "c00004", date(2026, 5, 1), None)
    world.add("identity.int_identity__customers_now", 8, 4, "c00004")
    run = world.build(tmp_path / "home")
    groups = {f"c0000{n}": "holdout" if n % 2 else "treatment" for n in range(5)} | {
        "c00008": "holdout"
    }
    log_export(
        run.home, "ready", date(2026, 4, 6), {k: groups[k] for k in ("c00000", "c00001", "c00003")}
    )
    log_export(run.home, "ready", date(2026, 4, 20), groups, eligible=set(groups) - {"c00002"})
    log_export(run.home, "ready", date(2026, 7, 2), {"c00005": "treatment"})
    table = drawn(run)
    found = {
        row["customer_id"]: (row["campaign_date"].date(), row["is_treated"], row["is_mixed"])
        for row in table.to_dict("records")
    }
    assert found == {
        "c00000": (date(2026, 4, 6), True, False),
        "c00001": (date(2026, 4, 6), False, False),
        "c00003": (date(2026, 4, 6), False, True),  # published as mixed
        "c00004": (date(2026, 4, 20), True, True),  # one person with c00008, who was held out
    }
    assert set(table["treated_share"]) == {0.5}
    assert set(table["campaign"]) == {"ready 2026Q2"}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ([("%-pilot", "email", "email", 90, 1.5, 14, 60)], "treated_share lies between 0 and 1"),
        ([("%-pilot", "email", "email", 90, 0.5, 0, 60)], "whole numbers from 1"),
        (
            [
                ("%-pilot", "email", "email", 90, 0.5, 14, 60),
                ("%-x", "email", "email", 90, 0.5, 7, 60),
            ],
            "different numbers of days",
        ),
        ([*DECLARED, ("2026%", "email", "email", 90, 0.5, 14, 60)], "matches 2 patterns"),
    ],
)
def test_a_declaration_that_contradicts_itself_stops(
    declared: list[tuple[Any, ...]], said: str, tmp_path: Path
) -> None:
    run = random_world(3).build(tmp_path / "home", declared)
    with pytest.raises(KithError, match=said), contacts_of(run):
        pass


def test_lift_reads_the_same_units_without_names_of_people(tmp_path: Path) -> None:
    with contacts_of(random_world(5).build(tmp_path / "home")) as contacts:
        contacts.draw()
        table, whole = contacts.all(), contacts.connection.execute("select * from contacts").df()
    keys = ["origin", "pattern", "campaign", "campaign_date", "is_treated", "purchase", "amount"]
    assert len(table) > 30
    assert sorted(table[keys].itertuples(index=False)) == sorted(
        whole[keys].itertuples(index=False)
    )
    assert table["person"].nunique() == whole["person"].nunique()
    assert "customer_id" not in table


def test_without_declaration_and_exports_nobody_was_drawn(tmp_path: Path) -> None:
    run = random_world(4).build(tmp_path / "home", [])
    assert drawn(run).empty
    with contacts_of(run) as contacts:
        contacts.draw()
        assert contacts.channels() == []
