"""What the simulation leaves behind: everybody's hidden state, and the log of what they did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.data.demo.process import Calendar

Ints = npt.NDArray[np.int64]
KEPT, GUEST, RETURNED, CANCELLED = range(4)
NOBODY = -1


@dataclass(frozen=True)
class State:
    """Hidden state at 00:00 of a day, of those who had come by then."""

    stage: Ints
    phase: Ints
    reach: Ints
    joined: Ints


@dataclass(frozen=True)
class History:
    """Logs as columns of integers, oldest first; every log has ``person`` and ``day``.

    orders: outcome, failed, grieves (1 when the failure made a content person grieved), messaged
    (1 when this week's campaign had reached the person)
    visits: wanting (1 when there was a wish behind it)
    contacts: unsubscribed, stage
    shares: number, brought (the person who came because of it, or -1)
    readings: stage (weekly, of people with a watch)

    ``state`` is that of the end: 00:00 of the day after the last simulated one. ``earlier`` holds
    the states of the days that were asked for.
    """

    logs: dict[str, dict[str, Ints]]
    state: State
    brought_by: Ints
    brought_by_share: Ints
    calendar: Calendar
    earlier: dict[int, State]
