"""What one export consists of, as bytes before anything is written: list, values, removals, log, account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from ml.activate.export.destinations import Destination
from ml.activate.export.facts import Terms
from ml.activate.export.files import csv_bytes, parquet_bytes, table_bytes
from ml.activate.export.gate import Judged
from ml.activate.export.ledger import (
    LIST,
    LOG,
    LOG_SCHEMA,
    RECONCILIATION,
    REMOVALS,
    VALUES,
    is_hashed,
    removal_rows,
)
from ml.activate.export.moves import REMOVE, Keys, Moves
from ml.activate.export.reconciliation import Reconciliation


@dataclass(frozen=True)
class Export:
    """The account of an export, and its files by name."""

    account: Reconciliation
    files: dict[str, bytes]


def export_of(
    account: Reconciliation, judged: Judged, moves: Moves, terms: Terms, destination: Destination
) -> Export:
    """Make every file of an export."""
    suffix = destination.suffix
    files: dict[str, bytes] = {}
    rows: dict[str, int] = {}
    if not judged.is_stopped:
        listed = [verdict.row for verdict in moves.list_rows]
        files[f"{LIST}.{suffix}"] = table_bytes(destination.header, listed, suffix)
        rows[f"{LIST}.{suffix}"] = len(listed)
        if destination.has_values:
            valued = [(*v.row, _number(v.value)) for v in moves.list_rows if v.value > 0]
            files[f"{VALUES}.csv"] = csv_bytes([*destination.header, "value"], valued)
            rows[f"{VALUES}.csv"] = len(valued)
    named = [one.keys for one in moves.removals if one.is_named]
    header, removed = removal_rows(named, destination)
    files[f"{REMOVALS}.{suffix}"] = table_bytes(header, removed, suffix)
    rows[f"{REMOVALS}.{suffix}"] = len(removed)
    account = replace(account, files=rows)
    files[LOG] = parquet_bytes(_log(account, moves, terms, destination))
    told = json.dumps(account.as_json(), indent=1) + "\n"
    files[RECONCILIATION] = told.encode("utf-8")
    return Export(account, files)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


# What differs from row to row in a log; the rest is the same in all of it.
_OF_A_ROW = (
    "customer_id", "group", "is_eligible", "action", "reason", "is_delivered", "file_row", "bid_value",
    "email_sha256", "phone_sha256",
)  # fmt: skip
_LogRow = tuple[
    str | None, str | None, bool, str, str | None, bool, int | None, float | None, str | None, str | None
]  # fmt: skip


def _log(account: Reconciliation, moves: Moves, terms: Terms, destination: Destination) -> pa.Table:
    """One row per person looked at, and one per removal."""
    rows = [*_rows_of_members(moves, destination), *_rows_of_removals(moves, destination)]
    shared = {
        "version": account.version,
        "as_of_date": terms.day,
        "export_no": account.export_no,
        "destination": account.destination,
        "audience": account.audience,
        "channel": terms.channel,
    }
    columns = dict(zip(_OF_A_ROW, zip(*rows, strict=True), strict=True)) if rows else {}
    return pa.table(
        [
            pa.repeat(pa.scalar(shared[field.name], field.type), len(rows))
            if field.name in shared
            else pa.array(columns.get(field.name, ()), field.type)
            for field in LOG_SCHEMA
        ],
        schema=LOG_SCHEMA,
    )


def _rows_of_members(moves: Moves, destination: Destination) -> Iterator[_LogRow]:
    listed = 0
    for one, action, keys in moves.actions:
        is_delivered = one.reason is None
        listed += is_delivered
        row = listed if is_delivered else None
        yield (
            one.customer_id, one.group, one.is_eligible, action, one.reason, is_delivered, row, one.value,
            *_hashes(keys, destination),
        )  # fmt: skip


def _rows_of_removals(moves: Moves, destination: Destination) -> Iterator[_LogRow]:
    removed = 0
    for one in moves.removals:
        removed += one.is_named
        row = removed if one.is_named else None
        # Of somebody erased the log keeps that there was one, and nothing else.
        hashes = _hashes(one.keys if one.customer_id else (), destination)
        yield (one.customer_id, None, False, REMOVE, one.reason, False, row, None, *hashes)


def _hashes(keys: Keys, destination: Destination) -> tuple[str | None, str | None]:
    if not keys or not is_hashed(destination):
        return None, None
    email, phone = keys
    return email or None, phone or None
