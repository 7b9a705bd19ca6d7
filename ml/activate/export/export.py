"""`kith export`: one audience to one destination, once per published version."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ml.activate.bids.table import write_bid_values
from ml.activate.channels import NEEDED_CONSENTS, NO_MESSAGE
from ml.activate.contact_limits import read_contact_limits
from ml.activate.export.contacts import delivered_contacts, reported_contacts
from ml.activate.export.contents import Export, export_of
from ml.activate.export.destinations import DESTINATIONS, Destination
from ml.activate.export.facts import Facts, Terms
from ml.activate.export.gate import judge, reason_against
from ml.activate.export.ledger import Ledger
from ml.activate.export.moves import Standing, find_moves
from ml.activate.export.published import (
    AudienceTerms,
    PublishedVersion,
    fresh_version,
)
from ml.activate.export.reconciliation import in_words, reconcile
from ml.activate.export.suppression import read_suppression
from ml.data.warehouse import connect_in_memory
from ml.errors import KithError
from ml.home import SEEDS, Home

Report = Callable[[str], None]
DECLARED = SEEDS / "exports.csv"


@dataclass(frozen=True)
class Order:
    """What is asked for: an audience, a destination, the day (None: the version's), and whether by today's plan."""

    audience: str
    destination: str
    day: date | None = None
    is_planned: bool = False


def declared_orders(day: date | None, is_planned: bool, path: Path = DECLARED) -> list[Order]:
    """The pairs of audience and destination that are exported every day, in the order of the seed.

    Raises:
        KithError: a destination is none that is known.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for number, row in enumerate(rows, start=1):
        if row["destination"] not in DESTINATIONS:
            raise KithError(
                f"{path}, row {number}: '{row['destination']}' is no destination. Known: {', '.join(DESTINATIONS)}."
            )
    return [Order(row["audience"], row["destination"], day, is_planned) for row in rows]


def export_all(home: Home, orders: Iterable[Order], report: Report) -> None:
    """Export one order after the other; one that stops does not keep the others back.

    Raises:
        KithError: some stopped; every reason once.
    """
    stops: list[str] = []
    for order in orders:
        try:
            export_audience(home, order, report)
        except KithError as stop:
            stops.append(str(stop))
            report(f"{order.audience} to {order.destination}: stopped")
    if stops:
        raise KithError(" ".join(dict.fromkeys(stops)))


def export_audience(home: Home, order: Order, report: Report) -> Path:
    """Judge the people of an audience, and write what a destination is to be told; gives the folder.

    An export of this audience, destination and version that exists already is left as it is.

    Raises:
        KithError: the version is too old, the audience unknown, or a list that protects people is missing.
    """
    version, day = fresh_version(home, order.day)
    destination = DESTINATIONS[order.destination]
    ledger = Ledger(home, destination, order.audience)
    with connect_in_memory(home) as connection:
        published = PublishedVersion(connection, home, version)
        audience = published.audience(order.audience, lambda: bool(ledger.done()))
        place = ledger.place(version.name)
        if place.exists():
            ledger.forget_named()
            report(
                f"{order.audience} to {order.destination}: version {version.name} was exported before; nothing was "
                f"changed in {place}"
            )
            return place
        write_bid_values(connection, home, version)
        export = _prepare(home, order, day, ledger, published, audience)
    ledger.publish(version.name, export.files)
    ledger.forget_named()
    for line in in_words(export.account):
        report(line)
    report(f"  written: {place}")
    return place


def _prepare(
    home: Home,
    order: Order,
    day: date,
    ledger: Ledger,
    published: PublishedVersion,
    audience: AudienceTerms,
) -> Export:
    destination = ledger.destination
    terms = _terms(home, day, audience, destination)
    standing = ledger.standing()
    surviving = published.surviving()
    facts = _facts(home, order, terms, audience, ledger, published, standing, surviving)
    judged = judge(facts, terms, destination)
    moves = find_moves(
        judged,
        standing,
        ledger.pending(),
        destination,
        surviving,
        lambda who: reason_against(who, facts, terms, destination),
    )
    account = reconcile(
        judged,
        moves,
        terms,
        destination=destination.key,
        version=published.version.name,
        export_no=max(ledger.done(), default=0) + 1,
        is_planned=order.is_planned,
    )
    return export_of(account, judged, moves, terms, destination)


def _terms(home: Home, day: date, audience: AudienceTerms, destination: Destination) -> Terms:
    settings = home.settings
    channel = destination.channel_for(audience.channel)
    return Terms(
        audience=audience.key,
        day=day,
        channel=channel,
        purposes=NEEDED_CONSENTS.get(channel, ()),
        minimum_size=settings.min_list_size or destination.minimum_size,
        size_cap=audience.size_cap,
        caps=tuple(limit for limit in read_contact_limits() if limit.holds_for(channel)),
        profiling_default=settings.profiling_default,
        default_country=settings.default_country,
    )


def _facts(
    home: Home,
    order: Order,
    terms: Terms,
    audience: AudienceTerms,
    ledger: Ledger,
    published: PublishedVersion,
    standing: list[Standing],
    surviving: dict[str, str],
) -> Facts:
    members = () if audience.is_retired else published.members(audience.key)
    # Who stands there and is no member any more is looked at too: the reason is told.
    ids = {member.customer_id for member in members} | {
        surviving.get(one.customer_id, one.customer_id) for one in standing
    }
    # The plan chooses one message a day; an advertising list is no message.
    is_planned = order.is_planned and terms.channel not in NO_MESSAGE
    held_out, mixed = published.holdout(audience.purpose)
    contacts, opted_out = reported_contacts(
        home, terms.day, published.version.as_of_date, terms.channel, terms.caps, sorted(ids)
    )
    delivered_contacts(home, terms.day, terms.caps, ledger, surviving, contacts)
    suppressed = home.suppression_list
    return Facts(
        members=members,
        people=published.people(ids),
        suppression=read_suppression(
            suppressed,
            terms.default_country,
            published.customers_of() if suppressed.exists() else {},
            surviving,
        ),
        opted_out=opted_out,
        in_peace=published.in_peace(),
        mixed=mixed,
        held_out=held_out,
        contacts={who: frozenset(found) for who, found in contacts.items()},
        planned=published.planned(audience.key, terms.channel) if is_planned else None,
        values=published.values(ids),
    )
