"""Clusters where not every edge may unite: some pairs must stay apart, none may grow too large.

Only components that hold such a pair, or have more records than a cluster may have, come here; each
is followed alone, through all its days.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from ml.identity.component import Component
from ml.identity.links import Links
from ml.identity.steps import OPEN, Days, Ints, Steps

Event = tuple[int, int, int]  # day, kind (index into the arguments of Component.change), what


@dataclass(frozen=True)
class Rules:
    """What edges may not do.

    An edge must not unite a pair of `apart` that refuses its priority or a stronger one, nor, but
    for the strongest priority, give a cluster of more than `limit` records. `priority` is that of
    each edge by name, `refuses_from` the least that a pair refuses, by name.
    """

    priority: Ints
    apart: Links
    refuses_from: Ints
    limit: int


def constrained_clusters(since: Days, label: Ints, edges: Links, rules: Rules) -> Steps:
    """Heads of nodes from the day `since` of each on, under edges that begin and end.

    `label` is the component of each node under all edges, which come in the order of their
    strength; the pairs of `rules` are pairs of nodes of one component. `by` is left open.
    """
    apart = rules.apart
    links = _grouped(label[edges.left], _rows(label, edges, rules.priority))
    pairs = _grouped(label[apart.left], _rows(label, apart, rules.refuses_from))
    nodes = _grouped(label, np.column_stack([np.arange(len(label)), since]))
    found = []
    with_pairs = dict(pairs)
    for (_, own_nodes), (own, own_links) in zip(nodes, links, strict=True):
        names, first = zip(*own_nodes, strict=True)
        own_pairs = with_pairs.get(own, [])
        component = Component(len(names), _ends(own_links), _ends(own_pairs), rules.limit)
        events = sorted([*_events(own_links, 0), *_events(own_pairs, 2)])
        for node, head, day, end in _history(component, list(first), events):
            found.append((names[node], names[head], day, end, -1))
    columns = np.array(found, np.int64).reshape(-1, 5).T
    return Steps(*(column.astype(kind) for column, kind in zip(columns, "qqiiq", strict=True)))


def _rows(label: Ints, links: Links, priority: Ints) -> Ints:
    """Place of the ends in their component, priority, first day, day after the last."""
    place = _places(label)
    ends = place[links.left], place[links.right]
    return np.column_stack([*ends, priority[links.edge], links.start, links.end])


def _places(label: Ints) -> Ints:
    """The place of each node among those of its label."""
    order = np.argsort(label, kind="stable")
    bounds = _bounds(label[order])
    place = np.empty_like(order)
    place[order] = np.arange(len(order)) - np.repeat(bounds[:-1], np.diff(bounds))
    return place


def _bounds(ordered: Ints) -> Ints:
    """Where runs of equal values begin, and the end."""
    return np.flatnonzero(np.diff(ordered, prepend=-1, append=-1))


def _grouped(label: Ints, rows: Ints) -> Iterator[tuple[int, list[Any]]]:
    """Each label and its rows, in the order of the labels."""
    order = np.argsort(label, kind="stable")
    label, rows = label[order], rows[order]
    for first, last in pairwise(_bounds(label).tolist()):
        yield int(label[first]), rows[first:last].tolist()


def _ends(links: list[Any]) -> list[Any]:
    return [(left, right, priority) for left, right, priority, _, _ in links]


def _events(links: list[Any], kind: int) -> Iterator[Event]:
    for number, (_, _, _, start, end) in enumerate(links):
        yield start, kind, number
        if end < OPEN:
            yield end, kind + 1, number


def _history(
    component: Component, changed: list[int], events: list[Event]
) -> Iterator[tuple[int, int, int, int]]:
    """(node, head, first day, day after the last); `changed` is the day of entry of each node."""
    head = list(component.head)
    for day, of_day in groupby(events, key=lambda event: event[0]):
        changes: tuple[set[int], ...] = (set(), set(), set(), set())
        for _, kind, number in of_day:
            changes[kind].add(number)
        for node in component.change(*changes):
            new = component.head[node]
            if new == head[node]:
                continue
            if changed[node] < day:
                yield node, head[node], changed[node], day
            head[node], changed[node] = new, day
    for node, last in enumerate(head):
        yield node, last, changed[node], OPEN
