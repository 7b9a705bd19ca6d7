"""Day after day the resolver does only what has changed, and finds what it would find at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.identity import assign
from ml.identity.assign import assign_customers
from ml.identity.carried import changed_records, components_of
from ml.identity.merge_tree import in_portions
from tests.identity.worlds import APART, EDGE, World, crowded_world, random_world

TABLES = ("record_customers", "merges", "refused_edges", "weak_links")
DAY = "date '2026-01-01' + cast({} as integer)"


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def write(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    """The evidence of a world, as the warehouse holds it."""
    connection.execute("create schema if not exists identity")
    entered = pd.DataFrame(enumerate(world.entered), columns=["record_no", "day"], dtype="int64")
    edges = pd.DataFrame(world.edges, columns=EDGE).astype({"end_day": "Int64"})
    apart = pd.DataFrame(world.apart, columns=APART).astype({"end_day": "Int64"})
    for name, frame in (("entered", entered), ("edges", edges), ("apart", apart)):
        connection.register(name, frame)
    days = f"{DAY.format('start_day')} as valid_from, {DAY.format('end_day')} as valid_to"
    pair = "cast(l as bigint) as left_record_no, cast(r as bigint) as right_record_no"
    ends = '(select * rename ("left" as l, "right" as r) from {})'
    queries = {
        "records": f"select record_no, {DAY.format('day')} as entered_on from entered",
        "edges": f"select {pair}, cast(reason as varchar) as reason, cast(priority as integer) as priority, "
        "cast(probability as double) as probability, timestamp '2026-01-01' + to_hours(cast(known_order as integer)) "
        f"as known_at, {days} from {ends.format('edges')}",
        "decisions": f"select {pair}, true as is_different, {days} from {ends.format('apart')} where holds_from = 0",
        "doubts": f"select {pair}, {days} from {ends.format('apart')} where holds_from > 0",
    }
    for name, query in queries.items():
        connection.execute(f"create or replace table identity.int_identity__{name} as {query}")


def resolved(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    return {name: connection.execute(f"from resolved.{name}").fetchall() for name in TABLES}


def days_of(world: World, draw: Random) -> Iterator[World]:
    """The world as it became known: edges and pairs come in any order, and some ends only later."""
    edges, apart = list(world.edges), list(world.apart)
    draw.shuffle(edges)
    draw.shuffle(apart)
    for share in (0.5, 0.7, 0.9):
        some = edges[: int(len(edges) * share)]
        open_ended = [
            (*edge[:3], None, *edge[4:]) if draw.random() < 0.2 else edge for edge in some
        ]
        yield replace(world, edges=open_ended, apart=apart[: int(len(apart) * share)])
    yield world


@pytest.mark.parametrize("seed", range(24))
def test_day_after_day_in_portions_is_as_at_once(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    world = (crowded_world if seed % 3 == 0 else random_world)(seed)
    for today in days_of(world, Random(seed)):
        write(warehouse, today)
        with monkeypatch.context() as small:
            small.setattr(assign, "MOST_NODES", 1 + seed % 4)
            count = assign_customers(warehouse, world.max_records, "these rules")
        with duckdb.connect() as afresh:
            write(afresh, today)
            assert assign_customers(afresh, world.max_records) == count
            assert resolved(warehouse) == resolved(afresh)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60), st.integers(1, 20))
def test_portions_are_whole_components_and_all_that_changed(
    records: list[tuple[int, bool]], most: int
) -> None:
    names = np.array([name for name, _ in records], np.int64)
    changed = np.isin(names, [name for name, changed in records if changed])
    label = np.unique(names, return_inverse=True)[1]
    portions = list(in_portions(changed, label, most))
    assert (sum(portions, np.zeros(len(label), int)) == changed).all()
    largest = max(np.bincount(label), default=0)
    for portion in portions:
        assert np.isin(label, label[portion])[changed].sum() == portion.sum() > 0
        assert portion.sum() < most + largest


def test_only_what_has_changed_is_resolved(warehouse: duckdb.DuckDBPyConnection) -> None:
    pairs = World([0] * 10, [(n, n + 1, 1, None, 1, 1.0, 0, 0) for n in range(0, 10, 2)], [])
    write(warehouse, pairs)
    assign_customers(warehouse, None, "these rules")

    def changed(world: World, definition: str) -> list[int]:
        write(warehouse, world)
        tables = [assign._arrow(warehouse, q) for q in (assign.RECORDS, assign.EDGES, assign.APART)]
        mask = changed_records(warehouse, components_of(*tables), definition)
        return [int(record) for record in mask.nonzero()[0]]

    assert changed(pairs, "these rules") == []
    assert changed(pairs, "other rules") == list(range(10))
    joined = replace(pairs, edges=[*pairs.edges, (1, 4, 2, None, 1, 1.0, 1, 0)])
    assert changed(joined, "these rules") == [0, 1, 4, 5]
    ended = replace(pairs, edges=[(*pairs.edges[0][:3], 5, *pairs.edges[0][4:]), *pairs.edges[1:]])
    assert changed(ended, "these rules") == [0, 1]
    assert changed(replace(pairs, apart=[(2, 3, 4, None, 0)]), "these rules") == [2, 3]
    assert changed(replace(pairs, apart=[(2, 5, 4, None, 0)]), "these rules") == []
    assert changed(replace(pairs, entered=[*pairs.entered, 3]), "these rules") == [10]


def test_what_is_kept_is_believed_and_an_interrupted_run_is_not(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    world = World([0] * 4, [(0, 1, 1, None, 1, 1.0, 0, 0), (2, 3, 1, None, 1, 1.0, 0, 0)], [])
    write(warehouse, world)
    assign_customers(warehouse, None, "these rules")
    right = resolved(warehouse)
    spoiled = (
        "update resolved.record_customers set valid_from = date '1999-01-01' where record_no = 0"
    )
    warehouse.execute(spoiled)
    assign_customers(warehouse, None, "these rules")
    assert resolved(warehouse) != right
    # A run that ended before all tables were written has taken the note away.
    warehouse.execute("delete from resolved.components_under")
    assign_customers(warehouse, None, "these rules")
    assert resolved(warehouse) == right
