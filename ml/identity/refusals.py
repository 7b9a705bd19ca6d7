"""Which edges hold and yet do not unite their records, and why."""

import numpy as np
import pyarrow as pa

from ml.identity.component import DECIDED
from ml.identity.greedy import Rules
from ml.identity.links import Links
from ml.identity.steps import OPEN, Ints

WHYS = ("different", "household", "size")
DIFFERENT, HOUSEHOLD, SIZE = range(3)


def refused_edges(head: Ints, edges: Links, rules: Rules) -> tuple[Ints, pa.Array]:
    """Positions of the edges that hold for good between different clusters, and why they do.

    `head` is the last one of each record. An edge may have several causes; given is the first of
    WHYS: a pair between the two clusters that refuses every edge, one that refuses this edge, or
    else the size of both together.
    """
    lasting = (edges.end == OPEN) & (head[edges.left] != head[edges.right])
    position = np.flatnonzero(lasting)
    cases = _cases(head, edges.left[position], edges.right[position])
    priority = rules.priority[edges.edge[position]]
    apart = rules.apart.where(rules.apart.end == OPEN)
    pairs, refuses_from = _cases(head, apart.left, apart.right), rules.refuses_from[apart.edge]
    why = np.full(len(position), SIZE)
    for least in np.unique(refuses_from)[::-1]:
        held = np.isin(cases, pairs[refuses_from == least]) & (priority >= least)
        why[held] = DIFFERENT if least <= DECIDED else HOUSEHOLD
    return position, pa.array(WHYS).take(pa.array(why))


def _cases(head: Ints, left: Ints, right: Ints) -> Ints:
    """The two clusters of each pair as one number."""
    one, other = head[left], head[right]
    return np.minimum(one, other) * len(head) + np.maximum(one, other)
