"""How clusters grow while edges are only added: a merge tree.

Nodes are numbered from 0 in the order of age, so the smallest node of a cluster is its head. Adding
edges one after the other turns every head but the last into a member of an older one exactly once;
that single event per node (into whom, when, by which edge) is the whole history.
"""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from ml.identity.steps import OPEN, Days, Ints, Mask, Steps, concatenate, key

# Nodes that are worked on at once: a gigabyte or two of arrays and lists.
MOST_NODES = 2_000_000


def components(nodes: int, left: Ints, right: Ints) -> Ints:
    """Label of the connected component of each node."""
    if not nodes:
        return np.empty(0, np.int64)
    graph = coo_array((np.ones(len(left), np.int32), (left, right)), shape=(nodes, nodes))
    label: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return label


def in_portions(chosen: Mask, label: Ints, most: int) -> Iterator[Mask]:
    """Chosen nodes in portions of whole components: what works on one holds no more than that.

    Args:
        chosen: by node, whether it is meant; of a component all nodes are.
        label: by node, its component.
        most: nodes of a portion; the component that fills it may have more.
    """
    size = np.bincount(label[chosen], minlength=label.max(initial=-1) + 1)
    portion = (np.cumsum(size) - size) // most
    for number in np.unique(portion[size > 0]):
        yield chosen & (portion == number)[label]


def absorb(label: Ints, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Add edges in their order: for each node the head it gives way to, and the edge that does it.

    `label` is the component of each node under all these edges, none of which leads from a node to
    itself; they are named by position. A node that stays a head to the end has itself and -1.
    """
    into, by = np.arange(len(label)), np.full(len(label), -1)
    size = np.bincount(label)[label]

    pair = np.flatnonzero(size[left] == 2)
    younger, first = np.unique(np.maximum(left[pair], right[pair]), return_index=True)
    into[younger] = np.minimum(left[pair], right[pair])[first]
    by[younger] = pair[first]

    grown = np.flatnonzero(size > 2)
    if len(grown):
        place = np.cumsum(size > 2) - 1
        edge = np.flatnonzero(size[left] > 2)
        tree = spanning_forest(len(grown), place[left[edge]], place[right[edge]])
        edge = edge[tree]
        inner_into, inner_by = _union(len(grown), place[left[edge]], place[right[edge]])
        into[grown] = grown[inner_into]
        by[grown] = np.where(inner_by < 0, -1, edge[inner_by])
    return into, by


def spanning_forest(nodes: int, left: Ints, right: Ints) -> Ints:
    """The edges, in their order, that join two clusters when added one by one."""
    pair = np.minimum(left, right) * nodes + np.maximum(left, right)
    # The sparse matrix would add up repeated pairs, and takes a zero for no edge.
    first = np.sort(np.unique(pair, return_index=True)[1])
    place = np.arange(1.0, len(first) + 1)
    graph = coo_array((place, (left[first], right[first])), shape=(nodes, nodes))
    tree: Ints = np.sort(minimum_spanning_tree(graph).data.astype(np.int64)) - 1
    return first[tree]


def _union(nodes: int, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """`absorb` for the edges of a forest: union-find whose root is always the oldest node."""
    root = list(range(nodes))
    into, by = np.arange(nodes), np.full(nodes, -1)
    given_way, older = [], []
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        while root[a] != a:
            root[a] = a = root[root[a]]
        while root[b] != b:
            root[b] = b = root[root[b]]
        if a > b:
            a, b = b, a
        root[b] = a
        given_way.append(b)
        older.append(a)
    into[given_way] = older
    by[given_way] = np.arange(len(given_way))
    return into, by


def growing_clusters(
    since: Days, until: Days, label: Ints, left: Ints, right: Ints, start: Days
) -> Steps:
    """Heads on the days [since, until) of each node, under edges active from `start` on.

    `label` is the component of each node under all edges. Where several parts of a component join
    on one day, `by` is left open.
    """
    order = np.argsort(start, kind="stable")
    into, by = absorb(label, left[order], right[order])
    gone = np.flatnonzero(by >= 0)
    by[gone] = order[by[gone]]
    yields = np.full(len(since), OPEN, np.int32)
    yields[gone] = start[by[gone]]
    by[gone[_crowded(label[gone], yields[gone])]] = -1

    # Heads that give way on one day in a row: go to the last of them at once.
    while len(gone := gone[yields[into[gone]] == yields[gone]]):
        into[gone] = into[into[gone]]

    node = np.arange(len(since))
    head = np.where(yields == since, into, node)
    unknown = np.full(len(since), -1)
    steps = [Steps(node, head, since, np.minimum(yields[head], until), unknown)]
    while len(moved := np.flatnonzero(yields[head] < OPEN)):
        node, before = node[moved], head[moved]
        head = into[before]
        ends = np.minimum(yields[head], until[node])
        steps.append(Steps(node, head, yields[before], ends, by[before]))
    return concatenate(steps)


def _crowded(label: Ints, day: Days) -> Mask:
    """Which of the events share their component and day with another."""
    _, event, count = np.unique(key(label, day), return_inverse=True, return_counts=True)
    return count[event] > 1
