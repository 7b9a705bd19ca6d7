"""Contacts of the days before: what the brand reported (the warehouse), and what Kith's own lists delivered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

import duckdb

from ml.activate.channels import ANY_CHANNEL, NEEDED_CONSENTS, NO_MESSAGE
from ml.activate.contact_limits import ContactLimit
from ml.activate.export.destinations import DESTINATIONS
from ml.activate.export.facts import Contact
from ml.activate.export.ledger import LOG, Ledger, all_ledgers, read_log
from ml.activate.reported_contacts import opted_out, visible_contacts
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.home import Home
from ml.run import RunState

Contacts = dict[str, set[Contact]]

_CHANNELS = "select distinct lower(channel) as channel from events.fct_contacts order by channel"


def reported_contacts(
    home: Home,
    day: date,
    version_day: date,
    channel: str,
    caps: Iterable[ContactLimit],
    ids: list[str],
) -> tuple[Contacts, frozenset[str]]:
    """What the brand reported of these people: contacts within the caps, and who opted out of the channel.

    Raises:
        KithError: the warehouse does not reach the version's day, so that nobody knows who unsubscribed.
    """
    built = RunState.built_for(home, "events")
    if built is None or built < version_day:
        raise KithError(
            f"Who unsubscribed and who was contacted lately stands in the warehouse of {home.root}, which "
            f"{f'was built for {built}' if built else 'is not built'}; the version is of {version_day}. Nothing was "
            "exported. Run `kith run` for the version's day first."
        )
    caps = list(caps)
    with connect(home, read_only=True) as connection:
        consent = NEEDED_CONSENTS.get(channel, ())
        # A yes that was said after the unsubscribing opens the channel again, if it is the only one needed.
        reopened_by = {channel: consent[0] if len(consent) == 1 else ""}
        left = connection.execute(opted_out(day, reopened_by)).fetchall()
        found: Contacts = {}
        if caps:
            for who, on_channel, on in _contacted(connection, day, caps, ids):
                found.setdefault(who, set()).add((on_channel, on))
    return found, frozenset(who for who, _ in left)


def _contacted(
    connection: duckdb.DuckDBPyConnection, day: date, caps: list[ContactLimit], ids: list[str]
) -> list[tuple[str, str, date]]:
    channels = {cap.channel for cap in caps}
    if ANY_CHANNEL in channels:
        known = {channel for (channel,) in connection.execute(_CHANNELS).fetchall() if channel}
        channels = known - set(NO_MESSAGE)
    since = _first_day(day, caps)
    return connection.execute(
        f"""
        select distinct customer_id, channel, contact_date from {visible_contacts(day)}
        where contact_date >= $since and channel in (select unnest($channels))
            and customer_id in (select unnest($ids))
        order by all
        """,
        {"since": since, "channels": sorted(channels), "ids": ids},
    ).fetchall()


def delivered_contacts(
    home: Home,
    day: date,
    caps: Iterable[ContactLimit],
    this: Ledger,
    surviving: Mapping[str, str],
    into: Contacts,
) -> None:
    """Add what Kith's own lists delivered within the caps.

    The same audience at the same destination on the same day is the same occasion, and does not count.
    """
    caps = list(caps)
    if not caps:
        return
    meant, since = {cap.channel for cap in caps}, _first_day(day, caps)
    for ledger in all_ledgers(home, DESTINATIONS):
        is_this = ledger.folder == this.folder
        for folder in _exports_since(ledger, since, home.settings.max_score_age_days):
            for who, channel, on in _delivered(folder):
                counts = channel in meant or (ANY_CHANNEL in meant and channel not in NO_MESSAGE)
                if counts and since <= on <= day and not (is_this and on == day):
                    into.setdefault(surviving.get(who, who), set()).add((channel, on))


def _exports_since(ledger: Ledger, since: date, most_age: int) -> list[Path]:
    """Exports that may have been made on a day or later: a version's name begins with its own day."""
    folders = sorted(path.parent for path in ledger.folder.glob(f"[!.]*/{LOG}"))
    first = since - timedelta(days=most_age)
    return [folder for folder in folders if date.fromisoformat(folder.name[:10]) >= first]


def _delivered(folder: Path) -> list[tuple[str, str, date]]:
    log = read_log(folder, ["customer_id", "channel", "as_of_date", "is_delivered"])
    return [
        (row["customer_id"], row["channel"], row["as_of_date"])
        for row in log.filter(log["is_delivered"]).to_pylist()
    ]


def _first_day(day: date, caps: Iterable[ContactLimit]) -> date:
    return day - timedelta(days=max(cap.period_days for cap in caps) - 1)
