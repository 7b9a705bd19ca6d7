"""Clusters in which certain pairs must stay apart, by adding the strongest edges first.

Constrained agglomeration in the order of Kruskal's algorithm: an edge that would put two records
that must stay apart into one cluster is refused. Only components that hold such a pair come here.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ml.identity.steps import Days, Ints, Steps

Edge = tuple[int, int, int]  # start day, left, right
Pair = tuple[int, int]


def constrained_clusters(
    since: Days, until: Days, label: Ints, left: Ints, right: Ints, start: Days, apart: Ints
) -> Steps:
    """Heads over time where edges are only added and the pairs of `apart` must never share a head.

    Arguments as in `merge_tree.growing_clusters`, but edges come in the order of their strength;
    `apart` has one pair of nodes per row. Every change is found by a new pass over the component's
    edges, since a strong new edge may undo what weaker ones built. `by` is left open.
    """
    nodes = _grouped(label, np.column_stack([np.arange(len(label)), since, until]))
    place = _places(label)
    edges = _grouped(label[left], np.column_stack([start, place[left], place[right]]))
    pairs = _grouped(label[apart[:, 0]], place[apart])
    found = []
    for own_nodes, own_edges, own_pairs in zip(nodes, edges, pairs, strict=True):
        names, first, last = zip(*own_nodes, strict=True)
        for node, head, day, end in _history(first, last, own_edges, own_pairs):
            found.append((names[node], names[head], day, end, -1))
    columns = np.array(found, np.int64).reshape(-1, 5).T
    return Steps(*(column.astype(kind) for column, kind in zip(columns, "qqiiq", strict=True)))


def _bounds(ordered: Ints) -> Ints:
    """Where runs of equal values begin, and the end."""
    return np.flatnonzero(np.diff(ordered, prepend=-1, append=-1))


def _places(label: Ints) -> Ints:
    """The place of each node among those of its label."""
    order = np.argsort(label, kind="stable")
    bounds = _bounds(label[order])
    place = np.empty_like(order)
    place[order] = np.arange(len(order)) - np.repeat(bounds[:-1], np.diff(bounds))
    return place


def _grouped(label: Ints, rows: Ints) -> Iterator[list[Any]]:
    """The rows of each label as tuples, in the order of the labels."""
    order = np.argsort(label, kind="stable")
    rows = rows[order]
    for first, last in pairwise(_bounds(label[order]).tolist()):
        yield [tuple(row) for row in rows[first:last].tolist()]


def _history(
    since: Sequence[int], until: Sequence[int], edges: list[Edge], apart: list[Pair]
) -> Iterator[tuple[int, int, int, int]]:
    """(node, head, first day, day after the last) of one component."""
    head, changed = list(range(len(since))), list(since)
    for day in sorted({start for start, _, _ in edges}):
        now = _partition(len(since), [edge for edge in edges if edge[0] <= day], apart)
        for node, new in enumerate(now):
            if new == head[node]:
                continue
            if changed[node] < day:
                yield node, head[node], changed[node], day
            head[node], changed[node] = new, day
    yield from zip(range(len(since)), head, changed, until, strict=True)


def _partition(nodes: int, edges: list[Edge], apart: list[Pair]) -> list[int]:
    """The head of each node after adding the edges in their order, as far as `apart` allows."""
    root = list(range(nodes))
    foes: dict[int, set[int]] = {}
    for a, b in apart:
        foes.setdefault(a, set()).add(b)
        foes.setdefault(b, set()).add(a)

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = node = root[root[node]]
        return node

    for _, left, right in edges:
        older, younger = sorted((find(left), find(right)))
        if older == younger or younger in foes.get(older, ()):
            continue
        root[younger] = older
        for foe in foes.pop(younger, ()):
            foes[foe].remove(younger)
            foes[foe].add(older)
            foes.setdefault(older, set()).add(foe)
    return [find(node) for node in range(nodes)]
