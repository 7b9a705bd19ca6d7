"""How clusters grew while edges were added, so that one can ask, and go back to, any moment of it."""

from bisect import bisect_left

from ml.identity.steps import OPEN


class GrownTree:
    """Union-find that remembers when.

    Edges are numbered in the order in which they are added. "At an edge" means just before that
    one. The top of the smaller cluster gives way, so that the way to a top is short.
    """

    def __init__(self, nodes: int) -> None:
        self._gone = [OPEN] * nodes  # the edge at which the node gave way
        self._into = list(range(nodes))  # and to whom
        self._grown: list[list[int]] = [[] for _ in range(nodes)]  # edges at which others gave way
        self._sizes = [[1] for _ in range(nodes)]  # at first, and after each of these

    def top(self, node: int, edge: int) -> int:
        """Who stands for the cluster of the node at the edge."""
        gone = self._gone
        while gone[node] < edge:
            node = self._into[node]
        return node

    def size(self, top: int, edge: int) -> int:
        """Nodes of the cluster of a top at the edge."""
        return self._sizes[top][bisect_left(self._grown[top], edge)]

    def united(self, one: int, other: int) -> int:
        """The edge that put two nodes of one cluster into it."""
        edge = -1
        while one != other:
            if self._gone[one] > self._gone[other]:
                one, other = other, one
            edge, one = self._gone[one], self._into[one]
        return edge

    def unite(self, one: int, other: int, edge: int) -> tuple[int, int]:
        """Two tops become one: who stays, and who gives way."""
        if self._sizes[one][-1] < self._sizes[other][-1]:
            one, other = other, one
        self._gone[other], self._into[other] = edge, one
        self._grown[one].append(edge)
        self._sizes[one].append(self._sizes[one][-1] + self._sizes[other][-1])
        return one, other

    def rewind(self, node: int, edge: int) -> None:
        """Forget what became of the node from the edge on; to be done for a whole cluster."""
        if self._gone[node] >= edge:
            self._gone[node] = OPEN
        kept = bisect_left(self._grown[node], edge)
        del self._grown[node][kept:]
        del self._sizes[node][kept + 1 :]
