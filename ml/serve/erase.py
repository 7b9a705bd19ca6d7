"""`kith erase`: forgetting a person.

First the list of erased people is written: from then on no run sees their rows, and whatever is
interrupted afterwards is finished by the same command once more. Then everything that was made from those
rows is rewritten or removed, and what could not be reached is told.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pandas as pd

from ml.data import landed_person
from ml.data.build import build_identity, build_landing
from ml.data.check import EVERYTHING
from ml.data.demo import default_truth_folder
from ml.data.erased_person import (
    Record,
    records_of_customer,
    records_with,
    remember,
)
from ml.data.erasure_filter import ErasureFilter
from ml.data.erasures import Erasures, load_erasures
from ml.data.landing import Landing, discover
from ml.data.landing_rewrite import rewrite_file
from ml.data.raw_layer import ingest, records_to_erase
from ml.data.warehouse import connect, connect_in_memory, table_exists
from ml.errors import KithError
from ml.home import Home
from ml.run import Run, RunState
from ml.serve.forget_versions import finish_swaps, forget_in_versions, records_in_versions
from ml.serve.sweep import sweep
from ml.serve.versions import Versions

Report = Callable[[str], None]


@dataclass(frozen=True)
class Erasure:
    """Whom to forget, and where: a customer by id, or by a record (source, source_key)."""

    home: Home
    landing: Path
    customer_id: str | None = None
    record: Record | None = None
    rewrite_landing: bool = False
    report: Report = field(default=print, compare=False)


def erase_person(erasure: Erasure) -> None:
    """Forget a person: remember keyed hashes, rewrite what was published, remove what can be rebuilt.

    Raises:
        KithError: the person is not known, or the landing zone cannot be read.
    """
    home, say = erasure.home, erasure.report
    landing = discover(erasure.landing)
    finish_swaps(home)
    erasures = load_erasures(home.erasures) or Erasures()
    if _is_on_the_list(erasures, erasure):
        say("this person is on the list of erased people already; the work is done again")
    else:
        _remember_person(erasure, landing, erasures)
        # From here on no run sees the person, and this command, given again, finishes what was interrupted.
    texts = _texts_to_seek(erasure, landing, erasures)
    for version in forget_in_versions(home, erasures):
        say(f"rewritten: version {version}")
    if samples := _forget_in_mlflow(home, erasures):
        say(f"rewritten: {samples} data samples in MLflow")
    shutil.rmtree(home.warehouse, ignore_errors=True)
    say(f"removed: {home.warehouse}; the next run builds it anew")
    unreached = _forget_in_landing(erasure, landing, erasures)
    unreached += _look_everywhere(erasure, texts)
    for what in unreached:
        say(f"not reached: {what}")
    say(
        f"erased; the list of erased people is {home.erasures}. Keep it: without it their rows come back"
    )


def _is_on_the_list(erasures: Erasures, erasure: Erasure) -> bool:
    if erasure.record is not None:
        return erasures.holds("record", *erasure.record)
    return erasures.holds("customer", str(erasure.customer_id))


def _remember_person(erasure: Erasure, landing: Landing, erasures: Erasures) -> None:
    """Put a person on the list, from a warehouse that knows who is who."""
    home, say = erasure.home, erasure.report
    whole = _whole_landing(erasure, landing)
    known = _known_records(erasure, whole)
    _build_identity(erasure)
    with connect(home) as connection:
        if erasure.record is not None:
            records = records_with(connection, erasure.record)
        else:
            records = records_of_customer(connection, str(erasure.customer_id))
    # What the warehouse does not know has its rows in the future, or had them in the past.
    records = records or known
    with connect_in_memory(home) as engine:
        orders = landed_person.orders_of(engine, whole, records)
    with connect(home) as connection:
        shared = remember(connection, erasures, records, orders)
    if erasure.customer_id is not None:
        erasures.add("customer", erasure.customer_id)
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
        if found:
            return found
        if erasure.record is not None and landed_person.holds_record(engine, whole, erasure.record):
            return [erasure.record]
    if erasure.customer_id is not None and RunState.built_for(home, "identity"):
        with connect(home) as connection:
            if found := records_of_customer(connection, erasure.customer_id):
                return found
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


def _build_identity(erasure: Erasure) -> None:
    """See to it that the warehouse says who is who on the day of the newest version, or on a later one."""
    home = erasure.home
    published = [version.as_of_date for version in Versions(home).all()]
    built = RunState.built_for(home, "identity")
    days = [*published, *([built] if built else [])]
    wanted = max(days, default=EVERYTHING)
    if built == wanted and _knows_traces(home):
        return
    erasure.report(f"finding out who is who as of {wanted if days else 'the last fact'}")
    run = Run.of(home.root, erasure.landing, wanted, None, lambda line: None)
    build_landing(run)
    build_identity(run)


def _knows_traces(home: Home) -> bool:
    """Was the warehouse built by a Kith that knows of erasures?"""
    with connect(home) as connection:
        return table_exists(connection, "control.former_holders")


def _whole_landing(erasure: Erasure, landing: Landing) -> Path:
    """All rows of the landing zone as raw rows, those of erased people, too; removed with the warehouse."""
    whole = erasure.home.warehouse / "whole"
    ingest(landing, whole)
    return whole


def _texts_to_seek(erasure: Erasure, landing: Landing, erasures: Erasures) -> list[str]:
    whole = _whole_landing(erasure, landing)
    with connect_in_memory(erasure.home) as engine:
        return landed_person.texts_to_seek(engine, whole, _filter(erasure.home, erasures))


def _filter(home: Home, erasures: Erasures) -> ErasureFilter:
    return ErasureFilter(erasures, home.settings.default_country)


def _forget_in_mlflow(home: Home, erasures: Erasures) -> int:
    from ml.learn.registry import Registry

    def without(content: bytes) -> bytes | None:
        sample = pd.read_parquet(BytesIO(content))
        if "customer_id" not in sample:
            return None
        ids = {one: erasures.holds("customer", one) for one in sample["customer_id"].unique()}
        gone = sample["customer_id"].map(ids)
        return sample[~gone].to_parquet(index=False) if gone.any() else None

    return Registry(home).rewrite_samples(without) if Registry.exists(home) else 0


def _forget_in_landing(erasure: Erasure, landing: Landing, erasures: Erasures) -> list[str]:
    """Rewrite the landing files when asked to; gives what still holds rows of erased people."""
    erased = _filter(erasure.home, erasures)
    scratch = erasure.home.warehouse / "scratch"
    scratch.mkdir(parents=True)
    unreached = []
    for file in landing.files:
        changes = dict(records_to_erase(file, erased, scratch))
        if not changes:
            continue
        if not erasure.rewrite_landing:
            unreached.append(
                f"{file.path}: {len(changes):,} rows; runs leave them out, --rewrite-landing takes them out of the file"
            )
            continue
        try:
            rewrite_file(file, changes)
            erasure.report(f"rewritten: {file.path}, {len(changes):,} rows")
        except (OSError, csv.Error, ValueError) as error:
            unreached.append(f"{file.path}: it could not be rewritten ({type(error).__name__})")
    shutil.rmtree(erasure.home.warehouse)
    truth = default_truth_folder(erasure.landing)
    if truth.exists():
        unreached.append(f"{truth}: the truth of a demo brand names everybody in it")
    return unreached


def _look_everywhere(erasure: Erasure, texts: list[str]) -> list[str]:
    home = erasure.home
    landing = [erasure.landing, default_truth_folder(erasure.landing)]
    struck, holding = sweep(home.root, texts, [*landing, home.erasures, home.root / "lock"])
    for path in struck:
        erasure.report(f"struck out: {path}")
    return [
        *(f"{path}: it still holds a text of the person" for path in holding),
        "copies outside: backups, exports, tables that other programs read from the published versions",
    ]
