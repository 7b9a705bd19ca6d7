"""Where a cluster would come apart first: the weakest edges that hold it together."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from ml.identity.clusters import Resolution
from ml.identity.links import Links, Table, column, strongest_first
from ml.identity.merge_tree import components, spanning_forest
from ml.identity.steps import OPEN, Ints, Mask


def weak_links(
    resolution: Resolution, edges: Table, largest: int = 20, per_cluster: int = 3
) -> pa.Table:
    """The weakest links of the clusters worth a look, as they are after the last change.

    These are the `largest` clusters, and every one at which an edge was refused. A cluster hangs
    together by its maximum spanning tree; the `per_cluster` weakest edges of that are its links.

    Args:
        resolution: what `resolve` made of the edges.
        edges: as given to `resolve`.

    Returns:
        head_record_no, link_rank (1 is the weakest), edge (row of the table of edges), left, right
        (the older record first), reason, probability, is_bridge (no other edge leads from the one
        side of the cluster to the other), left_records and right_records (on the side of each if
        the tree is cut here). Large clusters first, then by head.
    """
    spans = resolution.customer_map
    head = column(spans.filter(pc.is_null(spans["valid_to_day"])), "head_record_no")
    chosen = _worth_a_look(head, resolution.refused, largest)
    links, row = _inner_links(head, chosen, edges)
    place = np.cumsum(chosen[head]) - 1
    tree = _tree(links.placed(place), int(chosen[head].sum()))

    size = np.bincount(head, minlength=len(head))
    of_edge = head[links.left[tree.edge]]
    found = np.lexsort([-tree.edge, of_edge, -size[of_edge]])
    begin = np.flatnonzero(np.diff(of_edge[found], prepend=-1))
    rank = np.arange(len(found)) - np.repeat(begin, np.diff(begin, append=len(found))) + 1
    found, rank = found[rank <= per_cluster], rank[rank <= per_cluster]
    edge, own, below = tree.edge[found], of_edge[found], tree.below[found]
    left_hangs = tree.child[found] == place[links.left[edge]]
    left_records = np.where(left_hangs, below, size[own] - below)
    columns = {
        "head_record_no": own,
        "link_rank": rank,
        "edge": row[edge],
        "left": links.left[edge],
        "right": links.right[edge],
        "reason": column(edges, "reason")[row[edge]],
        "probability": column(edges, "probability", np.float64, missing=1.0)[row[edge]],
        "is_bridge": tree.is_bridge[found],
        "left_records": left_records,
        "right_records": size[own] - left_records,
    }
    return pa.table(columns)


def _worth_a_look(head: Ints, refused: pa.Table, largest: int) -> Mask:
    """By record, whether it is the head of a cluster to look at."""
    size = np.bincount(head, minlength=len(head))
    chosen = np.zeros(len(head), np.bool_)
    chosen[np.argsort(-size, kind="stable")[:largest]] = True
    chosen[head[column(refused, "left")]] = True
    chosen[head[column(refused, "right")]] = True
    return chosen


def _inner_links(head: Ints, chosen: Mask, edges: Table) -> tuple[Links, Ints]:
    """The lasting edges inside the chosen clusters, strongest first, and the row of each."""
    left, right = column(edges, "left"), column(edges, "right")
    lasting = column(edges, "end_day", np.int32, missing=OPEN) == OPEN
    row = np.flatnonzero(lasting & chosen[head[left]] & (head[left] == head[right]))
    own = {name: column(edges, name)[row] for name in ("priority", "known_order", "reason")}
    own |= {"left": left[row], "right": right[row], "start_day": np.zeros_like(row)}
    own["probability"] = column(edges, "probability", np.float64, missing=1.0)[row]
    own["end_day"] = np.full(len(row), OPEN)
    links, place = strongest_first(own, np.zeros(len(head), np.int32))
    return links, row[place]


@dataclass(frozen=True)
class _Tree:
    """The edges of a spanning forest, by position, and what cutting each of them would do.

    Each tree hangs from one of its nodes; `child` is the lower end of the edge, `below` how many
    nodes hang from it, itself included.
    """

    edge: Ints
    child: Ints
    below: Ints
    is_bridge: Mask


def _tree(links: Links, nodes: int) -> _Tree:
    """The spanning forest of the strongest links."""
    edge = spanning_forest(nodes, links.left, links.right)
    left, right = links.left[edge], links.right[edge]
    order, parent = _hung(nodes, left, right)
    below = np.ones(nodes + 1, np.int64)
    for node in order[:0:-1]:
        below[parent[node]] += below[node]
    child = np.where(parent[left] == right, left, right)
    other = np.setdiff1d(np.arange(len(links)), edge)
    alone = _alone(order, parent, below, links.left[other], links.right[other])
    return _Tree(edge, child, below[child], alone[child])


def _hung(nodes: int, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """All trees below one root more: nodes from the root downwards, and the parent of each."""
    tops = np.unique(components(nodes, left, right), return_index=True)[1]
    left = np.concatenate([left, np.full(len(tops), nodes)])
    right = np.concatenate([right, tops])
    shape = nodes + 1, nodes + 1
    graph = coo_array((np.ones(len(left), np.int32), (left, right)), shape=shape)
    order, parent = breadth_first_order(graph.tocsr(), nodes, directed=False)
    return order.astype(np.int64), parent.astype(np.int64)


def _alone(order: Ints, parent: Ints, below: Ints, left: Ints, right: Ints) -> Mask:
    """Whether only the edge to its parent joins what hangs from a node to the rest.

    `left` and `right` are the edges outside the trees. In preorder, what hangs from a node has the
    numbers that follow its own; so it is enough to know the least and the greatest number that
    edges from there lead to (Tarjan, A note on finding the bridges of a graph, 1974).
    """
    number, free = np.zeros_like(below), np.ones_like(below)
    for node in order[1:]:
        number[node] = free[parent[node]]
        free[parent[node]] += below[node]
        free[node] = number[node] + 1
    least, greatest = number.copy(), number.copy()
    for one, two in ((left, right), (right, left)):
        np.minimum.at(least, one, number[two])
        np.maximum.at(greatest, one, number[two])
    for node in order[:0:-1]:
        least[parent[node]] = min(least[parent[node]], least[node])
        greatest[parent[node]] = max(greatest[parent[node]], greatest[node])
    alone: Mask = (least >= number) & (greatest < number + below)
    return alone
