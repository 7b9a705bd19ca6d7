"""The clusters of one component from day to day, where not every edge may unite.

On each day the clusters are those of Kruskal's algorithm with refusals: edges are added strongest
first; one that would unite a pair to be held apart, or make too large a cluster, is refused.

Most of a component is as it was the day before, and only what a change reaches is judged anew. That
is exact. A change inside one cluster unsettles it: all edges of the unsettled clusters are added
anew, while the others grow as they did before. As long as no edge to another cluster unites, the
others have nothing to answer that they had not the day before, so they end as they were. If one
does, that cluster is unsettled too.

To tell what a cluster was when an edge came to be judged, it is kept as the tree of who gave way to
whom at which edge; the larger part stays, so that no way to the top is long.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain

from ml.identity.steps import OPEN

Edge = tuple[int, int, int]  # left, right, priority
Pair = tuple[int, int, int]  # left, right, the least priority that it refuses

DECIDED = 0  # the priority of what people decided, to which no size is too large


class Component:
    """Clusters of nodes under edges and pairs that begin and end.

    Nodes are numbered by age, edges by strength, pairs at will. A cluster is named by its head, its
    oldest node; at first each node is its own. `limit` is the most nodes of a cluster.
    """

    def __init__(
        self, nodes: int, edges: Sequence[Edge], pairs: Sequence[Pair], limit: int
    ) -> None:
        self.head = list(range(nodes))
        self._edges, self._pairs, self._limit = edges, pairs, limit
        self._members = [[node] for node in range(nodes)]  # by head
        self._paired: dict[int, set[int]] = {}  # by head: the members that have pairs
        self._edges_of: list[set[int]] = [set() for _ in range(nodes)]
        self._pairs_of: dict[int, set[int]] = {}
        self._gone = [OPEN] * nodes  # the edge at which the node gave way
        self._into = list(range(nodes))  # and to whom
        self._grown: list[list[int]] = [[] for _ in range(nodes)]  # edges at which others gave way
        self._sizes = [[1] for _ in range(nodes)]  # at first, and after each of these

    def change(
        self, begun: set[int], ended: set[int], held: set[int], lifted: set[int]
    ) -> list[int]:
        """One day: edges that begin and end, pairs that are held apart from now on, or no more.

        Returns:
            The nodes whose head may be another one now.
        """
        unsettled = self._without(ended)
        unsettled |= self._with_pairs(held, lifted)
        for edge in begun:
            left, right, _ = self._edges[edge]
            self._edges_of[left].add(edge)
            self._edges_of[right].add(edge)
        reached = self._judge(begun, unsettled)
        while reached:
            unsettled |= reached
            reached = self._judge(set(), unsettled)
        return self._settle(unsettled)

    def _without(self, ended: set[int]) -> set[int]:
        """End edges; heads of the clusters that they held together."""
        unsettled = set()
        for edge in ended:
            left, right, _ = self._edges[edge]
            self._edges_of[left].remove(edge)
            self._edges_of[right].remove(edge)
            if edge in (self._gone[self._top(left, edge)], self._gone[self._top(right, edge)]):
                unsettled.add(self.head[left])
        return unsettled

    def _with_pairs(self, held: set[int], lifted: set[int]) -> set[int]:
        """Begin and end to hold pairs apart; heads of the clusters to which it matters."""
        unsettled = set()
        head = self.head
        for pair in held:
            left, right, _ = self._pairs[pair]
            for node in (left, right):
                self._pairs_of.setdefault(node, set()).add(pair)
                self._paired.setdefault(head[node], set()).add(node)
            # Between two clusters there is nothing that it would refuse and that was not refused.
            if head[left] == head[right]:
                unsettled.add(head[left])
        for pair in lifted:
            left, right, _ = self._pairs[pair]
            self._pairs_of[left].remove(pair)
            self._pairs_of[right].remove(pair)
            # In one cluster it was overruled, and refused nothing.
            if head[left] != head[right]:
                unsettled |= {head[left], head[right]}
        return unsettled

    def _judge(self, begun: set[int], unsettled: set[int]) -> set[int]:
        """Build the unsettled clusters anew; heads of the others in which an edge unites, too."""
        nodes = [node for name in unsettled for node in self._members[name]]
        for node in nodes:
            self._gone[node] = OPEN
            self._grown[node], self._sizes[node] = [], [1]
        edges = begun.union(*(self._edges_of[node] for node in nodes))
        waiting = self._pairs_inside(unsettled)
        foes: dict[int, set[int]] = {}
        reached: set[int] = set()
        gone, into, head = self._gone, self._into, self.head
        for edge in sorted(edges):
            left, right, priority = self._edges[edge]
            a, b = left, right
            while gone[a] < edge:
                a = into[a]
            while gone[b] < edge:
                b = into[b]
            if a == b or (priority > DECIDED and self._size(a, b, edge) > self._limit):
                continue
            outside = {head[left], head[right]} - unsettled
            if outside:
                if not self._is_held(outside, {a, b}, edge):
                    reached |= outside
                continue
            while waiting and waiting[-1][2] <= priority:
                self._hold(waiting.pop(), edge, foes)
            if b not in foes.get(a, ()):
                self._unite(a, b, edge, foes)
        return reached

    def _top(self, node: int, edge: int) -> int:
        """Who stands for the cluster of the node when the edge comes to be judged."""
        while self._gone[node] < edge:
            node = self._into[node]
        return node

    def _size(self, a: int, b: int, edge: int) -> int:
        """Nodes of the clusters of two tops when the edge comes to be judged."""
        grown, sizes = self._grown, self._sizes
        return sizes[a][bisect_left(grown[a], edge)] + sizes[b][bisect_left(grown[b], edge)]

    def _pairs_inside(self, unsettled: set[int]) -> list[Pair]:
        """The pairs within and between some clusters, those that refuse most last."""
        nodes = chain.from_iterable(self._paired.get(name, ()) for name in unsettled)
        pairs = [self._pairs[pair] for pair in set().union(*(self._pairs_of[n] for n in nodes))]
        inside = (p for p in pairs if {self.head[p[0]], self.head[p[1]]} <= unsettled)
        return sorted(inside, key=lambda pair: -pair[2])

    def _is_held(self, names: set[int], tops: set[int], edge: int) -> bool:
        """Whether a pair with a node of these clusters holds two tops apart against the edge."""
        priority = self._edges[edge][2]
        for name in names:
            for node in self._paired.get(name, ()):
                for pair in self._pairs_of[node]:
                    left, right, refuses_from = self._pairs[pair]
                    meant = {self._top(left, edge), self._top(right, edge)} == tops
                    if meant and refuses_from <= priority:
                        return True
        return False

    def _hold(self, pair: Pair, edge: int, foes: dict[int, set[int]]) -> None:
        """From this edge on the clusters of the pair are foes, unless they are one already."""
        a, b = self._top(pair[0], edge), self._top(pair[1], edge)
        if a != b:
            foes.setdefault(a, set()).add(b)
            foes.setdefault(b, set()).add(a)

    def _unite(self, a: int, b: int, edge: int, foes: dict[int, set[int]]) -> None:
        if self._sizes[a][-1] < self._sizes[b][-1]:
            a, b = b, a
        self._gone[b], self._into[b] = edge, a
        self._grown[a].append(edge)
        self._sizes[a].append(self._sizes[a][-1] + self._sizes[b][-1])
        for foe in foes.pop(b, ()):
            foes[foe].remove(b)
            foes[foe].add(a)
            foes.setdefault(a, set()).add(foe)

    def _settle(self, unsettled: set[int]) -> list[int]:
        """Name the clusters built anew: their nodes."""
        nodes = sorted(node for name in unsettled for node in self._members[name])
        for name in unsettled:
            self._members[name] = []
            self._paired.pop(name, None)
        heads: dict[int, int] = {}
        for node in nodes:
            head = heads.setdefault(self._top(node, OPEN), node)
            self.head[node] = head
            self._members[head].append(node)
            if self._pairs_of.get(node):
                self._paired.setdefault(head, set()).add(node)
        return nodes
