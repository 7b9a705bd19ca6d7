"""Clusters over time against networkx on every date of random graphs."""

from collections import Counter
from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.identity.clusters import OPEN, resolve
from tests.identity.worlds import (
    APART,
    EDGE,
    LAST_DAY,
    World,
    active,
    crowded_world,
    heads_on,
    oracle,
    oracle_reason,
    oracle_refused,
    random_world,
    strength,
)


def check_intervals(customer_map: pd.DataFrame, entered: list[int]) -> None:
    """Half-open, contiguous from the day of entry, coalesced, the last one open."""
    assert customer_map.equals(customer_map.sort_values(["record_no", "valid_from_day"]))
    assert sorted(set(customer_map.record_no)) == list(range(len(entered)))
    for record, entry in enumerate(entered):
        rows = customer_map[customer_map.record_no == record]
        assert rows.valid_from_day.iloc[0] == entry
        assert (rows.valid_to_day.iloc[:-1].to_numpy() == rows.valid_from_day.iloc[1:]).all()
        assert pd.isna(rows.valid_to_day.iloc[-1])
        assert rows.valid_from_day.is_monotonic_increasing
        assert rows.valid_from_day.is_unique
        assert (rows.head_record_no.diff().iloc[1:] != 0).all()


@pytest.mark.parametrize("batch", range(10))
def test_every_date_equals_networkx(batch: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(100 * batch, 100 * batch + 100):
        check_every_date(random_world(seed), f"world {seed}", seen)
    for seed in range(8 * batch, 8 * batch + 8):
        check_every_date(crowded_world(seed), f"crowded world {seed}", seen)
    wanted = {"merge", "split", "revived", "overruled", "beyond the limit"}
    assert wanted | {"different", "household", "size"} == set(seen)


def check_every_date(world: World, name: str, seen: Counter[str]) -> None:
    """Clusters, merges and refusals are those of networkx; `seen` counts what happened."""
    customer_map, merges, refused = world.answers
    check_intervals(customer_map, world.entered)
    expected, before = [], oracle(world, -1)
    for day in range(LAST_DAY + 12):
        now = oracle(world, day)
        assert heads_on(customer_map, day) == now, f"{name}, day {day}"
        for record in now:
            if before.get(record) == record != now[record]:
                expected.append((record, now[record], day, oracle_reason(world, day, record)))
            seen["split"] += before.get(record, record) != record == now[record]
        pairs = active(world.apart, world, day)
        seen["overruled"] += any(pair[4] and now[pair[0]] == now[pair[1]] for pair in pairs)
        largest = max(Counter(now.values()).values(), default=0)
        seen["beyond the limit"] += world.max_records is not None and largest > world.max_records
        before = now
    expected.sort(key=lambda row: (row[2], row[0]))
    assert list(merges.itertuples(index=False, name=None)) == expected, name
    seen["merge"] += len(expected)
    seen["revived"] += len({row[0] for row in expected}) < len(expected)

    rows = list(refused.itertuples(index=False, name=None))
    found = [(world.edges[edge], why) for edge, *_, why in rows]
    assert found == oracle_refused(world), name
    for (edge, why), row in zip(found, rows, strict=True):
        assert row[1:4] == (min(edge[:2]), max(edge[:2]), edge[7])
        assert row[4] == (1.0 if edge[5] is None else edge[5])
        seen[why] += 1


days = st.integers(-3, 12)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    entered = draw(st.lists(days, min_size=2, max_size=9).map(sorted))
    records = st.integers(0, len(entered) - 1)
    until = st.none() | st.integers(-2, 20)
    likely = st.sampled_from([None, 1.0, 0.9, 0.8])
    small = st.integers(0, 2)
    edge = st.tuples(records, records, days, until, small, likely, small, small)
    apart = st.tuples(records, records, days, until, small)
    limit = draw(st.none() | st.integers(1, 6))
    edges, pairs = draw(st.lists(edge, max_size=14)), draw(st.lists(apart, max_size=3))
    return World(entered, edges, pairs, limit)


@settings(max_examples=150)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_rows_and_orientation_do_not_matter(world: World, shuffle: Random) -> None:
    told = world.shuffled(shuffle)
    for one, other in zip(world.answers, told.answers, strict=True):
        columns = [name for name in one if name != "edge"]
        pd.testing.assert_frame_equal(one[columns], other[columns])
    # Rows that are alike in all that counts may change places, and their ends may not be alike.
    rows = zip(world.answers[2].edge, told.answers[2].edge, strict=True)
    assert all(strength(world.edges[one]) == strength(told.edges[other]) for one, other in rows)


@settings(max_examples=150)
@given(worlds(), worlds(), st.integers(-3, 12))
def test_what_starts_later_leaves_the_past_alone(world: World, later: World, today: int) -> None:
    entered = [day for day in world.entered if day <= today]
    edges, apart = (
        [row for row in rows if max(row[:2]) < len(entered) and row[2] <= today]
        for rows in (world.edges, world.apart)
    )
    known = World(entered, edges, apart, world.max_records)
    grown = World(
        known.entered + [today + 1 + max(day, 0) for day in later.entered],
        known.edges + [(*e[:2], today + 1 + max(e[2], 0), None, *e[4:]) for e in later.edges],
        known.apart + [(*d[:2], today + 1 + max(d[2], 0), None, d[4]) for d in later.apart],
        known.max_records,
    )
    (old_map, old_merges, _), (new_map, new_merges, _) = known.answers, grown.answers
    for day in range(-4, today + 1):
        assert heads_on(old_map, day) == heads_on(new_map, day)
    early = new_merges[new_merges.merged_day <= today].reset_index(drop=True)
    past = old_merges[old_merges.merged_day <= today].reset_index(drop=True)
    pd.testing.assert_frame_equal(past, early)
    # A surviving id keeps its name: a head of today is lost only by giving way to an older one.
    after = heads_on(new_map, today + 1)
    gone = {head for head in heads_on(new_map, today).values() if after[head] != head}
    assert gone == set(new_merges[new_merges.merged_day == today + 1].retired_head)
    assert all(after[head] < head for head in gone)


def table(columns: tuple[str, ...], *rows: tuple[Any, ...]) -> pa.Table:
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)})


