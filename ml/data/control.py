"""The control tables: what a run tells the SQL before dbt starts."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from ml.data.targets import Target
from ml.data.warehouse import write_table
from ml.errors import KithError
from ml.home import Home
from ml.settings import Settings

SQL_SETTINGS = {
    "timezone": "varchar",
    "profiling_default": "boolean",
    "holdout_share": "double",
    "label_lag_days": "integer",
}


def write_control_tables(
    connection: duckdb.DuckDBPyConnection, home: Home, targets: list[Target]
) -> None:
    """Write settings, source zones, currency rates and targets for the SQL to read."""
    settings = home.settings
    write_table(
        connection,
        "control.settings",
        SQL_SETTINGS,
        [[getattr(settings, name) for name in SQL_SETTINGS]],
    )
    zones = [
        [name, source.timezone]
        for name, source in sorted(settings.source.items())
        if source.timezone
    ]
    write_table(connection, "control.sources", {"source": "varchar", "timezone": "varchar"}, zones)
    write_table(
        connection,
        "control.rates",
        {"currency": "varchar", "rate": "decimal(18, 8)"},
        sorted(read_rates(settings).items()),
    )
    write_table(
        connection,
        "control.targets",
        {"target": "varchar", "horizon_days": "integer", "population_days": "integer"},
        [[target.name, target.horizon_days, target.population_days] for target in targets],
    )
    write_dates(connection, "control.snapshot_plan", [])


def write_dates(connection: duckdb.DuckDBPyConnection, table: str, dates: list[date]) -> None:
    """Replace a one-column table of dates."""
    write_table(connection, table, {"as_of_date": "date"}, [[day] for day in sorted(dates)])


def read_rates(settings: Settings) -> dict[str, str]:
    """Read the rates file: brand currency per unit of each currency, as exact decimal texts.

    Raises:
        KithError: the file is missing, lacks a column, or holds a rate that is not a positive number.
    """
    path = settings.rates_file
    own = {settings.currency: "1"} if settings.currency else {}
    if path is None:
        return own
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError) as error:
        raise KithError(
            f"The rates file {path} (setting rates_file) cannot be read: {error}."
        ) from error
    rates: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        currency, rate = (
            (row.get("currency") or "").strip().upper(),
            (row.get("rate") or "").strip(),
        )
        # As the warehouse keeps it: no more than ten digits before the point, eight after it.
        valid = re.fullmatch(r"\d{1,10}(\.\d+)?", rate) and round(Decimal(rate), 8) > 0
        if not currency or not valid:
            raise KithError(
                f"The rates file {path}, row {number}: each row needs a currency and a positive rate "
                f"(columns currency,rate); found '{currency}' and '{rate}'."
            )
        rates[currency] = rate
    return own | rates
