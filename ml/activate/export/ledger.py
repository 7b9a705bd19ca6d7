"""The ledger: one folder per destination, audience and version, and in each the log of every person looked at.

A folder appears by one rename, whole or not at all, and is not written again (only an erasure rewrites it).
Everything in it is readable by its owner alone.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ml.activate.export.destinations import Destination
from ml.activate.export.files import OWNER_FOLDER, csv_bytes, read_csv, write_private
from ml.activate.export.moves import ADD, KEEP, Keys, Standing
from ml.errors import KithError
from ml.home import Home

LOG, RECONCILIATION, PENDING = "log.parquet", "reconciliation.json", "removals-pending"
LIST, REMOVALS, VALUES = "list", "removals", "values"
LOG_SCHEMA = pa.schema(
    [
        ("version", pa.string()),
        ("as_of_date", pa.date32()),
        ("export_no", pa.int32()),
        ("destination", pa.string()),
        ("audience", pa.string()),
        ("channel", pa.string()),
        ("customer_id", pa.string()),
        ("group", pa.string()),
        ("is_eligible", pa.bool_()),
        ("action", pa.string()),
        ("reason", pa.string()),
        ("is_delivered", pa.bool_()),
        ("file_row", pa.int32()),
        ("bid_value", pa.float64()),
        ("email_sha256", pa.string()),
        ("phone_sha256", pa.string()),
    ]
)


@dataclass(frozen=True)
class Ledger:
    """The exports of one audience to one destination."""

    home: Home
    destination: Destination
    audience: str

    @property
    def folder(self) -> Path:
        """Where the exports lie, one folder per version."""
        return self.home.exports / self.destination.key / self.audience

    @property
    def pending_folder(self) -> Path:
        """Removals of erased people that no export has named yet, for every audience of the destination."""
        return self.home.exports / self.destination.key / PENDING

    def place(self, version: str) -> Path:
        """The folder of one version's export."""
        return self.folder / version

    def done(self) -> dict[int, Path]:
        """The exports there are, by number: 1 is the first."""
        return {
            int(read_reconciliation(path.parent)["export_no"]): path.parent
            for path in sorted(self.folder.glob(f"[!.]*/{RECONCILIATION}"))
        }

    def standing(self) -> list[Standing]:
        """Who stands at the destination after the last export."""
        done = self.done()
        if not done:
            return []
        columns = ["customer_id", "action", "email_sha256", "phone_sha256"]
        rows = read_log(done[max(done)], columns).to_pylist()
        return [
            Standing(row["customer_id"], self.keys(row))
            for row in rows
            if row["action"] in (ADD, KEEP)
        ]

    def keys(self, row: dict[str, Any]) -> Keys:
        """The identifiers of a row of a log."""
        if not is_hashed(self.destination):
            return (str(row["customer_id"]),)
        return (row["email_sha256"] or "", row["phone_sha256"] or "")

    def pending(self) -> list[Keys]:
        """Identifiers of erased people that the last export has not named."""
        found = {
            tuple(row[name] for name in self.destination.removed_by)
            for path in self._pending_files()
            for row in read_csv(path)
        }
        return sorted(found)

    def add_pending(self, keys: Iterable[Keys]) -> Path | None:
        """Write identifiers of erased people where the next export, or a person, finds them."""
        named = sorted({one for one in [*self.pending(), *keys] if any(one)})
        if not named:
            return None
        path = self.pending_folder / f"{self.audience}-after-{max(self.done(), default=0)}.csv"
        self._make_private_folders(self.pending_folder)
        header, rows = removal_rows(named, self.destination)
        write_private(path, csv_bytes(header, rows))
        return path

    def forget_named(self) -> None:
        """Take away the pending removals that an export has named since."""
        last = max(self.done(), default=0)
        for path in self.pending_folder.glob(f"{self.audience}-after-*.csv"):
            if _after(path) < last:
                path.unlink()

    def _pending_files(self) -> list[Path]:
        last = max(self.done(), default=0)
        paths = self.pending_folder.glob(f"{self.audience}-after-*.csv")
        return sorted(path for path in paths if _after(path) >= last)

    def publish(self, version: str, files: dict[str, bytes]) -> Path:
        """Write an export beside its place and move it there in one step."""
        place = self.place(version)
        self._make_private_folders(self.folder)
        for leftover in self.folder.glob(".*.part"):
            shutil.rmtree(leftover)
        part = self.folder / f".{version}.part"
        part.mkdir(mode=OWNER_FOLDER)
        for name, content in files.items():
            write_private(part / name, content)
        os.replace(part, place)
        return place

    def _make_private_folders(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.parents):
            if not path.is_relative_to(self.home.exports):
                break
            path.chmod(OWNER_FOLDER)


def all_ledgers(home: Home, destinations: dict[str, Destination]) -> Iterator[Ledger]:
    """Every audience that was ever exported, by destination."""
    for key, destination in destinations.items():
        for folder in sorted((home.exports / key).glob("[!.]*")):
            if folder.is_dir() and folder.name != PENDING:
                yield Ledger(home, destination, folder.name)


def is_hashed(destination: Destination) -> bool:
    """Does the destination know people by hashes, and not by customer_id?"""
    return destination.removed_by != ("customer_id",)


def removal_rows(keys: Iterable[Keys], destination: Destination) -> tuple[list[str], list[Keys]]:
    """Removals in the destination's own format: its header, and in each row what it can be found by."""
    header = destination.header if is_hashed(destination) else list(destination.removed_by)
    rows = []
    for one in keys:
        cells = dict(zip(destination.removed_by, one, strict=True))
        rows.append(tuple(cells.get(name, "") for name in header))
    return header, rows


def read_log(folder: Path, columns: list[str] | None = None) -> pa.Table:
    """The log of one export.

    Raises:
        KithError: it is gone or damaged, so that nobody knows who stands at the destination.
    """
    try:
        return pq.read_table(folder / LOG, columns=columns, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(folder / LOG, error) from error


def read_reconciliation(folder: Path) -> dict[str, Any]:
    """The account of one export, as it was written.

    Raises:
        KithError: it is damaged.
    """
    try:
        found = dict(json.loads((folder / RECONCILIATION).read_text(encoding="utf-8")))
        int(found["export_no"])
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder / RECONCILIATION, error) from error


def _after(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _damaged(path: Path, error: Exception) -> KithError:
    return KithError(
        f"{path} cannot be read ({type(error).__name__}). It tells who was delivered to this destination, and without "
        "it nobody could be taken out again, so nothing was exported. Put the folder back from a backup; or remove it, "
        "clear the list at the destination by hand, and export anew."
    )
