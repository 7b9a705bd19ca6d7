"""Clusters under edges that also end.

Time is cut where something ends, but only for the component concerned, and again only for the parts
into which it falls in each half. Halving stops as soon as, within a stretch of time, edges are only
added. Records that are joined all through a stretch go on as one. So the work follows the changes,
not the days or the whole graph. Components in which not every edge may unite go another way.
"""

from dataclasses import dataclass

import numpy as np

from ml.identity.greedy import Rules, constrained_clusters
from ml.identity.links import Links
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
class Work:
    """Nodes, each a record in a stretch of days [since, until), and the edges between them.

    Nodes that can meet share their stretch and are numbered by age. `since` is the day of the
    record's entry where that is later than the begin of the stretch. Edges come in the order of
    their strength.
    """

    record: Ints
    since: Days
    until: Days
    edges: Links

    def only(self, mask: Mask) -> "Work":
        """The nodes of the mask and the edges between them; edges never lead out of the mask."""
        if mask.all():
            return self
        edges = self.edges.where(mask[self.edges.left]).placed(np.cumsum(mask) - 1)
        return Work(self.record[mask], self.since[mask], self.until[mask], edges)


def trace_clusters(entered: Days, edges: Links, rules: Rules) -> Steps:
    """Heads of all records over time: `node` and `head` are records, `by` the name of an edge.

    Edges come in the order of their strength.
    """
    record = np.arange(len(entered))
    label = components(len(entered), edges.left, edges.right)
    apart = rules.apart.where(label[rules.apart.left] == label[rules.apart.right])
    torn = np.bincount(label)[label] > rules.limit
    torn |= np.isin(label, label[apart.left])
    work = Work(record, entered, np.full(len(entered), OPEN, np.int32), edges)
    free = _trace_free(work.only(~torn), label[~torn])
    if not torn.any():
        return free
    work, apart = work.only(torn), apart.placed(np.cumsum(torn) - 1)
    kept = Rules(rules.priority, apart, rules.refuses_from, rules.limit)
    forced = constrained_clusters(work.since, label[torn], work.edges, kept)
    return coalesce(concatenate([free, _named(forced, work)]))


def _trace_free(work: Work, label: Ints) -> Steps:
    """Heads of all records where every edge unites; `label` is the component of each."""
    levels = []
    while len(work.record):
        cut = _cut_days(work, label)[label]
        calm = cut == OPEN
        grown = _grow(work.only(calm), label[calm])
        leader = _leaders(work, ~calm)
        levels.append((grown, _followers(work, leader)))
        rest = ~calm & (leader == np.arange(len(leader)))
        work = _halves(_led(work, leader).only(rest), cut[rest])
        label = components(len(work.record), work.edges.left, work.edges.right)

    # Whoever leads in a level has its heads from the levels below, which hold the halves.
    steps = NO_STEPS
    for grown, followers in reversed(levels):
        steps = coalesce(steps)
        steps = concatenate([steps, follow(followers, steps), grown])
    return coalesce(steps)


def _cut_days(work: Work, label: Ints) -> Days:
    """For each component the middle one of the days at which its stretch must be cut, or OPEN."""
    edges = work.edges
    ending = edges.end < work.until[edges.left]
    owners, days = unkey(np.unique(key(label[edges.left[ending]], edges.end[ending])))
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
    return Work(work.record, work.since, work.until, edges.where(between))


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
    )


def _grow(work: Work, label: Ints) -> Steps:
    """Heads where nothing ends."""
    edges = work.edges
    steps = growing_clusters(work.since, work.until, label, edges.left, edges.right, edges.start)
    return _named(steps, work)


def _named(steps: Steps, work: Work) -> Steps:
    """Records and edges in place of nodes and positions."""
    by, known = steps.by.copy(), steps.by >= 0
    by[known] = work.edges.edge[by[known]]
    return Steps(work.record[steps.node], work.record[steps.head], steps.since, steps.until, by)
