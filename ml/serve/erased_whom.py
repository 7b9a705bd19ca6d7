"""Whom an erasure is about: the records of one person, found, and put on the list of erased people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ml.data import landed_person
from ml.data.build import build_identity
from ml.data.check import EVERYTHING
from ml.data.erased_person import Record, records_of_customer, records_with, remember
from ml.data.erasures import Erasures
from ml.data.landing import Landing
from ml.data.raw_layer import ingest
from ml.data.stage import build_landing
from ml.data.warehouse import connect, connect_in_memory, table_exists
from ml.errors import KithError
from ml.home import Home
from ml.run import Run, RunState
from ml.serve.erased_trial import keep_ids_of_others
from ml.serve.forget_versions import records_in_versions
from ml.serve.versions import Versions
from ml.stores.place import Place

Report = Callable[[str], None]
WHOLE = "whole"  # folder in the warehouse: landed rows of everybody, while the work lasts


@dataclass(frozen=True)
class Erasure:
    """Whom to forget, and where: a customer by id, or by a record (source, source_key)."""

    home: Home
    landing: Place
    customer_id: str | None = None
    record: Record | None = None
    rewrite_landing: bool = False
    report: Report = field(default=print, compare=False)


def is_on_the_list(erasures: Erasures, erasure: Erasure) -> bool:
    """Was this person erased before?"""
    if erasure.record is not None:
        return erasures.holds("record", *erasure.record)
    return erasures.holds("customer", str(erasure.customer_id))


def remember_person(erasure: Erasure, landing: Landing, erasures: Erasures) -> None:
    """Put a person on the list, from a warehouse that knows who is who.

    Raises:
        KithError: the person is not known.
    """
    home, say = erasure.home, erasure.report
    whole = whole_landing(erasure, landing)
    known = _known_records(erasure, whole)
    run = _build_identity(erasure)
    with connect(home) as connection:
        if erasure.record is not None:
            records = records_with(connection, erasure.record)
        else:
            records = records_of_customer(connection, str(erasure.customer_id))
    # What the warehouse does not know has its rows in the future, or had them in the past.
    records = records or known
    if not records:
        raise _unknown(erasure)
    with connect_in_memory(home) as engine:
        orders = landed_person.orders_of(engine, whole, records)
    with connect(home) as connection:
        shared = remember(connection, erasures, records, orders)
    if erasure.customer_id is not None:
        erasures.add("customer", erasure.customer_id)
    _keep_ids_of_others(run, erasures, say)
    erasures.save(home.erasures)
    say(f"remembered: keyed hashes of {len(records):,} records and {len(orders):,} orders")
    for value in shared:
        say(
            f"not reached: a value of the type {value.id_type} is also held by {value.customers:,} other customers; "
            "it stays in their rows"
        )


def _known_records(erasure: Erasure, whole: Path) -> list[Record]:
    """What can be said of the person without a warehouse: the records of the newest version that knows them.

    Raises:
        KithError: no version knows the person, nor does the warehouse, nor (a record) the landing zone.
    """
    home = erasure.home
    with connect_in_memory(home) as engine:
        found = records_in_versions(engine, home, erasure.customer_id, erasure.record)
        if found is not None:
            return found
        if erasure.record is not None and landed_person.holds_record(engine, whole, erasure.record):
            return [erasure.record]
    if erasure.customer_id is not None and RunState.built_for(home, "identity"):
        with connect(home) as connection:
            if records := records_of_customer(connection, erasure.customer_id):
                return records
    raise _unknown(erasure)


def _unknown(erasure: Erasure) -> KithError:
    if erasure.record is not None:
        return KithError(
            f"No row in {erasure.landing} and no published version names the record given with --key. Nothing was "
            "changed. Give the source and the key as the landing zone writes them."
        )
    return KithError(
        f"The id given with --customer is the id of no customer in {erasure.home.root}, of today or retired. Nothing "
        "was changed. Ids stand in identity_map.parquet of a published version; --key SOURCE KEY names a record."
    )


def _keep_ids_of_others(run: Run, erasures: Erasures, say: Report) -> None:
    say(f"trying out that nobody else gets another id, as of {run.as_of_date}")
    settled = len(erasures.traces.members)
    left = keep_ids_of_others(run, erasures)
    if added := len(erasures.traces.members) - settled:
        say(f"kept: what was found out about {added:,} records of others, whose ids rested on it")
    if left:
        say(f"not reached: {left:,} records of others take part in a change of ids")
    if erasures.traces.epochs:
        say(
            f"kept: what the matching of records has learned ({len(erasures.traces.epochs)} sets of figures), also in "
            f"{run.home.matching}; it holds nobody's data"
        )


def _build_identity(erasure: Erasure) -> Run:
    """See to it that the warehouse says who is who on the day of the newest version, or on a later one."""
    home = erasure.home
    published = [version.as_of_date for version in Versions(home).all()]
    built = RunState.built_for(home, "identity")
    days = [*published, *([built] if built else [])]
    wanted = max(days, default=EVERYTHING)
    run = Run.of(home.root, erasure.landing, wanted, None, lambda line: None)
    if built != wanted or not _knows_traces(home):
        erasure.report(f"finding out who is who as of {wanted if days else 'the last fact'}")
        build_landing(run)
        build_identity(run)
    return run


def _knows_traces(home: Home) -> bool:
    """Was the warehouse built by a Kith that knows of erasures?"""
    with connect(home) as connection:
        return table_exists(connection, "control.former_members")


def whole_landing(erasure: Erasure, landing: Landing) -> Path:
    """All rows of the landing zone as raw rows, those of erased people, too; removed with the warehouse."""
    whole = erasure.home.warehouse / WHOLE
    ingest(landing, whole)
    return whole
