"""Ids that were published and are others now: what a back-load, other settings or another Kith changed.

What is known after a day changes none of its ids. Rows that a day should have seen and that come late do, and so
does a change of the rules. That is no fault, but whoever kept an id must hear of it.

It is told in the log, in the manifest and in a table of the warehouse. The published tables do not speak of it:
they follow from rows, rules and day alone, and not from what was published before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date

import duckdb

from ml.data.sql_text import literal
from ml.data.warehouse import write_table
from ml.run import Report, Run
from ml.serve.versions import Version, Versions

TABLE = "resolved.changed_ids"
COLUMNS = dict.fromkeys(("source", "source_key", "former_id", "customer_id", "version"), "varchar")
CHANGED = """
    with now as (
        select records.source, records.source_key, heads.customer_id
        from resolved.record_customers as mapped
        inner join identity.int_identity__records as records using (record_no)
        inner join identity.int_identity__records as heads on mapped.head_record_no = heads.record_no
        where valid_from <= $day and (valid_to is null or $day < valid_to)
    )
    select source, source_key, published.customer_id as former_id, now.customer_id, $version as version
    from read_parquet({published}) as published
    inner join now using (source, source_key)
    where published.valid_to is null and published.customer_id <> now.customer_id
    order by all
"""


@dataclass(frozen=True)
class ChangedIds:
    """How many records and ids are others than in a published version, as of that version's day.

    `same_rows` tells whether that day still sees just the rows that the version was made from.
    """

    version: str
    records: int
    ids: int
    same_rows: bool

    def as_json(self) -> dict[str, object]:
        """The counts for the manifest."""
        return asdict(self)


def find_changed_ids(
    connection: duckdb.DuckDBPyConnection, run: Run, landing_digest: Callable[[date], str]
) -> ChangedIds | None:
    """Compare who is who with the version published last for the run's day or an earlier one.

    Args:
        connection: the warehouse, with records and customers resolved for the run's day.
        run: the run; what is found is reported.
        landing_digest: digest of the rows that a day sees.

    Returns:
        None where every id is what it was, or nothing is published.
    """
    write_table(connection, TABLE, COLUMNS, [])
    version = _published(run)
    if version is None:
        return None
    path = Versions(run.home).folder / version.name / "identity_map.parquet"
    connection.execute(
        f"insert into {TABLE} {CHANGED.format(published=literal(path))}",
        {"day": version.as_of_date, "version": version.name},
    )
    by_source = connection.execute(
        f"select source, count(*) from {TABLE} group by source order by source"
    ).fetchall()
    ids = connection.execute(f"select count(distinct former_id) from {TABLE}").fetchone()
    if not by_source or not ids:
        return None
    same_rows = version.manifest.get("landing_digest") == landing_digest(version.as_of_date)
    changed = ChangedIds(version.name, sum(count for _, count in by_source), ids[0], same_rows)
    _tell(changed, version, by_source, run.report)
    return changed


def _published(run: Run) -> Version | None:
    """The version of the latest day up to the run's; of several for that day the one that readers see."""
    versions = Versions(run.home)
    known = [version for version in versions.all() if version.as_of_date <= run.as_of_date]
    if not known:
        return None
    current, last = versions.current(), known[-1]
    return current if current and current.as_of_date == last.as_of_date else last


def _tell(
    changed: ChangedIds, version: Version, by_source: list[tuple[str, int]], report: Report
) -> None:
    why = (
        "that day sees the same rows, so the settings or Kith itself changed"
        if changed.same_rows
        else f"rows that {version.as_of_date} sees came, changed or went since, as after a back-load"
    )
    counts = ", ".join(f"{source}: {count:,}" for source, count in by_source)
    report(
        f"identity: WARNING: {changed.records:,} records ({counts}) with {changed.ids:,} ids of the version "
        f"{version.name} belong to other ids as of {version.as_of_date} now: {why}. The table {TABLE} of the "
        "warehouse lists the former and the new ids"
    )