def test_an_id_lives_again_after_a_split_and_retires_again() -> None:
    records = table(("record_no", "entered_day"), (0, 0), (1, 0), (2, 3))
    edges = table(
        EDGE,
        (0, 1, 5, 8, 1, 1.0, 1, 70),
        (1, 2, 3, None, 1, 1.0, 0, 71),
        (2, 0, 10, None, 2, 0.9, 2, 72),
    )
    answer = resolve(records, edges)
    rows = answer.customer_map.to_pandas().fillna(-1).astype(int).itertuples(index=False, name=None)
    assert list(rows) == [
        (0, 0, 0, -1),
        (1, 1, 0, 5),
        (1, 0, 5, 8),
        (1, 1, 8, 10),
        (1, 0, 10, -1),
        (2, 1, 3, 5),
        (2, 0, 5, 8),
        (2, 1, 8, 10),
        (2, 0, 10, -1),
    ]
    # Record 2 never was an id: it entered into the cluster of 1.
    assert answer.merges.to_pylist() == [
        {"retired_head": 1, "surviving_head": 0, "merged_day": 5, "reason": 70},
        {"retired_head": 1, "surviving_head": 0, "merged_day": 10, "reason": 72},
    ]


def test_different_holds_apart_what_third_records_connect() -> None:
    records = table(("record_no", "entered_day"), *((r, 0) for r in range(4)))
    edges = table(
        EDGE,
        (0, 1, 1, None, 1, 1.0, 0, 1),
        (1, 2, 1, None, 2, 0.8, 1, 2),
        (2, 3, 1, None, 2, 0.9, 2, 3),
    )
    decisions = table(APART[:4], (3, 0, 4, 6))
    answer = resolve(records, edges, decisions).customer_map.to_pandas()
    assert heads_on(answer, 3) == {0: 0, 1: 0, 2: 0, 3: 0}
    assert heads_on(answer, 4) == heads_on(answer, 5) == {0: 0, 1: 0, 2: 2, 3: 2}
    assert heads_on(answer, 6) == {0: 0, 1: 0, 2: 0, 3: 0}


def test_evidence_holds_a_household_apart_until_a_person_decides() -> None:
    records = table(("record_no", "entered_day"), *((r, 0) for r in range(3)))
    edges = table(
        EDGE,
        (0, 1, 1, None, 1, 1.0, 0, 1),
        (1, 2, 1, None, 1, 0.9, 0, 2),
        (0, 2, 5, None, 0, 1.0, 1, 3),
    )
    apart = table(APART, (0, 2, 2, None, 1))
    answer = resolve(records, edges, apart)
    heads = answer.customer_map.to_pandas()
    assert heads_on(heads, 1) == {0: 0, 1: 0, 2: 0}
    assert heads_on(heads, 4) == {0: 0, 1: 0, 2: 2}
    assert heads_on(heads, 5) == {0: 0, 1: 0, 2: 0}
    assert answer.refused.num_rows == 0
    (refused,) = resolve(records, edges.slice(0, 2), apart).refused.to_pylist()
    assert (refused["edge"], refused["reason"], refused["why"]) == (1, 2, "household")


