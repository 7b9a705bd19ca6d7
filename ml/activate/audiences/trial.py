"""Trying a declaration before it is adopted: how many would fit it in the current version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import TypeVar

import duckdb

from ml.activate.audiences.declarations import read_audience
from ml.activate.audiences.register import read_register
from ml.activate.audiences.rules import CheckedAudience, bind, check_audience, may_be_contacted
from ml.activate.audiences.words import current_version, table_file
from ml.data.warehouse import connect_apart, lock_down
from ml.errors import KithError
from ml.home import Home

Found = TypeVar("Found")


def try_declaration(home: Home, file: Path) -> list[str]:
    """Check one declaration and count its people in the current version, within the time limit.

    Raises:
        KithError: the file or its rule cannot be used, its key is taken, or the rule takes too long.
    """
    checked = check_audience(read_audience(file))
    bind([checked])
    version = current_version(home)
    audience, settings = checked.audience, home.settings
    entry = read_register(home.audience_keys).get(audience.key)
    if entry and entry.retired_on:
        raise KithError(
            f"The key '{audience.key}' of {file} was used from {entry.first_day} to {entry.last_day} for "
            f"'{entry.title}' and is retired; a key is never used again. Give the file another name."
        )
    allowed = may_be_contacted(audience.channel, settings.profiling_default)
    with connect_apart() as connection:
        for table in ("customers", "audience_members"):
            connection.execute(
                f"create table {table} as select * from {table_file(home, version, table)}"
            )
        lock_down(connection)

        def count() -> list[tuple[int, ...]]:
            connection.execute(
                f"create table fitting as select customer_id, ({allowed}) as is_allowed, {_others(checked)} "
                f"from customers where {checked.condition.sql}"
            )
            return connection.execute(
                "select count(*), count(*) filter (is_allowed), (select count(*) from customers) from fitting"
            ).fetchall()

        ((fitting, contactable, customers),) = within_time(
            connection, settings.audience_seconds, audience.key, count
        )
        shared = connection.execute(
            "select audience, count(*) from audience_members semi join (from fitting where is_allowed) "
            "using (customer_id) where audience <> ? group by audience order by 2 desc, 1 limit 5",
            [audience.key],
        ).fetchall()
    share = audience.held_out(settings.holdout_share)
    lines = [
        f"{audience.key}: the declaration can be used",
        f"in version {version.name}, {fitting:,} of {customers:,} customers fit; {contactable:,} of them may be "
        f"contacted ({audience.channel}), about {contactable * share:,.0f} of those would be held out",
    ]
    if audience.size_cap and contactable > audience.size_cap:
        lines.append(
            f"the cap lets {audience.size_cap:,} through at once, by order_by: {audience.order_by}"
        )
    return lines + [f"shares {count:,} people with {other}" for other, count in shared]


def _others(checked: CheckedAudience) -> str:
    """The other two expressions, so that they are tried on the same rows."""
    gesture = checked.gesture.sql if checked.gesture else "null"
    return f"{checked.order.sql} as order_value, {gesture} as gesture"


def within_time(
    connection: duckdb.DuckDBPyConnection, seconds: float, key: str, work: Callable[[], Found]
) -> Found:
    """Let the engine work for so many seconds, and interrupt it then.

    Raises:
        KithError: it was not done by then.
    """
    timer = Timer(seconds, connection.interrupt)
    timer.start()
    try:
        return work()
    except duckdb.InterruptException as error:
        raise KithError(
            f"The audience '{key}': its rule was not done after {seconds:g} seconds (setting audience_seconds) and was "
            "stopped. Make the rule simpler, or set audience_seconds higher in kith.toml."
        ) from error
    finally:
        timer.cancel()
