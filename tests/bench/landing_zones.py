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
from datetime import date, timedelta
from pathlib import Path

import duckdb
from landing_faces import FACE, write_faces

from ml.data.contract import entities
from ml.data.demo import DEMO_AS_OF_DATE
from ml.data.demo.write import write_demo
from ml.home import REPOSITORY

CUSTOMERS, MONTHS = 20_000, 24
DAYS_ALONE = 7
"""So many last days are files of their own."""
KEPT_SHARE = {"interactions": 0.1, "contacts": 0.1, "measurements": 0.1}
"""Share of the people whose rows are kept."""
FIRST_FILE = "earlier"

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
_INSTANTS = ("occurred_at", "known_at", "registered_at")
_TYPES = {
    **dict.fromkeys(_INSTANTS, "timestamp"),
    **dict.fromkeys(("amount", "quantity", "discount", "list_price"), "decimal(18, 4)"),
    **dict.fromkeys(("line_no", "duration_seconds", "rating"), "integer"),
    "value": "double",
    "granted": "boolean",
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
    for path in (here, here.with_name("landing_faces.py"), *code):
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
        people = _load(connection, demo, _months_before(DEMO_AS_OF_DATE, months))
        copies = math.ceil(lines / _count(connection, "base_order_lines"))
        write_faces(connection, people, copies)
        rows = {name: _write_entity(connection, landing, name, copies) for name in _OWN}
    scratch.unlink()
    return copies, rows


def _load(connection: duckdb.DuckDBPyConnection, demo: Path, start: date) -> int:
    """The demo's rows, typed, each with its person's number and the file it goes to; gives the number of people."""
    truth = f"'{demo}/truth/{{}}.parquet'"
    connection.execute(
        "create temp table people as select source, source_key, "
        f"cast(substr(person_id, 2) as integer) as person from {truth.format('records')}"
    )
    for name in _OWN:
        connection.execute(f"create temp table landed as {_landed(demo, name)}")
        columns = [row[0] for row in connection.execute("describe landed").fetchall()]
        keyed = "source_key" in columns
        # A row without a person is kept or left out with the first one.
        person = "coalesce(people.person, 0)" if keyed else "0"
        again = "row_number() over (partition by landed.source, source_key order by landed.known_at, row_no) > 1"
        connection.execute(f"""
            create temp table base_{name} as
            select landed.*, {person} as person, {_file_of("delivered", start)} as file
                {f", {again} as is_again" if name == "profiles" else ""}
            from (select *, row_number() over () as row_no, {_delivered(columns)} as delivered from landed) as landed
            {"left join people using (source, source_key)" if keyed else ""}
        """)
        connection.execute(f"alter table base_{name} drop column delivered")
        connection.execute("drop table landed")
    return _count(connection, truth.format("people"))


def _landed(demo: Path, name: str) -> str:
    """The rows of an entity from all of its files, typed; those whose required columns do not parse are left out."""
    read = []
    for kind, options in (("parquet", ""), ("csv", ", all_varchar = true")):
        if any((demo / "landing" / name).glob(f"*.{kind}")):
            files = f"'{demo}/landing/{name}/*.{kind}'"
            read.append(f"select * from read_{kind}({files}, union_by_name = true{options})")
    # Text first: one source writes instants with an offset, and a spoilt value is no instant.
    rows = " union all by name ".join(
        f"select columns(*)::varchar from ({query})" for query in read
    )
    entity = entities()[name]
    typed = ", ".join(_typed(column) for column in entity.columns)
    whole = " and ".join(f"{column} is not null" for column in entity.required)
    empty = ", ".join(f"null::varchar as {column}" for column in entity.columns)
    return (
        f"select * from (select {typed} from ((select {empty} limit 0) union all by name {rows})) "
        f"where {whole}"
    )


def _typed(column: str) -> str:
    if column in _INSTANTS:
        instant = f"cast(try_cast({column} as timestamptz) as timestamp)"
        return f"{instant} as {column}"
    return f"try_cast({column} as {_TYPES.get(column, 'varchar')}) as {column}"


def _delivered(columns: list[str]) -> str:
    """The day a row reaches the brand; lines come with their order."""
    if "line_no" in columns:
        return (
            "(select min(coalesce(orders.known_at, orders.occurred_at)) from base_orders as orders "
            "where orders.source = landed.source and orders.order_id = landed.order_id)"
        )
    instants = [column for column in ("known_at", "occurred_at") if column in columns]
    return f"coalesce({', '.join(instants)})" if instants else "cast(null as timestamp)"


def _file_of(delivered: str, start: date) -> str:
    last_days = DEMO_AS_OF_DATE - timedelta(days=DAYS_ALONE)
    return (
        f"case when {delivered} is null or {delivered} < timestamp '{start}' then '{FIRST_FILE}' "
        f"when {delivered} >= timestamp '{last_days}' then strftime({delivered}, '%Y-%m-%d') "
        f"else strftime({delivered}, '%Y-%m') end"
    )


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
    if column in _INSTANTS:
        last_second = f"date_trunc('day', {column}) + interval 86399 second"
        return f"least({column} + to_seconds((copy * 37) % 600), {last_second}) as {column}"
    return column


def _written(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    return int(
        connection.execute(
            f"copy ({query}) to '{file}' (format parquet, compression zstd)"
        ).fetchall()[0][0]
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


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
