"""What the SQL is told of the audiences: the control tables that hold the declarations, checked."""

from __future__ import annotations

from datetime import date

import duckdb

from ml.activate.audiences.declarations import declared_audiences
from ml.activate.audiences.rules import CheckedAudience, bind, check_audience, may_be_contacted
from ml.data.warehouse import write_table
from ml.home import Home
from ml.run import digest_of
from ml.settings import Settings

COLUMNS = {
    "audience": "varchar",
    "title": "varchar",
    "meaning": "varchar",
    "rule": "varchar",
    "priority": "integer",
    "channel": "varchar",
    "purpose": "varchar",
    "size_cap": "bigint",
    "holdout_share": "double",
    "expected_outcome": "varchar",
    "condition": "varchar",
    "order_value": "varchar",
    "gesture": "varchar",
    "may_be_contacted": "varchar",
    "rule_digest": "varchar",
}


def used_audiences(day: date) -> list[CheckedAudience]:
    """The audiences that a day is made with, checked and bound to the customer table, by key.

    Raises:
        KithError: a declaration or one of its expressions cannot be used.
    """
    used = [audience for audience in declared_audiences().values() if audience.is_used(day)]
    checked = [check_audience(audience) for audience in used]
    bind(checked)
    return checked


def write_audiences(connection: duckdb.DuckDBPyConnection, home: Home, day: date) -> None:
    """Write the declarations that hold on a day for the SQL to read: control.audiences.

    Raises:
        KithError: as for `used_audiences`.
    """
    write_table(
        connection,
        "control.audiences",
        COLUMNS,
        [_row(checked, home.settings) for checked in used_audiences(day)],
    )


def _row(checked: CheckedAudience, settings: Settings) -> list[object]:
    audience = checked.audience
    return [
        audience.key,
        audience.title,
        audience.meaning,
        audience.rule,
        audience.priority,
        audience.channel,
        audience.purpose,
        audience.size_cap,
        audience.held_out(settings.holdout_share),
        audience.expected_outcome,
        checked.condition.sql,
        checked.order.sql,
        checked.gesture.sql if checked.gesture else "null",
        may_be_contacted(audience.channel, settings.profiling_default),
        rule_digest(checked.condition.sql, audience.channel),
    ]


def rule_digest(condition: str, channel: str) -> str:
    """What decides who is a member: the condition, and the channel whose consent it needs."""
    return digest_of([condition, channel])[:16]
