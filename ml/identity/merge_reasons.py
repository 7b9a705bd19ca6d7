"""Which edge made a cluster id end, on days when more than one thing happened to its cluster."""

import numpy as np

from ml.identity.links import Links
from ml.identity.steps import Days, Ints, Steps, key, matches


def joining_edges(heads: Steps, merged: Ints, edges: Links) -> Ints:
    """For each of the steps `merged` the edge through which the head before gave way.

    In such a step a record that was its own head gets an older head. That edge is the strongest,
    on this day, between the records that moved from the one head to the other and the rest of the
    cluster they are in now. `heads` is coalesced; `edges` come in the order of their strength.
    """
    # The records that moved: their step before ends that day, the next one has the new head.
    old, new, day = heads.node[merged], heads.head[merged], heads.since[merged]
    by_head = np.argsort(key(heads.head, heads.until), kind="stable")
    keys = key(heads.head, heads.until)[by_head]
    merge, found = matches(
        np.searchsorted(keys, key(old, day), "left"), np.searchsorted(keys, key(old, day), "right")
    )
    step = by_head[found]
    moved = heads.head[step + 1] == new[merge]
    merge, record = merge[moved], heads.node[step[moved]]

    member, other, edge = _neighbours(record, edges)
    merge = merge[member]
    holds = (edges.start[edge] <= day[merge]) & (day[merge] < edges.end[edge])
    merge, other, edge = merge[holds], other[holds], edge[holds]
    joined = _heads_on(heads, other, day[merge]) == new[merge]
    stranger = _heads_on(heads, other, day[merge] - 1) != old[merge]
    strongest = np.full(len(merged), len(edges.left))
    np.minimum.at(strongest, merge[joined & stranger], edge[joined & stranger])
    return strongest


def _neighbours(record: Ints, edges: Links) -> tuple[Ints, Ints, Ints]:
    """Position in `record`, record at the other end, and edge, for all edges of these records."""
    near = np.flatnonzero(np.isin(edges.left, record) | np.isin(edges.right, record))
    one = np.concatenate([edges.left[near], edges.right[near]])
    other = np.concatenate([edges.right[near], edges.left[near]])
    order = np.argsort(one, kind="stable")
    member, found = matches(
        np.searchsorted(one[order], record, "left"), np.searchsorted(one[order], record, "right")
    )
    return member, other[order][found], np.append(near, near)[order][found]


def _heads_on(heads: Steps, record: Ints, day: Days) -> Ints:
    """The head of each record on its day, -1 before its entry."""
    keys = key(heads.node, heads.since)
    step = np.searchsorted(keys, key(record, day), "right") - 1
    return np.where((step >= 0) & (heads.node[step] == record), heads.head[step], -1)
