"""Small brands at random, and who is who in them by a slow and simple way."""

from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any

import networkx as nx
import pandas as pd

from ml.identity.clusters import OPEN, Resolution, resolve

LAST_DAY = 24  # random worlds change on days 0 to 23
AT_THE_END = 10**6
EDGE = (
    "left",
    "right",
    "start_day",
    "end_day",
    "priority",
    "probability",
    "known_order",
    "reason",
)
APART = ("left", "right", "start_day", "end_day", "holds_from")

Row = tuple[Any, ...]


@dataclass(frozen=True)
class World:
    """Records by their day of entry, edges as rows of EDGE, pairs as rows of APART, a limit."""

    entered: list[int]
    edges: list[Row]
    apart: list[Row]
    max_records: int | None = None
    order: list[int] | None = None  # in which the records are told

    @cached_property
    def resolution(self) -> Resolution:
        """What the resolver makes of it."""
        order = range(len(self.entered)) if self.order is None else self.order
        rows = [(record, self.entered[record]) for record in order]
        return resolve(
            pd.DataFrame(rows, columns=["record_no", "entered_day"], dtype=int),
            self.edge_table,
            pd.DataFrame(self.apart, columns=APART),
            self.max_records,
        )

    @property
    def edge_table(self) -> pd.DataFrame:
        return pd.DataFrame(self.edges, columns=EDGE)

    @property
    def answers(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Customer map, merges, refused edges."""
        found = self.resolution
        return found.customer_map.to_pandas(), found.merges.to_pandas(), found.refused.to_pandas()

    def shuffled(self, draw: Random) -> "World":
        """The same world, told in another order."""
        edges, apart = (draw.sample(rows, len(rows)) for rows in (self.edges, self.apart))
        edges = [(e[1], e[0], *e[2:]) if draw.random() < 0.5 else e for e in edges]
        order = draw.sample(range(len(self.entered)), len(self.entered))
        return replace(self, edges=edges, apart=apart, order=order)


def random_world(seed: int) -> World:
    """A small brand: few people's keys shared by many, edges that end, pairs apart, a limit."""
    draw = Random(seed)
    count = draw.randint(1, 14)
    entered = [
        draw.randint(0, 6) if draw.random() < 0.7 else draw.randint(0, 20) for _ in range(count)
    ]
    if draw.random() < 0.7:
        entered.sort()
    edges = random_edges(draw, count, draw.randint(0, 2 * count))
    pairs = random_pairs(draw, count, draw.choice([0, 0, 1, 2, 5]))
    return World(entered, edges, pairs, draw.choice([None, None, 1, 2, 3, 5, 8]))


def crowded_world(seed: int) -> World:
    """Many clusters side by side that only the limit and the pairs keep apart."""
    draw = Random(seed)
    count = draw.randint(30, 45)
    edges = random_edges(draw, count, 2 * count)
    pairs = random_pairs(draw, count, draw.choice([0, 3, 10, 40]))
    return World(sorted([0] * count), edges, pairs, draw.choice([4, 6, 9, 20, None]))


def random_edges(draw: Random, count: int, number: int) -> list[Row]:
    """Edges in bunches of equal strength, each with its number as reason."""
    ending = draw.choice([0.0, 0.2, 0.7])
    priorities = draw.choice([[0, 1, 2], [1, 2], [0, 1, 1, 1, 2, 2, 2]])
    edges = []
    for order in range(number):
        start = draw.randint(0, LAST_DAY - 1)
        end = start + draw.randint(-1, 9) if draw.random() < ending else None
        probability = draw.choice([None, 1.0, 0.9, 0.9, 0.7])
        pair = draw.randrange(count), draw.randrange(count)
        priority = draw.choice(priorities)
        edges.append((*pair, start, end, priority, probability, order // 2, order))
    return edges


def random_pairs(draw: Random, count: int, number: int) -> list[Row]:
    """Pairs held apart, hard ones and soft ones, some for a while."""
    apart = []
    for _ in range(number):
        start = draw.randint(0, LAST_DAY - 1)
        end = draw.choice([None, start + draw.randint(-1, 12)])
        pair = draw.randrange(count), draw.randrange(count)
        apart.append((*pair, start, end, draw.choice([0, 1, 1, 2])))
    return apart


def active(rows: list[Row], world: World, day: int) -> list[Row]:
    """The rows that hold on the day."""
    return [
        row
        for row in rows
        if row[0] != row[1]
        and row[2] <= day
        and (row[3] is None or day < row[3])
        and max(world.entered[row[0]], world.entered[row[1]]) <= day
    ]


def strength(edge: Row) -> Row:
    """The strongest edge has the least."""
    left, right, _, _, priority, probability, known_order, reason = edge
    likely = 1.0 if probability is None else probability
    return priority, -likely, known_order, min(left, right), max(left, right), reason


def oracle(world: World, day: int) -> dict[int, int]:
    """The head of each record on the day."""
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(r for r, entered in enumerate(world.entered) if entered <= day)
    apart = active(world.apart, world, day)
    for edge in sorted(active(world.edges, world, day), key=strength):
        left, right, priority = edge[0], edge[1], edge[4]
        one, other = (nx.node_connected_component(graph, record) for record in (left, right))
        if right in one:
            continue
        if any(p[4] <= priority and crosses(p, one, other) for p in apart):
            continue
        if priority and world.max_records and len(one) + len(other) > world.max_records:
            continue
        graph.add_edge(left, right)
    return {r: min(cluster) for cluster in nx.connected_components(graph) for r in cluster}


def crosses(pair: Row, one: set[int], other: set[int]) -> bool:
    """Whether the pair has one record in each set."""
    a, b = pair[:2]
    return (a in one and b in other) or (b in one and a in other)


def oracle_reason(world: World, day: int, retired: int) -> int:
    """The reason of the strongest edge between what moved with the retired head and the rest."""
    before, now = oracle(world, day - 1), oracle(world, day)
    cluster = {r for r in now if now[r] == now[retired]}
    moved = {r for r in cluster if before.get(r) == retired}
    for left, right, *_, reason in sorted(active(world.edges, world, day), key=strength):
        if {left, right} <= cluster and (left in moved) != (right in moved):
            return int(reason)
    raise AssertionError(f"{retired} joined nobody on day {day}")


def oracle_refused(world: World) -> list[tuple[Row, str]]:
    """The edges without an end that do not unite their records, and why."""
    head = oracle(world, AT_THE_END)
    refused = []
    for edge in sorted(active(world.edges, world, AT_THE_END), key=strength):
        one, other = ({r for r in head if head[r] == head[record]} for record in edge[:2])
        pairs = [p[4] for p in active(world.apart, world, AT_THE_END) if crosses(p, one, other)]
        if one == other:
            continue
        if 0 in pairs:
            why = "different"
        elif any(holds_from <= edge[4] for holds_from in pairs):
            why = "household"
        else:
            assert edge[4] > 0
            assert world.max_records is not None
            assert len(one) + len(other) > world.max_records
            why = "size"
        refused.append((edge, why))
    return refused


def heads_on(customer_map: pd.DataFrame, day: int) -> dict[int, int]:
    """The head of each record on the day, by the resolver."""
    until = customer_map.valid_to_day.fillna(OPEN)
    rows = customer_map[(customer_map.valid_from_day <= day) & (day < until)]
    assert rows.record_no.is_unique
    return dict(zip(rows.record_no, rows.head_record_no, strict=True))
