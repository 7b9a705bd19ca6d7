"""Clusters under edges that also end, and under decisions that two records are different people.

Time is cut where something ends or a decision begins, but only for the component concerned, and
again only for the parts into which it falls in each half. Halving stops as soon as, within a
stretch of time, edges are only added and the decisions stay the same. Records that are joined all
through a stretch go on as one. So the work follows the changes, not the days or the whole graph.
"""

from dataclasses import dataclass

import numpy as np

from ml.identity.greedy import constrained_clusters
from ml.identity.merge_tree import components, growing_clusters
from ml.identity.steps import (
    NO_STEPS,
    OPEN,
    Days,
    Ints,
    Mask,
    Steps,
    coalesce,
    concatenate,
    follow,
    key,
    unkey,
)


@dataclass(frozen=True)
class Links:
    """Pairs of nodes and the days [start, end) on which they hold; `edge` names them outside.

    No link starts before both its nodes are there.
    """

    left: Ints
    right: Ints
    start: Days
    end: Days
    edge: Ints

    def __len__(self) -> int:
        return len(self.left)

    def where(self, mask: Mask) -> "Links":
        """The links of the mask."""
        left, right, edge = self.left[mask], self.right[mask], self.edge[mask]
        return Links(left, right, self.start[mask], self.end[mask], edge)

    def placed(self, place: Ints) -> "Links":
        """The same links between renumbered nodes."""
        return Links(place[self.left], place[self.right], self.start, self.end, self.edge)

    def joined(self, other: "Links") -> "Links":
        """These links, then the other ones."""
        return Links(
            np.concatenate([self.left, other.left]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.start, other.start]),
            np.concatenate([self.end, other.end]),
            np.concatenate([self.edge, other.edge]),
        )


@dataclass(frozen=True)
class Work:
    """Nodes, each a record in a stretch of days [since, until), and what holds between them.

    Nodes that can meet share their stretch and are numbered by age. `since` is the day of the
    record's entry where that is later than the begin of the stretch. Edges come in the order of
    their strength; `apart` are the pairs that must not share a cluster.
    """

    record: Ints
    since: Days
    until: Days
    edges: Links
    apart: Links

    def only(self, mask: Mask) -> "Work":
        """The nodes of the mask and the links between them; links never lead out of the mask."""
        if mask.all():
            return self
        place = np.cumsum(mask) - 1
        edges = self.edges.where(mask[self.edges.left]).placed(place)
        apart = self.apart.where(mask[self.apart.left]).placed(place)
        return Work(self.record[mask], self.since[mask], self.until[mask], edges, apart)


def trace_clusters(work: Work) -> Steps:
    """Heads of all records over time: `node` and `head` are records, `by` the name of an edge."""
    levels = []
    while len(work.record):
        label = components(len(work.record), work.edges.left, work.edges.right)
        apart = work.apart.where(label[work.apart.left] == label[work.apart.right])
        work = Work(work.record, work.since, work.until, work.edges, apart)
        torn = np.isin(label, label[apart.left])
        cut = _cut_days(work, label)[label]
        calm = cut == OPEN
        grown = _grow(work.only(calm & ~torn), label[calm & ~torn])
        forced = _force(work.only(calm & torn), label[calm & torn])
        leader = _leaders(work, ~calm & ~torn)
        levels.append((grown, forced, _followers(work, leader)))
        rest = ~calm & (leader == np.arange(len(leader)))
        work = _halves(_led(work, leader).only(rest), cut[rest])

    # Whoever leads in a level has its heads from the levels below, which hold the halves.
    steps = NO_STEPS
    for grown, forced, followers in reversed(levels):
        steps = coalesce(steps)
        steps = concatenate([steps, follow(followers, steps), grown, forced])
    return coalesce(steps)


def _cut_days(work: Work, label: Ints) -> Days:
    """For each component the middle one of the days at which its stretch must be cut, or OPEN."""
    edges, apart = work.edges, work.apart
    ending = edges.end < work.until[edges.left]
    lifted = apart.end < work.until[apart.left]
    # A decision that holds from the younger record's first day on needs no cut.
    imposed = apart.start > np.maximum(work.since[apart.left], work.since[apart.right])
    nodes = np.concatenate([edges.left[ending], apart.left[lifted], apart.left[imposed]])
    days = np.concatenate([edges.end[ending], apart.end[lifted], apart.start[imposed]])
    owners, days = unkey(np.unique(key(label[nodes], days)))
    owner, first, count = np.unique(owners, return_index=True, return_counts=True)
    cut = np.full(label.max() + 1, OPEN, np.int32)
    cut[owner] = days[first + count // 2]
    return cut


def _leaders(work: Work, mask: Mask) -> Ints:
    """For each node the oldest of those it is joined to on all its days; itself outside `mask`."""
    edges, since = work.edges, work.since
    lasting = mask[edges.left] & (edges.end >= work.until[edges.left])
    lasting &= (edges.start == since[edges.left]) & (edges.start == since[edges.right])
    group = components(len(since), edges.left[lasting], edges.right[lasting])
    return np.unique(group, return_index=True)[1][group]


def _followers(work: Work, leader: Ints) -> Steps:
    """Whom the nodes follow that are not their own leader."""
    led = np.flatnonzero(leader != np.arange(len(leader)))
    head, unknown = work.record[leader[led]], np.full(len(led), -1)
    return Steps(work.record[led], head, work.since[led], work.until[led], unknown)


def _led(work: Work, leader: Ints) -> Work:
    """The same work with all links moved to the leaders; links of a leader to itself are gone."""
    edges = work.edges.placed(leader)
    between = edges.left != edges.right
    return Work(work.record, work.since, work.until, edges.where(between), work.apart)


def _halves(work: Work, cut: Days) -> Work:
    """The same nodes before and from the cut day of each on."""
    early = work.since < cut
    place_early = np.cumsum(early) - 1
    place_late = np.arange(len(cut)) + early.sum()

    def split(links: Links) -> Links:
        day = cut[links.left]
        before = links.start < day
        after = links.end > day
        first, second = links.where(before), links.where(after)
        first_end = np.minimum(first.end, day[before])
        second_start = np.maximum(second.start, day[after])
        first = Links(first.left, first.right, first.start, first_end, first.edge)
        second = Links(second.left, second.right, second_start, second.end, second.edge)
        return first.placed(place_early).joined(second.placed(place_late))

    return Work(
        np.concatenate([work.record[early], work.record]),
        np.concatenate([work.since[early], np.maximum(work.since, cut)]),
        np.concatenate([cut[early], work.until]),
        split(work.edges),
        split(work.apart),
    )


def _grow(work: Work, label: Ints) -> Steps:
    """Heads where nothing ends and no decision holds."""
    edges = work.edges
    steps = growing_clusters(work.since, work.until, label, edges.left, edges.right, edges.start)
    return _named(steps, work)


def _force(work: Work, label: Ints) -> Steps:
    """Heads where nothing ends and the same decisions hold throughout."""
    edges, apart = work.edges, np.column_stack([work.apart.left, work.apart.right])
    steps = constrained_clusters(
        work.since, work.until, label, edges.left, edges.right, edges.start, apart
    )
    return _named(steps, work)


def _named(steps: Steps, work: Work) -> Steps:
    """Records and edges in place of nodes and positions."""
    by, known = steps.by.copy(), steps.by >= 0
    by[known] = work.edges.edge[by[known]]
    return Steps(work.record[steps.node], work.record[steps.head], steps.since, steps.until, by)
