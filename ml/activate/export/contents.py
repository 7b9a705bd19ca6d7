"""What one export consists of, as bytes before anything is written: list, values, removals, log, account."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pyarrow as pa

from ml.activate.export.destinations import Destination
from ml.activate.export.facts import Terms
from ml.activate.export.files import csv_bytes, parquet_bytes, table_bytes
from ml.activate.export.gate import Judged, Verdict
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


def _log(account: Reconciliation, moves: Moves, terms: Terms, destination: Destination) -> pa.Table:
    """One row per person looked at, and one per removal."""
    rows: list[dict[str, object]] = []
    listed = 0
    for verdict, action, keys in moves.actions:
        is_delivered = verdict.reason is None
        listed += is_delivered
        rows.append(
            _log_row(verdict, action, verdict.reason, keys, destination)
            | {"is_delivered": is_delivered, "file_row": listed if is_delivered else None}
        )
    removed = 0
    for one in moves.removals:
        removed += one.is_named
        verdict = Verdict(one.customer_id or "", None, one.reason)
        # Of somebody erased the log keeps that there was one, and nothing else.
        keys = one.keys if one.customer_id else ()
        rows.append(
            _log_row(verdict, REMOVE, one.reason, keys, destination)
            | {
                "customer_id": one.customer_id,
                "is_eligible": False,
                "is_delivered": False,
                "file_row": removed if one.is_named else None,
                "bid_value": None,
            }
        )
    shared = {
        "version": account.version,
        "as_of_date": terms.day,
        "export_no": account.export_no,
        "destination": account.destination,
        "audience": account.audience,
        "channel": terms.channel,
    }
    return pa.Table.from_pylist([shared | row for row in rows], schema=LOG_SCHEMA)


def _log_row(
    verdict: Verdict, action: str, reason: str | None, keys: Keys, destination: Destination
) -> dict[str, object]:
    email, phone = keys if keys and is_hashed(destination) else ("", "")
    return {
        "customer_id": verdict.customer_id,
        "group": verdict.group,
        "is_eligible": verdict.is_eligible,
        "action": action,
        "reason": reason,
        "bid_value": verdict.value,
        "email_sha256": email or None,
        "phone_sha256": phone or None,
    }
