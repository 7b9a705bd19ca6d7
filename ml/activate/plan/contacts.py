"""Who was written to lately, who said no, and how often people say no: from the warehouse and from own exports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.activate.channels import ANY_CHANNEL, NO_MESSAGE
from ml.activate.plan.declarations import Declarations
from ml.activate.reported_contacts import opted_out, visible_contacts
from ml.data.sql_text import literal
from ml.data.warehouse import connect, connect_in_memory, frame
from ml.errors import KithError
from ml.home import Home
from ml.run import RunState

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

OPENED = ("opened", "clicked", "redeemed")
# A warehouse holds every contact from the step that builds the events on.
BUILT = "events"
# People who ignore messages refuse more of them, and those who have stayed through many refuse less. Kinds of readers
# by how many messages came before, and by the share of them that was opened; two of seven opened are put before, so
# that a few do not count for much.
SENT_LIMITS = (5, 15, 30, 50)
OPENED_LIMITS = (0.2, 0.3)
READERS = (len(SENT_LIMITS) + 1) * (len(OPENED_LIMITS) + 1)


@dataclass(frozen=True)
class Contacts:
    """Days with a contact, refusals and their rates, as visible at the day."""

    days: pd.DataFrame
    said_no: pd.DataFrame
    readers: pd.DataFrame
    rates: dict[str, Ints]
    declared: Declarations
    day: date

    @classmethod
    def read(cls, home: Home, day: date, declared: Declarations) -> Contacts:
        """Read what is visible at the day.

        Raises:
            KithError: the warehouse was built for another day.
        """
        built = RunState.built_for(home, BUILT)
        if built != day:
            raise KithError(
                f"A plan for {day} needs the warehouse in {home.root} built for that day, to know who was written to "
                f"lately; it was built for {built or 'no day'}. Run `kith build --as-of-date {day}` first."
            )
        visible = visible_contacts(day)
        longest = max((limit.period_days for limit in declared.limits), default=1)
        with connect(home, read_only=True) as connection:
            days = frame(
                connection,
                f"select distinct customer_id, channel, contact_date from {visible} "
                f"where contact_date > date '{day - timedelta(days=longest)}' order by 1, 2, 3",
            )
            consents = {rules.channel: rules.consent for rules in declared.channels.values()}
            said_no = frame(connection, opted_out(day, consents))
            history = _history(visible)
            readers = frame(connection, f"{history} {_READERS_NOW}")
            counts = connection.execute(f"{history} {_RATES}").fetchall()
        rates = {channel: np.zeros((READERS, 3), dtype=np.int64) for channel in declared.channels}
        for channel, reader, *counted in counts:
            if channel in rates:
                rates[channel][reader] = counted
        exported = _exported(home, day).astype({"contact_date": days["contact_date"].dtype})
        both = pd.concat([days, exported])
        return cls(both.drop_duplicates(), said_no, readers, rates, declared, day)

    def counts(self, place: pd.Series[int], customers: int) -> dict[tuple[str, int], Ints]:
        """Per limit and customer, the days with a contact in the period before the planned day.

        ``place`` knows former ids, too.
        """
        at = self.days["customer_id"].map(place)
        rows = self.days[at.notna()].assign(place=at.dropna().astype(np.int64))
        found = {}
        for limit in self.declared.limits:
            since = pd.Timestamp(self.day - timedelta(days=limit.period_days))
            part = rows[rows["contact_date"] > since]
            if limit.channel != ANY_CHANNEL:
                part = part[part["channel"] == limit.channel]
            days = part.drop_duplicates(["place", "contact_date"])["place"]
            counted = np.bincount(days, minlength=customers)
            found[limit.channel, limit.period_days] = counted.astype(np.int64)
        return found

    def kinds(self, place: pd.Series[int]) -> dict[str, Ints]:
        """Per channel and customer, the kind of reader: a row of the channel's rates."""
        at = self.readers["customer_id"].map(place)
        rows = self.readers[at.notna()].assign(place=at.dropna().astype(np.int64))
        found = {}
        for channel in self.declared.channels:
            kinds = np.zeros(len(place), dtype=np.int64)
            part = rows[rows["channel"] == channel]
            kinds[part["place"]] = part["reader"]
            found[channel] = kinds
        return found

    def refused(self, place: pd.Series[int]) -> dict[str, Flags]:
        """Per channel, who unsubscribed or complained there, and has not said yes again since."""
        at = self.said_no["customer_id"].map(place)
        rows = self.said_no[at.notna()].assign(place=at.dropna().astype(np.int64))
        found = {}
        for channel in self.declared.channels:
            refused = np.zeros(len(place), dtype=bool)
            refused[rows.loc[rows["channel"] == channel, "place"]] = True
            found[channel] = refused
        return found


def _history(visible: str) -> str:
    """Every contact of the channels, with what kind of reader the person was before it (table `told`)."""
    opened = ", ".join(literal(outcome) for outcome in OPENED)
    by_share = " + ".join(
        f"cast((2 + opened) / (7.0 + sent) >= {limit} as integer)" for limit in OPENED_LIMITS
    )
    by_count = " + ".join(f"cast(sent >= {limit} as integer)" for limit in SENT_LIMITS)
    reader = f"({by_count}) * {len(OPENED_LIMITS) + 1} + {by_share}"
    return f"""
        with contacts as (
            select customer_id, channel, outcome, occurred_at, contact_id, outcome in ({opened}) as is_opened
            from {visible} where channel is not null
        ),
        before as (
            select *, count(*) over earlier as sent,
                coalesce(sum(cast(is_opened as integer)) over earlier, 0) as opened
            from contacts
            window earlier as (partition by customer_id, channel order by occurred_at, contact_id
                rows between unbounded preceding and 1 preceding)
        ),
        told as (
            select *, {reader} as reader from before
        ),
        now as (
            select customer_id, channel, count(*) as sent, sum(cast(is_opened as integer)) as opened
            from contacts group by customer_id, channel
        ),
        readers as (
            select customer_id, channel, {reader} as reader from now
        )
    """


_READERS_NOW = "select customer_id, channel, reader from readers order by 1, 2"
_RATES = """
    select channel, reader, count(*), count(*) filter (where outcome = 'unsubscribed'),
        count(*) filter (where outcome = 'complained')
    from told group by channel, reader order by channel, reader
"""


def _exported(home: Home, day: date) -> pd.DataFrame:
    """Whom own lists reached on days before: customer_id (of that day), channel, contact_date.

    Who stands in a list for advertisements got no message by it.
    """
    logs = sorted(home.exports.glob("*/*/[!.]*/log.parquet"))
    if not logs:
        return pd.DataFrame({"customer_id": [], "channel": [], "contact_date": []}, dtype=object)
    files = ", ".join(literal(log) for log in logs)
    with connect_in_memory(home) as connection:
        return frame(
            connection,
            f"""
            select distinct customer_id, channel, as_of_date as contact_date
            from read_parquet([{files}], union_by_name = true)
            where is_delivered and as_of_date < ? and not list_contains(?, channel)
            order by 1, 2, 3
            """,
            [day, list(NO_MESSAGE)],
        )