def test_too_large_a_cluster_is_cut_at_its_weakest_edge() -> None:
    records = table(("record_no", "entered_day"), *((r, 0) for r in range(6)))
    likely = (0.99, 0.98, 0.9, 0.97, 0.96)
    chain = [(r, r + 1, r, None, 2, p, r, r) for r, p in enumerate(likely)]
    answer = resolve(records, table(EDGE, *chain), max_records=3)
    heads = heads_on(answer.customer_map.to_pandas(), 9)
    assert heads == {0: 0, 1: 0, 2: 0, 3: 3, 4: 3, 5: 3}
    (refused,) = answer.refused.to_pylist()
    assert (refused["left"], refused["right"], refused["why"]) == (2, 3, "size")
    decided = table(EDGE, *chain, (0, 5, 9, None, 0, 1.0, 9, 9))
    # The word of people comes first; then there is room for one record more.
    heads = heads_on(resolve(records, decided, None, 3).customer_map.to_pandas(), 9)
    assert heads == {0: 0, 1: 0, 5: 0, 2: 2, 3: 2, 4: 2}


def test_a_limit_below_one_record_is_refused() -> None:
    with pytest.raises(ValueError, match="max_records must be at least 1, not 0"):
        resolve({"record_no": [0], "entered_day": [0]}, table(EDGE), None, 0)


def test_kinds_of_tables_and_of_open_ends_give_one_answer() -> None:
    world = random_world(7)
    edges = world.edge_table
    arrow = pa.Table.from_pandas(edges, preserve_index=False)
    as_dates = [
        arrow[name].cast(pa.int32()).cast(pa.date32()) if name.endswith("_day") else arrow[name]
        for name in arrow.column_names
    ]
    sentinel = edges.assign(end_day=[OPEN if pd.isna(day) else int(day) for day in edges.end_day])
    columns = {name: edges[name].to_numpy() for name in edges}
    records = {"record_no": np.arange(len(world.entered)), "entered_day": world.entered}
    apart = pd.DataFrame(world.apart, columns=APART)
    kinds = [edges, arrow, pa.table(as_dates, arrow.column_names), sentinel, columns]
    answers = [resolve(records, kind, apart) for kind in kinds]
    assert answers[0].merges.num_rows
    assert edges.end_day.isna().any()
    assert all(a.customer_map.equals(answers[0].customer_map) for a in answers)
    assert all(a.merges.equals(answers[0].merges) for a in answers)


def test_nothing_gives_empty_tables() -> None:
    assert [len(part) for part in World([], [], []).answers] == [0, 0, 0]
    alone, merges, refused = World([3, 5], [], [], 1).answers
    assert heads_on(alone, 4) == {0: 0}
    assert heads_on(alone, 5) == {0: 0, 1: 1}
    assert merges.empty
    assert refused.empty


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("record_no", [0, 2], "record_no must hold each of 0 to 1 once"),
        ("entered_day", [0, None], "column entered_day holds 1 nulls"),
        ("right", [2], "left and right must be record numbers below 2"),
        ("start_day", [None], "column start_day holds 1 nulls"),
        ("known_order", None, "column known_order is missing"),
    ],
)
def test_what_does_not_fit_is_refused(column: str, values: list[Any] | None, message: str) -> None:
    records: dict[str, Any] = {"record_no": [0, 1], "entered_day": [0, 0]}
    edges: dict[str, Any] = dict(
        zip(EDGE, ([0], [1], [0], [None], [1], [1.0], [0], [0]), strict=True)
    )
    for part in (records, edges):
        if column in part:
            del part[column]
            if values is not None:
                part[column] = values
    with pytest.raises(ValueError, match=message):
        resolve(records, edges)


def test_a_big_cluster_with_ended_edges_equals_networkx() -> None:
    draw = np.random.default_rng(5)
    count, edge_count = 3000, 4500
    start = draw.integers(0, 300, edge_count)
    edges = pd.DataFrame(
        {
            "left": draw.integers(0, count, edge_count),
            "right": draw.integers(0, count, edge_count),
            "start_day": start,
            "end_day": np.where(draw.random(edge_count) < 0.3, start + 40, OPEN),
            "priority": 1,
            "probability": 1.0,
            "known_order": np.arange(edge_count),
            "reason": 0,
        }
    )
    records = {"record_no": np.arange(count), "entered_day": np.zeros(count, int)}
    answer = resolve(records, edges).customer_map.to_pandas()
    for day in range(0, 340, 20):
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(range(count))
        now = edges[(edges.start_day <= day) & (day < edges.end_day)]
        graph.add_edges_from(zip(now.left, now.right, strict=True))
        clusters = list(nx.connected_components(graph))
        assert heads_on(answer, day) == {r: min(c) for c in clusters for r in c}
    assert max(map(len, clusters)) > 1000
