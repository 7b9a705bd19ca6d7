"""Finding what a landing zone holds: its files, and how their headers map to the contract."""

from __future__ import annotations

import csv
import io
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ml.data.contract import FACTS, Entity, entities
from ml.data.landing_headers import Headers
from ml.errors import KithError
from ml.faults import without_values
from ml.stores.place import Place
from ml.stores.store import Store, Stored, store_at

READABLE = (".parquet", ".csv")
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class LandedFile:
    """One file of the landing zone, mapped to the contract.

    `columns` maps a contract column to the file's own spelling of it; `ignored` are the file's other columns.
    """

    entity: Entity
    store: Store
    stored: Stored
    columns: dict[str, str]
    ignored: tuple[str, ...] = ()
    delimiter: str = ","

    @property
    def name(self) -> str:
        """Its name below the landing zone, wherever that is."""
        return self.stored.name

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.store.place / self.name

    @property
    def is_parquet(self) -> bool:
        """Parquet, or else CSV: there is no third."""
        return _suffix(self.name) == ".parquet"

    def identity(self) -> str:
        """What changes when its bytes do."""
        return self.store.identity(self.stored)

    def on_disk(self, scratch: Path) -> AbstractContextManager[Path]:
        """The file on this machine: itself, or a copy in `scratch` that goes with the block."""
        return self.store.on_disk(self.stored, scratch)


@dataclass
class Landing:
    """What a landing zone holds."""

    root: Place
    files: list[LandedFile] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def present(self) -> list[str]:
        """Names of the entities that have at least one file, in the order of the contract."""
        return [name for name in entities() if any(file.entity.name == name for file in self.files)]


def discover(root: Place, remembered: Path | None = None) -> Landing:
    """List the files of a landing zone and map their headers to the contract.

    Args:
        root: the landing zone.
        remembered: a file that keeps the headers of objects, so that unchanged ones are not asked for again.

    Raises:
        KithError: the folder is missing, holds none of orders, interactions and shares, a file
            cannot be read, or a required column is absent; the message names the file.
    """
    if isinstance(root, Path) and not root.is_dir():
        raise KithError(
            f"The landing zone {root} is not a folder. Give an existing one with --landing."
        )
    landing, store, headers = Landing(root), store_at(root), Headers(remembered)
    for stored in store.files():
        folder, _, name = stored.name.rstrip("/").partition("/")
        # What lies deeper than a folder of an entity is told once, as a whole.
        name, _, deeper = name.partition("/")
        if (name or folder).startswith((".", "_")):
            continue
        entity = entities().get(folder if name else PurePosixPath(folder).stem)
        is_file = not deeper and not stored.name.endswith("/")
        if entity is None or not is_file or _suffix(stored.name) not in READABLE:
            unknown = f"{folder}/{name}".rstrip("/")
            if unknown not in landing.unknown:
                landing.unknown.append(unknown)
            continue
        landing.files.append(_map_columns(entity, store, stored, headers))
    headers.keep()
    if not set(FACTS) & set(landing.present):
        raise KithError(
            f"The landing zone {root} holds none of {', '.join(FACTS)}; at least one must be there, as "
            f"<entity>/*.parquet, <entity>/*.csv, <entity>.parquet or <entity>.csv. "
            f"Found: {', '.join(landing.present + landing.unknown) or 'nothing'}."
        )
    return landing


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _map_columns(entity: Entity, store: Store, stored: Stored, headers: Headers) -> LandedFile:
    name = stored.name
    header, delimiter = headers.of(store, stored, _header)
    spelled = {column.strip().lower(): column for column in reversed(header)}
    missing = [column for column in entity.required if column not in spelled]
    if missing:
        raise KithError(
            f"{name} lacks the required column{'s' * (len(missing) > 1)} {', '.join(missing)} of {entity.name}. "
            f"Found: {_told(header, spelled, entity)}. Rename or add "
            f"{'them' if len(missing) > 1 else 'it'} in the export and run again."
        )
    columns = {column: spelled[column] for column in entity.columns if column in spelled}
    ignored = tuple(column for column in header if column not in columns.values())
    return LandedFile(entity, store, stored, columns, ignored, delimiter)


def _header(store: Store, stored: Stored) -> tuple[list[str], str]:
    """The names of a file's columns, and the delimiter of a CSV."""
    is_csv = _suffix(stored.name) == ".csv"
    try:
        with store.open(stored) as content:
            if is_csv:
                return csv_header(content, stored.name)
            return list(pq.read_schema(content).names), ","
    except (pa.ArrowException, OSError) as error:
        raise unreadable(stored.name, "CSV" if is_csv else "Parquet", str(error)) from error


def _told(header: list[str], spelled: dict[str, str], entity: Entity) -> str:
    """What a header holds. Without a single name of the contract it is a person's row, not a header."""
    if header and not set(spelled) & set(entity.required):
        return f"{len(header)} fields, none of them a required name; the first line must hold the names of the columns"
    return ", ".join(header) or "no columns"


def csv_header(content: BinaryIO, name: str) -> tuple[list[str], str]:
    """The names in the header of a CSV file, and the delimiter it uses.

    Raises:
        KithError: the file cannot be read as UTF-8 text.
        OSError: it cannot be read at all.
    """
    lines = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
    try:
        first = lines.readline()
        delimiter = max(DELIMITERS, key=first.count)
        lines.seek(0)
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        return next(reader, []), delimiter
    except UnicodeDecodeError as error:
        raise wrong_encoding(name) from error
    except csv.Error as error:
        raise unreadable(name, "CSV", str(error)) from error
    finally:
        lines.detach()


def unreadable(name: str, kind: str, why: str) -> KithError:
    """The stop for a file that is not what its name says."""
    reason = without_values(why).splitlines()[0][:200] if why else "no reason given"
    return KithError(
        f"{name} cannot be read as {kind}: {reason}. Export the file again, or take it out of the landing zone."
    )


def wrong_encoding(name: str) -> KithError:
    """The stop for a text file in another encoding."""
    return KithError(
        f"{name} is not UTF-8 text, the encoding of the landing zone. "
        "Save it as UTF-8 (for example `iconv -f WINDOWS-1252 -t UTF-8`) and run again."
    )
