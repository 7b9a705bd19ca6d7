"""Heads as step functions of the day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Days = NDArray[np.int32]
Mask = NDArray[np.bool_]

OPEN = int(np.iinfo(np.int32).max)  # the day that never comes: still active, still valid


@dataclass(frozen=True)
class Steps:
    """On the days [since, until) `node` belongs to `head`.

    Where the node was its own head the day before, `by` is the edge that ended this; -1 otherwise
    or where the edge is not known.
    """

    node: Ints
    head: Ints
    since: Days
    until: Days
    by: Ints

    def where(self, index: Ints | Mask) -> "Steps":
        """The steps of a mask or at some positions."""
        since, until = self.since[index], self.until[index]
        return Steps(self.node[index], self.head[index], since, until, self.by[index])


NO_STEPS = Steps(*(np.empty(0, kind) for kind in "qqiiq"))


def key(number: Ints, day: Days | Ints) -> Ints:
    """Number (below 2**31) and day as one integer of the same order; days may be negative."""
    return number << 32 | day.astype(np.int64) + 2**31


def unkey(keys: Ints) -> tuple[Ints, Ints]:
    """Number and day of each key."""
    return keys >> 32, (keys & 0xFFFFFFFF) - 2**31


def matches(first: Ints, end: Ints) -> tuple[Ints, Ints]:
    """All (i, j) with first[i] <= j < end[i], in this order."""
    count = end - first
    i = np.repeat(np.arange(len(first)), count)
    return i, np.arange(len(i)) + np.repeat(first - (np.cumsum(count) - count), count)


def concatenate(steps: list[Steps]) -> Steps:
    """One `Steps` of many, in their order."""
    return Steps(
        np.concatenate([s.node for s in steps]),
        np.concatenate([s.head for s in steps]),
        np.concatenate([s.since for s in steps]),
        np.concatenate([s.until for s in steps]),
        np.concatenate([s.by for s in steps]),
    )


def coalesce(steps: Steps) -> Steps:
    """The same step functions, sorted by node and day, without steps that change nothing."""
    steps = steps.where(np.argsort(key(steps.node, steps.since), kind="stable"))
    same = (steps.node[1:] == steps.node[:-1]) & (steps.head[1:] == steps.head[:-1])
    goes_on = same & (steps.until[:-1] == steps.since[1:])
    first = np.flatnonzero(np.append(True, ~goes_on)[: len(steps.node)])
    last = np.append(first[1:], len(steps.node))[: len(first)] - 1
    kept = steps.where(first)
    return Steps(kept.node, kept.head, kept.since, steps.until[last], kept.by)


def follow(followers: Steps, leaders: Steps) -> Steps:
    """The steps of nodes that share, from `since` to `until`, whatever head their `head` has.

    `leaders` is coalesced and knows every leader on all those days.
    """
    keys = key(leaders.node, leaders.since)
    first = np.searchsorted(keys, key(followers.head, followers.since), "right") - 1
    end = np.searchsorted(keys, key(followers.head, followers.until), "left")
    one, step = matches(first, end)
    since = np.maximum(followers.since[one], leaders.since[step])
    until = np.minimum(followers.until[one], leaders.until[step])
    unknown = np.full(len(one), -1)
    return Steps(followers.node[one], leaders.head[step], since, until, unknown)
