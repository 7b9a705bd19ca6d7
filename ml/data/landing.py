"""Finding what a landing zone holds: its files, and how their headers map to the contract."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ml.data.contract import FACTS, Entity, entities
from ml.errors import KithError
from ml.faults import without_values

READABLE = (".parquet", ".csv")
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class LandedFile:
    """One file of the landing zone, mapped to the contract.

    `columns` maps a contract column to the file's own spelling of it; `ignored` are the file's other columns.
    """

    entity: Entity
    path: Path
    name: str
    columns: dict[str, str]
    ignored: tuple[str, ...] = ()
    delimiter: str = ","


@dataclass
class Landing:
    """What a landing zone holds."""

    root: Path
    files: list[LandedFile] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def present(self) -> list[str]:
        """Names of the entities that have at least one file, in the order of the contract."""
        return [name for name in entities() if any(file.entity.name == name for file in self.files)]


def discover(root: Path) -> Landing:
    """List the files of a landing zone and map their headers to the contract.

    Raises:
        KithError: the folder is missing, holds none of orders, interactions and shares, a file
            cannot be read, or a required column is absent; the message names the file.
    """
    if not root.is_dir():
        raise KithError(
            f"The landing zone {root} is not a folder. Give an existing one with --landing."
        )
    landing = Landing(root)
    for path in sorted(root.iterdir()):
        entity = entities().get(path.name if path.is_dir() else path.stem)
        candidates = sorted(path.iterdir()) if path.is_dir() else [path]
        for candidate in candidates:
            if candidate.name.startswith((".", "_")):
                continue
            if (
                entity is None
                or not candidate.is_file()
                or candidate.suffix.lower() not in READABLE
            ):
                landing.unknown.append(candidate.relative_to(root).as_posix())
                continue
            landing.files.append(_map_columns(entity, candidate, root))
    if not set(FACTS) & set(landing.present):
        raise KithError(
            f"The landing zone {root} holds none of {', '.join(FACTS)}; at least one must be there, as "
            f"<entity>/*.parquet, <entity>/*.csv, <entity>.parquet or <entity>.csv. "
            f"Found: {', '.join(landing.present + landing.unknown) or 'nothing'}."
        )
    return landing


def _map_columns(entity: Entity, path: Path, root: Path) -> LandedFile:
    name = path.relative_to(root).as_posix()
    delimiter = ","
    if path.suffix.lower() == ".csv":
        header, delimiter = csv_header(path, name)
    else:
        try:
            header = pq.read_schema(path).names
        except (pa.ArrowException, OSError) as error:
            raise unreadable(name, "Parquet", str(error)) from error
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
    return LandedFile(entity, path, name, columns, ignored, delimiter)


def _told(header: list[str], spelled: dict[str, str], entity: Entity) -> str:
    """What a header holds. Without a single name of the contract it is a person's row, not a header."""
    if header and not set(spelled) & set(entity.required):
        return f"{len(header)} fields, none of them a required name; the first line must hold the names of the columns"
    return ", ".join(header) or "no columns"


def csv_header(path: Path, name: str) -> tuple[list[str], str]:
    """The names in the header of a CSV file, and the delimiter it uses.

    Raises:
        KithError: the file cannot be read as UTF-8 text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            delimiter = max(DELIMITERS, key=first.count)
            lines.seek(0)
            reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
            return next(reader, []), delimiter
    except UnicodeDecodeError as error:
        raise wrong_encoding(name) from error
    except (OSError, csv.Error) as error:
        raise unreadable(name, "CSV", str(error)) from error


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
