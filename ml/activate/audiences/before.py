"""The version before: who stood in which audience, by which rule, with which models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from ml.activate.audiences.declarations import Audience
from ml.activate.audiences.rules import check_expression, customer_columns, may_be_contacted
from ml.activate.audiences.tables import rule_digest, used_audiences
from ml.activate.channels import NEEDED_CONSENTS
from ml.data.sql_text import literal
from ml.data.warehouse import write_table
from ml.errors import KithError
from ml.run import Run, digest_of
from ml.serve.versions import Version, Versions

# What the causes of a change look at beside the columns of the rules.
CONSENTS = (
    "profiling",
    *sorted({purpose for needed in NEEDED_CONSENTS.values() for purpose in needed}),
)
ALWAYS_READ = ("customer_id", *(f"consent_{purpose}" for purpose in CONSENTS))
READ_FILES = ("audience_members.parquet", "audiences.parquet", "customers.parquet")
MEMBERS = {"audience": "varchar", "customer_id": "varchar", "entered_at": "date"}
AUDIENCES = {
    "audience": "varchar",
    "may_be_contacted": "varchar",
    "condition": "varchar",
    "rule_digest": "varchar",
}
MODELS = {"target": "varchar", "horizon_days": "integer", "model_version": "varchar"}


def version_before(run: Run) -> Version | None:
    """The newest kept version of an earlier day; of two of one day, the later name."""
    earlier = [
        version for version in Versions(run.home).all() if version.as_of_date < run.as_of_date
    ]
    return earlier[-1] if earlier else None


def write_version_before(connection: duckdb.DuckDBPyConnection, run: Run) -> str:
    """Write what the SQL compares with into control tables; gives a digest of what was read.

    Where no earlier version is kept, or one without these files, the tables are empty and the digest is that of
    nothing: a first run gives the same in every home.
    """
    version = version_before(run)
    folder = Versions(run.home).folder / version.name if version else None
    if folder and not all((folder / name).is_file() for name in READ_FILES):
        version = folder = None
    write_table(
        connection,
        "control.version_before",
        {"version": "varchar", "as_of_date": "date"},
        [[version.name, version.as_of_date]] if version else [],
    )
    _write_audiences(connection, run, folder)
    _write_members(connection, folder)
    _write_customers(connection, run, folder)
    manifest = version.manifest if version else {}
    models = [
        [model["target"], model["horizon_days"], model.get("model_version")]
        for model in manifest.get("models", [])
    ]
    write_table(connection, "control.models_before", MODELS, models)
    read = {
        file["name"]: file["sha256"]
        for file in manifest.get("files", [])
        if file["name"] in READ_FILES
    }
    return digest_of(f"{name} {read[name]}" for name in sorted(read))


def _write_members(connection: duckdb.DuckDBPyConnection, folder: Path | None) -> None:
    write_table(connection, "control.members_before", MEMBERS, [])
    if folder:
        connection.execute(
            "insert into control.members_before select audience, customer_id, entered_at "
            f"from read_parquet({literal(folder / READ_FILES[0])})"
        )


def _write_customers(connection: duckdb.DuckDBPyConnection, run: Run, folder: Path | None) -> None:
    """The columns that any rule reads, as today's contract types them; null where the version had them not."""
    types = customer_columns()
    needed = set(ALWAYS_READ).union(
        *(audience.columns for audience in used_audiences(run.as_of_date))
    )
    conditions = connection.execute(
        "select condition from control.audiences_before where condition is not null"
    ).fetchall()
    for (condition,) in conditions:
        needed |= check_expression(condition, types, "truth", "the rule before").columns
    columns = {name: sql_type for name, sql_type in types.items() if name in needed}
    write_table(connection, "control.customers_before", columns, [])
    if not folder:
        return
    file = literal(folder / READ_FILES[2])
    there = {
        row[0]
        for row in connection.execute(f"describe select * from read_parquet({file})").fetchall()
    }
    told = ", ".join(
        f'try_cast("{name}" as {sql_type})' if name in there else f"cast(null as {sql_type})"
        for name, sql_type in columns.items()
    )
    connection.execute(
        f"insert into control.customers_before select {told} from read_parquet({file})"
    )


def _write_audiences(connection: duckdb.DuckDBPyConnection, run: Run, folder: Path | None) -> None:
    write_table(connection, "control.audiences_before", AUDIENCES, [])
    if not folder:
        return
    used = {checked.audience.key: checked.audience for checked in used_audiences(run.as_of_date)}
    cursor = connection.execute(
        f"select * from read_parquet({literal(folder / READ_FILES[1])}) order by audience"
    )
    names = [column[0] for column in cursor.description or []]
    default = run.home.settings.profiling_default
    rows = [
        _audience_before(dict(zip(names, row, strict=True)), used, default)
        for row in cursor.fetchall()
    ]
    write_table(connection, "control.audiences_before", AUDIENCES, rows)


def _audience_before(row: dict[str, Any], used: dict[str, Audience], default: bool) -> list[object]:
    """A rule of the version before, looked at as strictly as one of today: files can be touched."""
    key = str(row["audience"])
    now = used.get(key)
    channel = row.get("channel") or (now.channel if now else "none")
    allowed = may_be_contacted(channel, default)
    try:
        condition = check_expression(
            str(row["rule"]),
            customer_columns(),
            "truth",
            f"the audience '{key}' of the version before",
        ).sql
    except KithError:  # it reads a column that is no more: what it would say today is not known
        return [key, allowed, None, None]
    return [key, allowed, condition, rule_digest(condition, channel)]
