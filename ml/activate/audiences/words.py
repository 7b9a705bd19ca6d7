"""The audiences of the current version in lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from ml.activate.audiences.rules import check_expression, customer_columns
from ml.data.sql_text import literal
from ml.data.warehouse import connect_apart
from ml.errors import KithError
from ml.home import Home
from ml.serve.versions import Version, Versions

MOST_OVERLAPS = 5
TABLES = ("audiences", "audience_stability", "audience_overlap")


def current_version(home: Home) -> Version:
    """The version that readers see.

    Raises:
        KithError: nothing is published, or by a Kith that had no such tables.
    """
    version = Versions(home).current()
    if version is None:
        raise KithError(
            f"{home.root} holds no published version, so there are no audiences to look at. `kith run` publishes one."
        )
    files = {file["name"] for file in version.manifest["files"]}
    if missing := [table for table in TABLES if f"{table}.parquet" not in files]:
        raise KithError(
            f"The version {version.name} in {home.root} has no {', '.join(missing)}: it was published by an earlier "
            "Kith. `kith run` publishes the day anew."
        )
    return version


def table_file(home: Home, version: Version, table: str) -> str:
    """SQL that reads a table of a version."""
    return f"read_parquet({literal(Versions(home).folder / version.name / f'{table}.parquet')})"


def describe_audiences(home: Home, key: str | None = None) -> list[str]:
    """Lines on every audience, or all that is known of one.

    Raises:
        KithError: nothing is published, or there is no audience of this key.
    """
    version = current_version(home)
    with connect_apart() as connection:
        for table in TABLES:
            connection.execute(
                f"create view {table} as select * from {table_file(home, version, table)}"
            )
        rows = _rows(connection, "select * from audiences order by priority, audience")
        lines = [f"audiences of version {version.name}, as of {version.as_of_date}"]
        if key is None:
            return lines + _table(connection, rows)
        chosen = [row for row in rows if row["audience"] == key]
        if not chosen:
            raise KithError(
                f"The version {version.name} has no audience '{key}'. It has: "
                f"{', '.join(sorted(row['audience'] for row in rows)) or 'none'}."
            )
        return lines + _one(connection, chosen[0], table_file(home, version, "customers"))


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _table(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> list[str]:
    moves = {
        row["audience"]: row
        for row in _rows(
            connection,
            'select audience, sum(entered) as came, sum("left") as went from audience_stability group by audience',
        )
    }
    nearest = {
        row["audience"]: row
        for row in _rows(
            connection,
            "select * from audience_overlap order by customers, other_audience desc",
        )
    }
    head = (
        "audience",
        "channel",
        "people",
        "treatment",
        "holdout",
        "came",
        "went",
        "most shared with",
        "expected outcome",
    )
    body = [head]
    for row in rows:
        move, near = moves.get(row["audience"]), nearest.get(row["audience"])
        body.append(
            (
                row["audience"],
                row["channel"],
                f"{row['size']:,}",
                f"{row['treatment_count']:,}",
                f"{row['holdout_count']:,}",
                f"{int(move['came']):,}" if move else "-",
                f"{int(move['went']):,}" if move else "-",
                f"{near['other_audience']} ({near['customers']:,})" if near else "-",
                row["expected_outcome"],
            )
        )
    return [
        *aligned(body),
        "`kith audiences AUDIENCE` says more of one: its rule, who came and went, and why.",
    ]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with columns below each other; the last column runs on."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    return [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)), row[-1]]
        )
        for row in rows
    ]


def _one(connection: duckdb.DuckDBPyConnection, row: dict[str, Any], customers: str) -> list[str]:
    cap = f"at most {row['size_cap']:,} at once" if row["size_cap"] else "no limit"
    lines = [
        f"{row['audience']}: {row['title']}",
        row["meaning"],
        f"rule: {row['rule']}",
        f"channel: {row['channel']}; priority {row['priority']}; {cap}; expected: {row['expected_outcome']}",
        f"{row['fitting_count']:,} people fit, {row['without_consent_count']:,} of them may not be contacted; "
        f"{row['size']:,} remain",
        f"treatment {row['treatment_count']:,}, holdout {row['holdout_count']:,} (purpose '{row['purpose']}', "
        f"{row['holdout_share']:.0%} left alone)",
    ]
    if not row["size"]:
        lines.append(_why_empty(connection, row, customers))
    return lines + _moves(connection, row["audience"]) + _overlaps(connection, row["audience"])


def _why_empty(connection: duckdb.DuckDBPyConnection, row: dict[str, Any], customers: str) -> str:
    """Why nobody is in a list: nobody fits, nobody may be contacted, or the brand delivers nothing of the kind."""
    if row["fitting_count"]:
        return (
            "nobody is in it: of those who fit, nobody may be profiled and said yes to the channel"
        )
    read = check_expression(
        row["rule"], customer_columns(), "truth", f"the audience '{row['audience']}'"
    ).columns
    counts = ", ".join(f'count("{name}")' for name in sorted(read))
    found = connection.execute(f"select {counts} from {customers}").fetchone() if read else None
    unknown = [name for name, count in zip(sorted(read), found or (), strict=True) if not count]
    if unknown:
        return f"nobody is in it: no customer has a value in {', '.join(unknown)}, so the brand has nothing of the kind"
    return "nobody is in it: nobody fits the rule today"


def _moves(connection: duckdb.DuckDBPyConnection, key: str) -> list[str]:
    rows = _rows(
        connection,
        f"select * from audience_stability where audience = {literal(key)} order by cause = 'unchanged', cause",
    )
    if not rows:
        return ["no earlier version is kept, so that nobody came or went"]
    lines = [f"{sum(row['stayed'] for row in rows):,} stayed since the version before"]
    lines += [
        f"  {row['cause']}: {row['entered']:,} came, {row['left']:,} went"
        for row in rows
        if row["entered"] or row["left"]
    ]
    return lines


def _overlaps(connection: duckdb.DuckDBPyConnection, key: str) -> list[str]:
    rows = _rows(
        connection,
        f"select * from audience_overlap where audience = {literal(key)} order by customers desc, other_audience "
        f"limit {MOST_OVERLAPS}",
    )
    return [
        f"shares {row['customers']:,} people with {row['other_audience']}, {row['share_of_smaller']:.0%} of the smaller"
        for row in rows
    ]
