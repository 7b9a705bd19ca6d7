"""Ids and time: what is known later changes no earlier day, and files, their order and their form change nothing.

A small demo brand is built for a day, and a year later with a year of its own facts and of hostile ones: names,
mailboxes and devices of others, decisions, values that everybody comes to hold, a cluster that outgrows every limit.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.data.demo import write_demo
from tests.conftest import Built, build_world, write_csv, write_parquet

BEFORE = date(2024, 1, 1)
DAY = date(2025, 1, 1)
LATER = date(2026, 1, 1)
ENTITIES = ("profiles", "identifiers", "links", "orders")
PARTS = ("landing", "identity")
NAME = ("name", "given_name", "family_name", "birth_date")
SETTINGS = 'default_country = "GB"\n'
Rows = dict[str, list[dict[str, Any]]]

# The map, and the merges, as a run at a day knows them.
MAP = """
    select records.source, records.source_key, heads.customer_id, valid_from,
        case when valid_to <= $1 then valid_to end as valid_to
    from resolved.record_customers
    inner join identity.int_identity__records as records using (record_no)
    inner join identity.int_identity__records as heads on head_record_no = heads.record_no
    where valid_from <= $1
    order by all
"""
MERGES = """
    select retired.customer_id, surviving.customer_id, merged_on, reason
    from resolved.merges
    inner join identity.int_identity__records as retired on retired_record_no = retired.record_no
    inner join identity.int_identity__records as surviving on surviving_record_no = surviving.record_no
    where merged_on <= $1
    order by all
"""


def read_brand(folder: Path) -> Rows:
    """All rows of a landing zone that say who is who, as texts."""
    rows: Rows = {}
    for entity in ENTITIES:
        rows[entity] = []
        for path in sorted((folder / entity).iterdir()):
            reader = "read_csv" if path.suffix == ".csv" else "read_parquet"
            options = ", all_varchar = true" if path.suffix == ".csv" else ""
            found = duckdb.sql(f"select columns(*)::varchar from {reader}('{path}'{options})")
            rows[entity] += found.to_arrow_table().to_pylist()
    return rows


def is_known_before(row: dict[str, Any], day: date) -> bool:
    """Could a run at the day see the row? One without an instant is refused on every day."""
    told = [row.get(name) for name in ("occurred_at", "known_at")]
    instants = [datetime.fromisoformat(text) for text in told if text]
    midnight = datetime.combine(day, datetime.min.time())
    return bool(instants) and all(
        one.astimezone(UTC).replace(tzinfo=None) < midnight if one.tzinfo else one < midnight
        for one in instants
    )


def hostile_facts(rows: Rows, day: date) -> Rows:
    """Facts that join and part many people, known from the midnight of the day on, for most of a year."""
    draw = random.Random(str(day))
    seen = [row for row in rows["profiles"] if is_known_before(row, day)]
    people = sorted({(row["source"], row["source_key"]) for row in seen})

    def moment() -> str:
        hours = draw.choice([0, 0, draw.randrange(24 * 360)])
        return str(datetime.combine(day, datetime.min.time()) + timedelta(hours=hours))

    def held(person: tuple[str, str], kind: str, value: str) -> dict[str, Any]:
        return {"source": person[0], "source_key": person[1], "id_type": kind, "id_value": value,
                "known_at": moment()}  # fmt: skip

    facts: Rows = {"profiles": [], "identifiers": [], "links": []}
    for number in range(250):
        left, right = draw.sample(people, 2)
        facts["identifiers"] += [held(one, "device", f"{day}-{number}") for one in (left, right)]
    for row in draw.sample(seen, 200):
        other = draw.choice(seen)
        facts["profiles"] += [
            row | {"known_at": moment(), "email": other["email"], "phone": other["phone"]},
            row | {"known_at": moment(), **{name: other[name] for name in NAME}},
            other | {"known_at": moment(), "source": f"s{day}", "source_key": f"{len(facts['profiles'])}"},
        ]  # fmt: skip
    for row in draw.sample([row for row in seen if row["email"]], 12):
        facts["identifiers"] += [
            held(one, "email", row["email"]) for one in draw.sample(people, 12)
        ]
    for _ in range(120):
        left, right = draw.sample(people, 2)
        facts["links"].append(
            {"left_source": left[0], "left_key": left[1], "right_source": right[0], "right_key": right[1],
             "decision": draw.choice(["same", "different"]), "known_at": moment()}
        )  # fmt: skip
    return facts


def in_few_files(landing: Path, *parts: Rows) -> Path:
    for number, rows in enumerate(parts):
        for entity, some in rows.items():
            if some:
                write_parquet(landing, entity, some, f"{number}.parquet")
    return landing


def in_other_files(landing: Path, *parts: Rows) -> Path:
    """The same rows shuffled, over other files of both forms, some of them twice."""
    draw = random.Random(3)
    for entity in ENTITIES:
        rows = [row for part in parts for row in part.get(entity, [])]
        rows += draw.sample(rows, len(rows) // 20)
        draw.shuffle(rows)
        third = len(rows) // 3
        write_csv(landing, entity, rows[:third], "z.csv")
        write_parquet(landing, entity, rows[third : 2 * third], "m.parquet")
        write_csv(landing, entity, rows[2 * third :], "a.csv")
    return landing


def ids(built: Built, day: date) -> list[tuple[Any, ...]]:
    return built.rows(MAP, [day])


@dataclass(frozen=True)
class Builds:
    """One brand, built several times; and what each build said of the first day."""

    first: list[tuple[Any, ...]]
    first_merges: list[tuple[Any, ...]]
    first_pairs: dict[int, int]
    later: list[tuple[Any, ...]]
    later_merges: list[tuple[Any, ...]]
    seen_later: list[tuple[Any, ...]]
    merges_seen_later: list[tuple[Any, ...]]
    other_files: list[tuple[Any, ...]]
    again: list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def few_states() -> Iterator[None]:
    """The matcher learns early, so that small brands pass from epoch to epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ml.matching.epochs.FIRST_STATES", 100)
        yield


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory, few_states: None) -> Builds:
    root = tmp_path_factory.mktemp("ids")
    write_demo(root / "demo", root / "truth", customers=500, months=24, seed=5)
    rows = read_brand(root / "demo")
    past = {name: [row for row in some if is_known_before(row, DAY)] for name, some in rows.items()}
    future = {name: [row for row in some if row not in past[name]] for name, some in rows.items()}
    past_facts, facts = hostile_facts(rows, BEFORE), hostile_facts(rows, DAY)
    home = root / "home"
    first = build_world(in_few_files(root / "past", past, past_facts), home, DAY, PARTS, SETTINGS)
    of_first = ids(first, DAY), first.rows(MERGES, [DAY])
    pairs = dict(first.rows("select epoch, count(*) from matched.pairs group by epoch"))
    everything = in_few_files(root / "all", past, past_facts, future, facts)
    later = build_world(everything, home, LATER, PARTS, SETTINGS)
    of_later = [ids(later, day) for day in (DAY, LATER)]
    merges = [later.rows(MERGES, [day]) for day in (DAY, LATER)]
    shuffled = in_other_files(root / "shuffled", past, past_facts, future, facts)
    other_files = ids(build_world(shuffled, root / "other", LATER, PARTS, SETTINGS), LATER)
    # Learned anew, on the first day, with everything in the landing zone.
    shutil.rmtree(home)
    again = ids(build_world(everything, home, DAY, PARTS, SETTINGS), DAY)
    return Builds(
        *of_first, pairs, of_later[1], merges[1], of_later[0], merges[0], other_files, again
    )


