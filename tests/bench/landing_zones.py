"""Landing zones of any size in seconds: `python tests/bench/landing_zones.py LINES` (order lines).

One demo brand is lived through once; its people are then copied in SQL until there are enough order lines. Every
copy has keys, devices and stores of its own, and other people: names, e-mails, phones, birth dates and addresses
differ, so that people of two copies are strangers who may bear one name, as strangers do. Products, campaigns
and coupons are shared. Instants move by some minutes within their day, the same for a whole copy: what came
first still does, and on the same day.

Files are typed Parquet, one per entity and month of delivery, the last days as files of their own. Rows that the demo
spoils are left out. Of the three entities that grow with time spent and not with buying, a part of the people is
kept (`KEPT_SHARE`): whole, they would be three quarters of all rows. Zones are kept in the folder `KITH_BENCH` (by
default in the user's cache) under a digest of the code that makes them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from landing_faces import FACE, write_faces
from landing_rows import INSTANTS, count, load_rows

from ml.data.contract import entities
from ml.data.demo import DEMO_AS_OF_DATE
from ml.data.demo.write import write_demo
from ml.home import REPOSITORY

CUSTOMERS, MONTHS = 20_000, 24
KEPT_SHARE = {"interactions": 0.1, "contacts": 0.1, "measurements": 0.1}
"""Share of the people whose rows are kept."""

_OWN = {
    "profiles": ("source_key",),
    "identifiers": ("source_key", "id_value"),
    "links": ("left_key", "right_key"),
    "orders": ("order_id", "source_key", "seller_key", "store_id"),
    "order_lines": ("order_id",),
    "products": (),
    "interactions": ("source_key", "place"),
    "shares": ("share_id", "inviter_key", "invitee_key"),
    "contacts": ("contact_id", "source_key"),
    "consents": ("source_key",),
    "measurements": ("source_key", "device_id"),
}


@dataclass(frozen=True)
class Zone:
    """A landing zone that was made: where, up to which day, of how many copies, and its rows by entity."""

    landing: Path
    end: date
    copies: int
    rows: dict[str, int]
    seconds: float

    @property
    def files(self) -> list[Path]:
        """Every file that lands."""
        return sorted(self.landing.glob("*/*.parquet"))

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.stat().st_size for file in self.files)

    def as_json(self) -> dict[str, object]:
        """What it holds, without its place."""
        counts = {"copies": self.copies, "rows": self.rows, "files": len(self.files)}
        return {
            **counts,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 1),
            "kept_share": KEPT_SHARE,
        }

    def files_of(self, day: date) -> list[Path]:
        """What was delivered on one of the last days."""
        return [file for file in self.files if file.stem == day.isoformat()]


def bench_folder() -> Path:
    """Where zones, homes and reports of benches are kept: outside of the repository."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("KITH_BENCH") or cache / "kith-bench").resolve()


def landing_zone(
    lines: int, folder: Path, customers: int = CUSTOMERS, months: int = MONTHS
) -> Zone:
    """The zone of at least so many order lines, made where it is not there yet.

    Args:
        lines: order lines wanted; whole copies of the demo brand are made.
        folder: where zones are kept.
        customers: people of the demo brand that is copied.
        months: its history.
    """
    digest = _generator_digest(customers, months)
    place = folder / "zones" / f"{lines}-{digest}"
    note = place / "zone.json"
    if not note.exists():
        demo = _demo(folder / "demo" / digest, customers, months)
        part = place.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        began = time.perf_counter()
        copies, rows = _copy_brand(demo, part / "landing", lines, months)
        facts = {"copies": copies, "rows": rows, "seconds": time.perf_counter() - began}
        (part / "zone.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        part.replace(place)
    facts = json.loads(note.read_text(encoding="utf-8"))
    return Zone(
        place / "landing", DEMO_AS_OF_DATE, facts["copies"], facts["rows"], facts["seconds"]
    )


def _generator_digest(customers: int, months: int) -> str:
    digest = hashlib.sha256(f"{customers} {months}".encode())
    here = Path(__file__)
    code = sorted((REPOSITORY / "ml" / "data" / "demo").glob("*.py"))
    for path in (*sorted(here.parent.glob("landing_*.py")), *code):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _demo(place: Path, customers: int, months: int) -> Path:
    """The demo brand that is copied: `landing`, and `truth` beside it."""
    if not place.exists():
        part = place.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        write_demo(part / "landing", part / "truth", customers, months)
        part.replace(place)
    return place


def _copy_brand(demo: Path, landing: Path, lines: int, months: int) -> tuple[int, dict[str, int]]:
    landing.mkdir(parents=True)
    scratch = landing.with_name("scratch.duckdb")
    with duckdb.connect(str(scratch)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        people = load_rows(connection, demo, _OWN, _months_before(DEMO_AS_OF_DATE, months))
        copies = math.ceil(lines / count(connection, "base_order_lines"))
        write_faces(connection, people, copies)
        rows = {name: _write_entity(connection, landing, name, copies) for name in _OWN}
    scratch.unlink()
    return copies, rows


def _write_entity(
    connection: duckdb.DuckDBPyConnection, landing: Path, name: str, copies: int
) -> int:
    """Write the files of one entity; gives its rows."""
    (landing / name).mkdir()
    files = connection.execute(f"select distinct file from base_{name} order by file").fetchall()
    return sum(
        _written(connection, _rows_of(name, copies, file), landing / name / f"{file}.parquet")
        for (file,) in files
    )


def _rows_of(name: str, copies: int, file: str) -> str:
    """The rows of one file: those of the demo, once per copy; products are everybody's."""
    # Which people are kept changes from copy to copy.
    kept = round(KEPT_SHARE.get(name, 1) * 1000)
    copied = "1" if name == "products" else str(copies)
    faces = "inner join faces using (copy, row_no)" if name == "profiles" else ""
    return (
        f"select {', '.join(_column(name, column) for column in entities()[name].columns)} "
        f"from base_{name} as base cross join (select range::integer as copy from range({copied})) {faces} "
        f"where file = '{file}' and (person * 7919 + copy * 104729) % 1000 < {kept} "
        "order by copy, row_no"
    )


def _column(name: str, column: str) -> str:
    if name == "profiles" and column in FACE:
        return f"faces.{column}"
    if column in _OWN[name]:
        return f"{column} || '-' || copy as {column}"
    if column in INSTANTS:
        last_second = f"date_trunc('day', {column}) + interval 86399 second"
        return f"least({column} + to_seconds((copy * 37) % 600), {last_second}) as {column}"
    return column


def _written(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    return int(
        connection.execute(
            f"copy ({query}) to '{file}' (format parquet, compression zstd)"
        ).fetchall()[0][0]
    )


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def main() -> None:
    """Make one zone, and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lines", type=int, help="order lines, at least")
    lines = parser.parse_args().lines
    zone = landing_zone(lines, bench_folder())
    counts = ", ".join(f"{rows:,} {name}" for name, rows in zone.rows.items())
    print(
        f"{zone.landing}: {zone.copies} copies of the demo brand in {zone.seconds:.0f} s, "
        f"{len(zone.files)} files, {zone.bytes / 1e6:,.0f} MB: {counts}"
    )


if __name__ == "__main__":
    main()
