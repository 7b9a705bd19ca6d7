"""What a message may change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """One thing that may happen after a campaign; ``sign`` is +1 where it is wanted, -1 where it is not.

    ``closed`` and ``days`` name the columns of a learning row that tell whether its window has closed, and its length.
    """

    name: str
    sign: int
    closed: str
    days: str
    words: str


OUTCOMES = (
    Outcome("purchase", 1, "is_read", "read_days", "ordering"),
    Outcome("churn", -1, "is_stay_read", "stay_days", "not ordering"),
    Outcome("refusal", -1, "is_read", "read_days", "unsubscribing or complaining"),
)
