"""`kith check`: the data engineer's first hour with a landing zone."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from ml.data.contract import entities
from ml.data.landing import Landing, discover
from ml.data.stage import build_landing
from ml.data.targets import read_targets
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.gates import check_border
from ml.home import Home
from ml.run import Run
from ml.settings import SETTINGS_FILE
from ml.stores.place import Place

# A day that sees every fact: checking asks what is there, not what a run would see.
EVERYTHING = date(9998, 12, 31)


def check_landing(root: Place, settings_of: Path | None, say: Callable[[str], None]) -> None:
    """Report what a landing zone holds: files, mapping, rows, refusals, gaps. Nothing is kept.

    Raises:
        KithError: the landing zone cannot be run: unreadable, a required column missing, several
            currencies without rates, or too many bad rows.
    """
    landing = discover(root)
    _report_files(landing, say)
    with tempfile.TemporaryDirectory(prefix="kith-check-") as folder:
        home = Path(folder)
        if settings_of is not None and (settings_of / SETTINGS_FILE).exists():
            shutil.copy(settings_of / SETTINGS_FILE, home / SETTINGS_FILE)
        run = Run(Home(home), root, EVERYTHING, read_targets(), lambda line: None)
        build_landing(run)
        with connect(run.home, read_only=True) as connection:
            _report_rows(connection, say)
            _report_refusals(connection, say)
            _report_identifiers(connection, run, say)
        _judge(run)
    say("This landing zone can be run.")


def _judge(run: Run) -> None:
    """Say what would stop a run without naming the day and the folder of this check, which nobody will find."""
    try:
        check_border(run, "landing")
    except KithError:
        report = run.home.border_report("landing")
        if not report.exists():
            raise
        found = json.loads(report.read_text(encoding="utf-8"))
        raise KithError(
            f"A run would stop at this landing zone. {found['told']}. Way out: {found['ways_out']}."
        ) from None


def _report_files(landing: Landing, say: Callable[[str], None]) -> None:
    say(f"{landing.root}: {len(landing.files)} files")
    for file in landing.files:
        absent = [column for column in file.entity.columns if column not in file.columns]
        renamed = [f"{own} as {name}" for name, own in file.columns.items() if own != name]
        say(
            f"  {file.name} → {file.entity.name}: {len(file.columns)} of {len(file.entity.columns)} columns"
        )
        for title, names in (
            ("read", renamed),
            ("absent (optional)", absent),
            ("ignored", file.ignored),
        ):
            if names:
                say(f"    {title}: {', '.join(names)}")
    for name in landing.unknown:
        say(
            f"  {name}: not read; no entity of the contract has this name, or it is neither .parquet nor .csv"
        )
    missing = [name for name in entities() if name not in landing.present]
    say(f"absent entities: {', '.join(missing) or 'none'}")


def _report_rows(connection: duckdb.DuckDBPyConnection, say: Callable[[str], None]) -> None:
    say("rows:")
    query = (
        "select summary.entity, rows_in, rows_staged, rows_quarantined, "
        "min(visible_on) filter (visible_on > date '0001-01-01') - 1, max(visible_on) - 1 "
        "from staging.landing_summary as summary left join staging.landing_days as days using (entity) "
        "where rows_in > 0 group by all order by entity"
    )
    for entity, rows_in, staged, refused, first, last in connection.execute(query).fetchall():
        span = f"; known from {first} to {last}" if first else ""
        say(f"  {entity}: {rows_in:,} in = {staged:,} staged + {refused:,} quarantined{span}")
    landed = connection.execute("select count(*) from staging.base_order_lines").fetchone()
    counted = connection.execute(
        "select rows_in from staging.landing_summary where entity = 'order_lines'"
    ).fetchone()
    waiting = (landed[0] if landed else 0) - (counted[0] if counted else 0)
    if waiting:
        say(f"  order_lines: {waiting:,} more wait for their order")


def _report_refusals(connection: duckdb.DuckDBPyConnection, say: Callable[[str], None]) -> None:
    refused = connection.execute(
        "select entity, column_name, reason, count(*), min_by(file, (file, file_row)), min((file, file_row)) "
        "from staging.quarantine_rows group by 1, 2, 3 order by 4 desc, 1, 2, 3"
    ).fetchall()
    say("refused: nothing" if not refused else "refused:")
    for entity, column, reason, count, file, first in refused:
        row = first["file_row"] if isinstance(first, dict) else first[1]
        say(f"  {entity}.{column}: {reason}: {count:,} rows, first in {file}, row {row}")
    for entity, column, count in connection.execute(
        "select entity, column_name, values_spoiled from staging.landing_spoiled order by all"
    ).fetchall():
        say(f"  {entity}.{column}: {count:,} optional values did not parse and are read as empty")


def _report_identifiers(
    connection: duckdb.DuckDBPyConnection, run: Run, say: Callable[[str], None]
) -> None:
    unread = connection.execute(
        "select count(*) from control.phone_numbers where e164 is null"
    ).fetchone()
    if unread and unread[0] and run.home.settings.default_country is None:
        say(
            f"phones: {unread[0]:,} numbers are not readable; those without a country code need the setting "
            "default_country (two letters) in kith.toml"
        )
