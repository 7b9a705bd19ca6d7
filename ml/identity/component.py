"""The clusters of one component from day to day, where not every edge may unite.

On each day the clusters are those of Kruskal's algorithm with refusals: edges are added strongest
first; one that would unite a pair to be held apart, or make too large a cluster, is refused.

Most of a component is as it was the day before, and only what a change reaches is judged anew. That
is exact. A cluster is frozen, growing as it did the day before, up to the first edge that does
otherwise in it: one that is new and unites, one that is gone and united, one that united a pair
now held apart. From there on it is thawed: all its edges are judged. An edge from there to a frozen
cluster is judged by what that one was when it was this edge's turn; if it unites, it is the first
to do otherwise there, so that cluster is thawed too. Two frozen clusters are as they were, and so
is what they make of the edges between them.
"""

from collections.abc import Sequence
from heapq import heappop, heappush

from ml.identity.grown_tree import GrownTree
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
        self._tree = GrownTree(nodes)
        self._members = [[node] for node in range(nodes)]  # by head
        self._paired: dict[int, set[int]] = {}  # by head: the members that have pairs
        self._edges_of: list[set[int]] = [set() for _ in range(nodes)]
        self._pairs_of: dict[int, set[int]] = {}
        # Of the day: edges to judge, heads that are thawed, pairs between these, tops held apart.
        self._queue: list[int] = []
        self._thawed: set[int] = set()
        self._waiting: list[tuple[int, int]] = []
        self._foes: dict[int, set[int]] = {}

    def change(
        self, begun: set[int], ended: set[int], held: set[int], lifted: set[int]
    ) -> list[int]:
        """One day: edges that begin and end, pairs that are held apart from now on, or no more.

        Returns:
            The nodes whose head may be another one now.
        """
        breaks = self._end(ended)
        for edge in begun:
            left, right, _ = self._edges[edge]
            self._edges_of[left].add(edge)
            self._edges_of[right].add(edge)
        breaks |= self._hold(held)
        self._queue = sorted(begun | breaks | self._lift(lifted))
        self._thawed, self._waiting, self._foes = set(), [], {}
        self._judge(breaks, ended)
        return self._settle()

    def _end(self, ended: set[int]) -> set[int]:
        """End edges: those that held a cluster together."""
        uniting = set()
        for edge in ended:
            left, right, _ = self._edges[edge]
            self._edges_of[left].remove(edge)
            self._edges_of[right].remove(edge)
            if self.head[left] == self.head[right] and self._tree.united(left, right) == edge:
                uniting.add(edge)
        return uniting

    def _hold(self, held: set[int]) -> set[int]:
        """Begin to hold pairs apart: the edges that united them.

        Between two clusters there is nothing that a pair would refuse and that was not refused.
        """
        uniting = set()
        for pair in held:
            left, right, _ = self._pairs[pair]
            for node in (left, right):
                self._pairs_of.setdefault(node, set()).add(pair)
                self._paired.setdefault(self.head[node], set()).add(node)
            if self.head[left] == self.head[right]:
                uniting.add(self._tree.united(left, right))
        return uniting

    def _lift(self, lifted: set[int]) -> set[int]:
        """Hold pairs apart no more: the edges that they may have refused.

        In one cluster a pair was overruled, and refused nothing.
        """
        refused = set()
        for pair in lifted:
            left, right, _ = self._pairs[pair]
            self._pairs_of[left].remove(pair)
            self._pairs_of[right].remove(pair)
            if self.head[left] != self.head[right]:
                one, other = (self._edges_at(self.head[node]) for node in (left, right))
                refused |= one & other
        return refused

    def _edges_at(self, name: int) -> set[int]:
        return set().union(*(self._edges_of[node] for node in self._members[name]))

    def _judge(self, breaks: set[int], ended: set[int]) -> None:
        """Add the edges of the queue, and of the clusters that they thaw, as far as is allowed."""
        tree, last = self._tree, -1
        while self._queue:
            edge = heappop(self._queue)
            if edge == last:
                continue
            last = edge
            left, right, priority = self._edges[edge]
            if edge in breaks:
                self._thaw({self.head[left]} - self._thawed, edge)
            a, b = tree.top(left, edge), tree.top(right, edge)
            if a == b or edge in ended:
                continue
            if priority > DECIDED and tree.size(a, edge) + tree.size(b, edge) > self._limit:
                continue
            frozen = {self.head[left], self.head[right]} - self._thawed
            if frozen and self._is_held(frozen, {a, b}, edge):
                continue
            self._thaw(frozen, edge)
            while self._waiting and self._waiting[0][0] <= priority:
                self._part(heappop(self._waiting)[1], edge)
            if b not in self._foes.get(a, ()):
                self._unite(a, b, edge)

    def _thaw(self, names: set[int], edge: int) -> None:
        """From the edge on the clusters of these heads may become others."""
        self._thawed |= names
        for name in names:
            for node in self._members[name]:
                self._tree.rewind(node, edge)
                for own in self._edges_of[node]:
                    if own > edge:
                        heappush(self._queue, own)
            for node in self._paired.get(name, ()):
                for pair in self._pairs_of[node]:
                    one, other, refuses_from = self._pairs[pair]
                    if {self.head[one], self.head[other]} <= self._thawed:
                        heappush(self._waiting, (refuses_from, pair))

    def _is_held(self, names: set[int], tops: set[int], edge: int) -> bool:
        """Whether a pair with a node of these clusters holds two tops apart against the edge."""
        priority = self._edges[edge][2]
        for name in names:
            for node in self._paired.get(name, ()):
                for pair in self._pairs_of[node]:
                    one, other, refuses_from = self._pairs[pair]
                    meant = {self._tree.top(one, edge), self._tree.top(other, edge)} == tops
                    if meant and refuses_from <= priority:
                        return True
        return False

    def _part(self, pair: int, edge: int) -> None:
        """From this edge on the clusters of the pair are foes, unless they are one already."""
        one, other, _ = self._pairs[pair]
        a, b = self._tree.top(one, edge), self._tree.top(other, edge)
        if a != b:
            self._foes.setdefault(a, set()).add(b)
            self._foes.setdefault(b, set()).add(a)

    def _unite(self, a: int, b: int, edge: int) -> None:
        stays, gone = self._tree.unite(a, b, edge)
        for foe in self._foes.pop(gone, ()):
            self._foes[foe].remove(gone)
            self._foes[foe].add(stays)
            self._foes.setdefault(stays, set()).add(foe)

    def _settle(self) -> list[int]:
        """Name the clusters that were thawed: their nodes."""
        nodes = sorted(node for name in self._thawed for node in self._members[name])
        for name in self._thawed:
            self._members[name] = []
            self._paired.pop(name, None)
        heads: dict[int, int] = {}
        for node in nodes:
            head = heads.setdefault(self._tree.top(node, OPEN), node)
            self.head[node] = head
            self._members[head].append(node)
            if self._pairs_of.get(node):
                self._paired.setdefault(head, set()).add(node)
        return nodes
