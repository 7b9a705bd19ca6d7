"""The weakest links of clusters against networkx."""

from collections import Counter
from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ml.identity.clusters import resolve
from ml.identity.weak_links import weak_links
from tests.identity.worlds import (
    AT_THE_END,
    Row,
    World,
    active,
    crowded_world,
    oracle,
    oracle_refused,
    random_world,
    strength,
)


def oracle_links(world: World, largest: int, per_cluster: int) -> list[tuple[Row, int, bool, int]]:
    """Edge, rank, whether a bridge, records on the side of the older record."""
    head = oracle(world, AT_THE_END)
    size = Counter(head.values())
    by_size = sorted(size, key=lambda name: (-size[name], name))
    cut = {head[record] for edge, _ in oracle_refused(world) for record in edge[:2]}
    found = []
    for name in by_size:
        if name not in cut | set(by_size[:largest]):
            continue
        graph: nx.MultiGraph[int] = nx.MultiGraph()
        edges = sorted(active(world.edges, world, AT_THE_END), key=strength, reverse=True)
        for place, edge in enumerate(edges):
            if head[edge[0]] == head[edge[1]] == name:
                graph.add_edge(edge[0], edge[1], key=place, weight=place)
        tree = nx.maximum_spanning_tree(graph)
        weakest = sorted(tree.edges(keys=True), key=lambda link: link[2])[:per_cluster]
        for rank, link in enumerate(weakest, start=1):
            rest = tree.copy()
            rest.remove_edge(*link)
            older = nx.node_connected_component(rest, min(link[:2]))
            across = [e for e in graph.edges(keys=True) if (e[0] in older) != (e[1] in older)]
            found.append((edges[link[2]], rank, len(across) == 1, len(older)))
    return found


@pytest.mark.parametrize("largest", [0, 1, 5])
def test_weak_links_equal_networkx(largest: int) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(120):
        world = random_world(seed) if seed % 4 else crowded_world(seed)
        found = weak_links(world.resolution, world.edge_table, largest, per_cluster=4)
        head = oracle(world, AT_THE_END)
        size = Counter(head.values())
        expected = oracle_links(world, largest, per_cluster=4)
        assert found.num_rows == len(expected), seed
        for row, (edge, rank, is_bridge, records) in zip(found.to_pylist(), expected, strict=True):
            name = head[edge[0]]
            assert row["edge"] in [i for i, own in enumerate(world.edges) if own == edge], seed
            assert (row["left"], row["right"]) == (min(edge[:2]), max(edge[:2]))
            assert (row["head_record_no"], row["link_rank"], row["reason"]) == (name, rank, edge[7])
            assert row["probability"] == (1.0 if edge[5] is None else edge[5])
            assert row["is_bridge"] == is_bridge, seed
            assert (row["left_records"], row["right_records"]) == (records, size[name] - records)
            seen[is_bridge] += 1
    assert min(seen[True], seen[False]) > 20


def test_the_split_of_a_chain_of_two_families() -> None:
    pairs = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (2, 3)]
    edges = pd.DataFrame(pairs, columns=["left", "right"]).assign(
        start_day=0,
        end_day=None,
        priority=2,
        probability=[0.99] * 6 + [0.9],
        known_order=0,
        reason=range(7),
    )
    records = {"record_no": np.arange(6), "entered_day": np.zeros(6, int)}
    answer = weak_links(resolve(records, edges), edges, largest=1, per_cluster=1)
    assert answer.drop_columns("edge").to_pylist() == [
        {
            "head_record_no": 0,
            "link_rank": 1,
            "left": 2,
            "right": 3,
            "reason": 6,
            "probability": 0.9,
            "is_bridge": True,
            "left_records": 3,
            "right_records": 3,
        }
    ]


def test_nobody_has_weak_links() -> None:
    nobody = World([], [], [])
    assert weak_links(nobody.resolution, nobody.edge_table).num_rows == 0
    alone = World([0, 0], [], [])
    assert weak_links(alone.resolution, alone.edge_table).num_rows == 0


def test_a_long_chain_is_cut_in_the_middle() -> None:
    count = 20_000
    ends = np.array(list(pairwise(range(count))))
    edges = pa.table(
        {
            "left": ends[:, 0],
            "right": ends[:, 1],
            "start_day": np.zeros(count - 1, int),
            "end_day": pa.nulls(count - 1, pa.int32()),
            "priority": np.ones(count - 1, int),
            "probability": np.where(ends[:, 0] == count // 2, 0.9, 1.0),
            "known_order": np.arange(count - 1),
            "reason": np.zeros(count - 1, int),
        }
    )
    records = {"record_no": np.arange(count), "entered_day": np.zeros(count, int)}
    (row,) = weak_links(resolve(records, edges), edges, per_cluster=1).to_pylist()
    assert (row["left"], row["left_records"], row["is_bridge"]) == (count // 2, 10_001, True)
