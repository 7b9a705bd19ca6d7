"""The control tables: what a run tells the SQL before dbt starts."""

from __future__ import annotations

from dataclasses import astuple, fields
from datetime import date

import duckdb

from ml.data.erasures import load_erasures
from ml.data.rates import read_rates
from ml.data.targets import Target
from ml.data.traces import KINDS_OF_TRACE, Traces
from ml.data.warehouse import write_table
from ml.home import Home

SQL_SETTINGS = {
    "timezone": "varchar",
    "profiling_default": "boolean",
    "holdout_key": "varchar",
    "reward_share": "double",
    "label_lag_days": "integer",
}
# What the matcher had learned is read by the matcher itself.
TRACE_TABLES = {
    "mentions": "former_mentions",
    "holders": "former_holders",
    "disputes": "former_disputes",
    "people": "former_people",
    "members": "former_members",
    "pairs": "former_pairs",
    "doubts": "former_doubts",
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
    erasures = load_erasures(home.erasures)
    _write_traces(connection, erasures.traces if erasures else Traces())


def _write_traces(connection: duckdb.DuckDBPyConnection, traces: Traces) -> None:
    """Write what the rows of erased people said of others."""
    for name, table in TRACE_TABLES.items():
        columns = {
            field.name: _sql_type(field.name, str(field.type))
            for field in fields(KINDS_OF_TRACE[name])
        }
        rows = [astuple(row) for row in getattr(traces, name)]
        write_table(connection, f"control.{table}", columns, rows)


def _sql_type(column: str, annotation: str) -> str:
    """Traces are kept as texts where they are instants or days."""
    if column.endswith("_at"):
        return "timestamp"
    if column in ("valid_from", "settled_until"):
        return "date"
    types = {"int": "bigint", "float": "double", "list[float]": "double[]"}
    return types.get(annotation, "varchar")


def write_dates(connection: duckdb.DuckDBPyConnection, table: str, dates: list[date]) -> None:
    """Replace a one-column table of dates."""
    write_table(connection, table, {"as_of_date": "date"}, [[day] for day in sorted(dates)])
