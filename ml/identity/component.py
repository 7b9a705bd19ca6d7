"""The clusters of one component from day to day, where not every edge may unite.

On each day the clusters are those of Kruskal's algorithm with refusals: edges are added strongest
first; one that would unite a pair to be held apart, or make too large a cluster, is refused.

Most of a component is as it was the day before, and only what a change reaches is judged anew. That
is exact. A change inside one cluster unsettles it; all its edges are then added anew, with those of
the other unsettled clusters, beside the neighbours, which grow as they did before. As long as no
edge that leads to a neighbour is accepted, the neighbours have no other edges to answer than the
day before, so they end as they were. If one is accepted, that neighbour is unsettled too.
"""

from collections.abc import Iterable, Sequence

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
        self._tree: list[list[int]] = [[] for _ in range(nodes)]  # by head: the edges that united
        self._united: set[int] = set()  # all of these
        self._edges_of: list[set[int]] = [set() for _ in range(nodes)]
        self._pairs_of: dict[int, set[int]] = {}
        self._root = list(range(nodes))
        self._size = [1] * nodes

    def change(
        self, begun: set[int], ended: set[int], held: set[int], lifted: set[int]
    ) -> list[int]:
        """One day: edges that begin and end, pairs that are held apart from now on, or no more.

        Returns:
            The nodes whose head may be another one now.
        """
        unsettled = self._unsettled(ended, held, lifted)
        for edge in begun:
            left, right, _ = self._edges[edge]
            self._edges_of[left].add(edge)
            self._edges_of[right].add(edge)
        accepted = self._judged(unsettled, begun)
        while not (reached := self._reached(accepted)) <= unsettled:
            unsettled |= reached
            # What begun and was refused between settled clusters stays so until one is unsettled.
            accepted = self._judged(unsettled, set())
        return self._settled(unsettled, accepted)

    def _reached(self, accepted: list[int]) -> set[int]:
        """Heads of the clusters in which an edge unites that did not the day before."""
        new = [self._edges[edge] for edge in accepted if edge not in self._united]
        return {self.head[node] for left, right, _ in new for node in (left, right)}

    def _unsettled(self, ended: set[int], held: set[int], lifted: set[int]) -> set[int]:
        """Heads of the clusters that go on otherwise, whatever begins."""
        unsettled = set()
        head = self.head
        for edge in ended:
            left, right, _ = self._edges[edge]
            self._edges_of[left].remove(edge)
            self._edges_of[right].remove(edge)
            if edge in self._united:
                unsettled.add(head[left])
        for pair in held:
            left, right, _ = self._pairs[pair]
            for node in (left, right):
                self._pairs_of.setdefault(node, set()).add(pair)
            # Between two clusters there is nothing that it would refuse and that was not refused.
            if head[left] == head[right]:
                unsettled.add(head[left])
        for pair in lifted:
            left, right, _ = self._pairs[pair]
            for node in (left, right):
                self._pairs_of[node].remove(pair)
            # In one cluster it was overruled, and refused nothing.
            if head[left] != head[right]:
                unsettled |= {head[left], head[right]}
        return unsettled

    def _judged(self, unsettled: set[int], begun: set[int]) -> list[int]:
        """The edges that unite when those of the unsettled clusters and the new ones are added."""
        edges = set(begun)
        for name in unsettled:
            for node in self._members[name]:
                edges |= self._edges_of[node]
        head, links = self.head, self._edges
        near = {head[links[edge][0]] for edge in edges}
        near.update(head[links[edge][1]] for edge in edges)
        for name in near - unsettled:
            edges.update(self._tree[name])
        pairs: set[int] = set()
        for name in near | unsettled:
            for node in self._members[name]:
                self._root[node] = node
                self._size[node] = 1
                if node in self._pairs_of:
                    pairs |= self._pairs_of[node]
        inside = [pair for pair in pairs if self._is_near(pair, near)]
        return self._add(sorted(edges), inside)

    def _is_near(self, pair: int, near: set[int]) -> bool:
        left, right, _ = self._pairs[pair]
        return self.head[left] in near and self.head[right] in near

    def _add(self, edges: list[int], pairs: list[int]) -> list[int]:
        """Add edges in their order, as far as the pairs and the limit allow: those that unite."""
        root, size, limit, links = self._root, self._size, self._limit, self._edges
        waiting = sorted((self._pairs[pair] for pair in pairs), key=lambda pair: -pair[2])
        foes: dict[int, set[int]] = {}
        uniting = []
        for edge in edges:
            a, b, priority = links[edge]
            while root[a] != a:
                root[a] = a = root[root[a]]
            while root[b] != b:
                root[b] = b = root[root[b]]
            if a == b:
                continue
            while waiting and waiting[-1][2] <= priority:
                self._hold(waiting.pop(), foes)
            if foes and b in foes.get(a, ()):
                continue
            if size[a] + size[b] > limit and priority > DECIDED:
                continue
            if a > b:
                a, b = b, a
            root[b] = a
            size[a] += size[b]
            uniting.append(edge)
            if b in foes:
                for foe in foes.pop(b):
                    foes[foe].remove(b)
                    foes[foe].add(a)
                    foes.setdefault(a, set()).add(foe)
        return uniting

    def _hold(self, pair: Pair, foes: dict[int, set[int]]) -> None:
        """From here on the clusters of the pair are foes, unless they are one already."""
        a, b = self._oldest(pair[0]), self._oldest(pair[1])
        if a != b:
            foes.setdefault(a, set()).add(b)
            foes.setdefault(b, set()).add(a)

    def _oldest(self, node: int) -> int:
        while self._root[node] != node:
            node = self._root[node]
        return node

    def _settled(self, unsettled: set[int], accepted: Iterable[int]) -> list[int]:
        """Take over the clusters found: the nodes of those that were unsettled."""
        nodes = [node for head in unsettled for node in self._members[head]]
        for head in unsettled:
            self._united.difference_update(self._tree[head])
            self._tree[head], self._members[head] = [], []
        for node in nodes:
            self.head[node] = self._oldest(node)
            self._members[self.head[node]].append(node)
        own = set(nodes)
        for edge in accepted:
            left = self._edges[edge][0]
            if left in own:
                self._tree[self.head[left]].append(edge)
                self._united.add(edge)
        return nodes
