"""How often a person may be contacted: the list `contact_limits.csv` in `dbt_project/seeds`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ml.activate.channels import ANY_CHANNEL, NO_MESSAGE
from ml.activate.lists import count, read_list, word
from ml.home import SEEDS


@dataclass(frozen=True, slots=True)
class ContactLimit:
    """At most so many days with a contact within a period of days, on one channel or on `any`: on all of them."""

    channel: str
    period_days: int
    most_contacts: int

    def holds_for(self, channel: str) -> bool:
        """Is a message on this channel bound by it? Lists that disturb nobody are bound by limits of their own only."""
        return self.channel == channel or (
            self.channel == ANY_CHANNEL and channel not in NO_MESSAGE
        )


def read_contact_limits(folder: Path = SEEDS) -> tuple[ContactLimit, ...]:
    """Every limit, in the order of the list.

    Raises:
        KithError: the list cannot be read, or holds a value that makes no sense.
    """
    return read_list(
        folder / "contact_limits.csv",
        ContactLimit,
        {"channel": word, "period_days": count, "most_contacts": count},
        ("channel", "period_days"),
    )
