"""Which SQL an audience may be made of: one expression over one row of the customer table, and nothing else.

What is let through is a list, not what is left after forbidding: conditions, comparisons, sums, and a few functions
that both engines know, that need one look at a row and give the same answer tomorrow. `as_of_date` is the clock.
The expression is written anew from its tree, so that comments and odd quotes never reach the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import duckdb

from ml.activate.audiences.declarations import MOST_CHARACTERS, Audience
from ml.activate.channels import NEEDED_CONSENTS
from ml.data.warehouse import connect_apart, lock_down, write_table
from ml.errors import KithError

# A rule of more parts than this is a program; no list that people understand needs it.
MOST_PARTS = 400
PEOPLE = "customers"


@dataclass(frozen=True)
class Checked:
    """An expression that was let through: its SQL written anew, and the columns that it reads."""

    sql: str
    columns: frozenset[str]


@dataclass(frozen=True)
class CheckedAudience:
    """An audience with its three expressions let through."""

    audience: Audience
    condition: Checked
    order: Checked
    gesture: Checked | None

    @property
    def columns(self) -> frozenset[str]:
        """What any of them reads."""
        gesture = self.gesture.columns if self.gesture else frozenset()
        return self.condition.columns | self.order.columns | gesture


@cache
def customer_columns() -> dict[str, str]:
    """Columns of the published customer table with their SQL types, as its contract declares them."""
    from ml.serve.tables import (
        declared_tables,
    )  # the tables are built with what this package checks

    (table,) = [table for table in declared_tables() if table["name"] == PEOPLE]
    return {column["name"]: str(column["data_type"]) for column in table["columns"]}


def check_audience(audience: Audience, columns: dict[str, str] | None = None) -> CheckedAudience:
    """Check everything of an audience that is SQL; `columns` None: those of the published customer table.

    Raises:
        KithError: it is not one expression of the kind wanted, over these columns, of what is let through.
    """
    columns = customer_columns() if columns is None else columns
    checked = {
        field: check_expression(text, columns, kind, f"the audience '{audience.key}', {field}")
        for field, text, kind in (
            ("rule", audience.rule, "truth"),
            ("order_by", audience.order_by, "number"),
            ("gesture", audience.gesture, "text"),
        )
        if text is not None
    }
    return CheckedAudience(audience, checked["rule"], checked["order_by"], checked.get("gesture"))


def check_expression(text: str, columns: dict[str, str], kind: str, where: str) -> Checked:
    """Check one SQL expression over one row.

    Args:
        text: what somebody wrote.
        columns: names of the row's columns with their SQL types.
        kind: what it must give: truth, number, text or instant.
        where: whose it is, for the message.

    Raises:
        KithError: it is none, or holds something that is not let through.
    """
    from ml.activate.audiences.grammar import Refused, check_tree, parse, written
    from ml.activate.audiences.kinds import kind_of

    try:
        if len(text) > MOST_CHARACTERS:
            raise Refused(f"it is longer than {MOST_CHARACTERS:,} characters")
        tree = parse(text)
        names = check_tree(tree, columns, MOST_PARTS)
        found = kind_of(tree, columns)
        if found not in (kind, "nothing"):
            raise Refused(f"it gives a {found}, and a {kind} is needed")
        return Checked(written(tree), names)
    except (Refused, RecursionError) as refused:
        found_here = str(refused) if isinstance(refused, Refused) else "it is nested too deeply"
        shown = " ".join(text.split())
        raise KithError(
            f"{where[0].upper()}{where[1:]}: `{shown if len(shown) <= 300 else shown[:297] + '...'}` cannot be used: "
            f"{found_here}. It must be one SQL expression over the columns of one row of {PEOPLE}; `as_of_date` is "
            "the clock. docs/audiences.md lists what is let through."
        ) from None


def may_be_contacted(channel: str, profiling_default: bool) -> str:
    """SQL over a row of the customer table: the person may be profiled, and said yes to what the channel needs."""
    parts = [f"coalesce(consent_profiling, {str(profiling_default).lower()})"]
    parts += [f"coalesce(consent_{purpose}, false)" for purpose in NEEDED_CONSENTS.get(channel, ())]
    return " and ".join(parts)


def bind(audiences: Iterable[CheckedAudience]) -> None:
    """Let the engine have a look at every expression, on an empty customer table and with no way out.

    Raises:
        KithError: the engine cannot take one.
    """
    with connect_apart() as connection:
        write_table(connection, PEOPLE, customer_columns(), [])
        lock_down(connection)
        for checked in audiences:
            parts = [checked.condition, checked.order, checked.gesture]
            told = ", ".join(part.sql for part in parts if part)
            try:
                connection.execute(f"select {told} from {PEOPLE} where {checked.condition.sql}")
            except duckdb.Error as error:
                raise KithError(
                    f"The audience '{checked.audience.key}': the engine cannot take its rule, order_by or gesture: "
                    f"{str(error).splitlines()[0]}. Correct the expression in its file."
                ) from error
