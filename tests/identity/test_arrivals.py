"""Whatever order facts arrive in: day after day finds who is who as a warehouse that is built at once.

A small brand at random: people with several records, slips, moves, shared and over-shared values, decisions. Rows
come with the day on which they became known, or later: some of an old day in a new file, some twice.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ml.data import growth
from tests.conftest import Built, build_world, write_csv

pytestmark = pytest.mark.slow

FIRST = datetime(2024, 1, 1, 8)
DAYS = (date(2024, 1, 21), date(2024, 1, 22), date(2024, 1, 25))
TABLES = {
    "identity": (
        *("records", "stated_values", "identifiers", "traits", "profile_states", "holders"),
        *("value_people", "blocked_values", "sharing", "blocking_keys", "candidates"),
        *("decisions", "doubts", "edges"),
    ),
    "matched": ("pairs", "doubts", "parameters"),
    "resolved": ("record_customers", "merges", "refused_edges", "weak_links"),
}
Row = dict[str, Any]
World = dict[str, list[Row]]


def random_brand(draw: Random) -> World:
    """Rows of three sources, with the instant at which each became known."""
    world: World = {"profiles": [], "identifiers": [], "links": [], "orders": []}
    records = []
    for person in range(45):
        given, family = draw.choice(GIVEN), draw.choice(FAMILY)
        said = {
            "birth_date": f"19{draw.randrange(50, 99)}-0{draw.randrange(1, 9)}-1{draw.randrange(9)}",
            "email": f"{given}{draw.randrange(10_000)}@mail.example".lower(),
            "postcode": f"N{draw.randrange(9)}",
            "city": draw.choice(["Leeds", "York"]),
        }
        for _ in range(draw.choice([1, 1, 2, 3])):
            key = {"source": draw.choice(["web", "till", "app"]), "source_key": f"k{len(records)}"}
            records.append(key)
            for version in range(draw.choice([0, 1, 1, 1, 2])):
                stated = {name: text for name, text in said.items() if draw.random() < 0.7}
                if version:
                    stated["email"] = f"new{draw.randrange(10_000)}@mail.example"
                named = {"given_name": given[: draw.choice([1, 20, 20])], "family_name": family}
                world["profiles"].append({**key, **named, **stated, "known_at": instant(draw)})
            device = draw.choice(["shared", f"d{person}", f"d{person}"])
            for id_type, value in (("device", device), ("card", f"c{draw.randrange(60)}")):
                told = {"id_type": id_type, "id_value": value, "known_at": instant(draw)}
                world["identifiers"].append({**key, **told})
            bought = {"order_id": f"o{len(records)}", "amount": "9", "occurred_at": instant(draw)}
            world["orders"].append({**key, **bought})
    for _ in range(8):
        left, right = draw.sample(records, 2)
        link = {f"left_{name[7:] or 'source'}": text for name, text in left.items()}
        link |= {f"right_{name[7:] or 'source'}": text for name, text in right.items()}
        decided = {"decision": draw.choice(["same", "different"]), "known_at": instant(draw)}
        world["links"].append({**link, **decided})
    return world


GIVEN = ["Robert", "Bob", "Susan", "Meihua", "Catherine", "Catherin", "Ann", "Anna"]
FAMILY = ["Lee", "Blackworth", "Blackwroth", "Xu", "Smith"]


def instant(draw: Random) -> str:
    return str(FIRST + timedelta(hours=draw.randrange(24 * 23)))


def deliver(world: World, landing: Path, draw: Random, late: float) -> list[Path]:
    """One landing zone per day, each with the files of the day before and its own; gives their folders."""
    folders = []
    of_day: dict[int, World] = {}
    for entity, rows in world.items():
        for row in rows:
            known = datetime.fromisoformat(row.get("known_at") or row["occurred_at"]).date()
            due = next(n for n, day in enumerate(DAYS) if known < day)
            arrives = draw.randrange(due, len(DAYS)) if draw.random() < late else due
            for n in {arrives, draw.randrange(arrives, len(DAYS))} if late else {arrives}:
                of_day.setdefault(n, {}).setdefault(entity, []).append(row)
    for n in range(len(DAYS)):
        folder = landing / str(n)
        for earlier in range(n + 1):
            for entity, rows in of_day.get(earlier, {}).items():
                write_csv(folder, entity, rows, f"{earlier}.csv")
        folders.append(folder)
    return folders


def found(built: Built) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table, in one order."""
    names = [
        f"{schema}.{'int_identity__' if schema == 'identity' else ''}{table}"
        for schema, tables in TABLES.items()
        for table in tables
    ]
    return {name: built.rows(f"from {name} order by all") for name in names}


@pytest.mark.parametrize(("seed", "late"), [(1, 0.0), (2, 0.1)])
def test_day_after_day_is_as_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, late: float
) -> None:
    # Evidence rests on staging alone; events would only take time.
    monkeypatch.setattr(growth, "GROWING_STEPS", ("landing", "identity"))
    draw = Random(seed)
    world = random_brand(draw)
    folders = deliver(world, tmp_path / "landing", draw, late)
    parts = ("landing", "identity")
    refilled = []
    for day, folder in zip(DAYS, folders, strict=True):
        grown = build_world(folder, tmp_path / "grown", day, parts)
        refilled.append(grown.value("select count(*) from identity.int_identity__late_news") > 0)
        if day != DAYS[0]:
            assert any(line.startswith("append") for line in grown.said)
    at_once = build_world(folders[-1], tmp_path / "at_once", DAYS[-1], parts)
    assert any(refilled) == (late > 0)
    expected = found(at_once)
    assert {name: rows for name, rows in found(grown).items() if rows != expected[name]} == {}
    # There was something to find, by each kind of evidence.
    for name in ("matched.pairs", "resolved.merges", "identity.int_identity__decisions"):
        assert len(expected[name]) > 3, name
    assert (
        at_once.value(
            "select count(*) from identity.int_identity__holders where crossed_at is not null"
        )
        > 0
    )
    assert compared(grown) < compared(at_once)


def compared(built: Built) -> int:
    """Pairs of contents that the last build compared."""
    (line,) = (line for line in built.said if "compared that had not met" in line)
    return int(line.split()[0].replace(",", ""))