def test_the_brand_asks_something(builds: Builds) -> None:
    """The matcher has learned twice and found pairs each time; the year changes much."""
    assert len(builds.first_pairs) >= 3
    assert min(builds.first_pairs.values()) > 10
    now = {row[:2]: row[2] for row in builds.later if row[4] is None}
    then = {row[:2]: row[2] for row in builds.first if row[4] is None}
    assert len(now) > len(then) + 100
    assert sum(now[record] != customer for record, customer in then.items()) > 50


def test_a_year_later_the_first_day_reads_as_it_did(builds: Builds) -> None:
    """The whole history up to the day, record by record, with the hostile facts known later."""
    assert builds.seen_later == builds.first
    assert builds.merges_seen_later == builds.first_merges


def test_the_first_day_is_the_same_with_the_future_in_the_landing_zone(builds: Builds) -> None:
    assert builds.again == builds.first


def test_files_and_their_order_and_form_change_nothing(builds: Builds) -> None:
    assert builds.other_files == builds.later


def test_a_surviving_id_changes_by_a_merge_or_a_split_that_is_told(builds: Builds) -> None:
    """Where a record left the customer it was, that customer's id retired, or goes on without it."""
    then = {row[:2]: row[2] for row in builds.first if row[4] is None}
    now = {row[:2]: row[2] for row in builds.later if row[4] is None}
    retired: dict[str, str] = {row[0]: row[1] for row in builds.later_merges}
    living = set(now.values())
    moved = {record: id_ for record, id_ in then.items() if now[record] != id_}
    unexplained = {
        record: id_ for record, id_ in moved.items() if id_ not in retired and id_ not in living
    }
    assert unexplained == {}
