"""Which families of features a day has: those switched on whose entities have been seen by then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb

from ml.data.targets import Target
from ml.data.warehouse import table_exists, write_table
from ml.learn.catalogue import families

TABLE = "control.feature_families"

# What a target may ask about. A family that tells of past labels needs a target that asks.
BUYING, SHARING = "buying", "sharing"
QUESTIONS = frozenset({BUYING, SHARING})


def write_feature_families(
    connection: duckdb.DuckDBPyConnection, day: date, targets: Iterable[Target]
) -> tuple[str, ...]:
    """Write which families are present on a day for the SQL to read; gives their names, in alphabetical order.

    A family may need entities, and a target that asks about buying or about sharing.
    """
    asked = {SHARING if target.name == "share" else BUYING for target in targets}
    seen = asked | {
        entity
        for (entity,) in connection.execute(
            "select entity from staging.landing_days where visible_on <= ? "
            "group by entity having sum(rows_landed - rows_refused) > 0",
            [day],
        ).fetchall()
    }
    rows = [
        [family.name, family.is_switched_on and family.needs <= seen, family.needs <= seen]
        for family in families().values()
    ]
    columns = {"family": "varchar", "is_present": "boolean", "has_entities": "boolean"}
    write_table(connection, TABLE, columns, sorted(rows))
    return present_families(connection)


def present_families(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The families that the features were last built from, in alphabetical order; none before the first build."""
    if not table_exists(connection, TABLE):
        return ()
    found = connection.execute(
        f"select family from {TABLE} where is_present order by family"
    ).fetchall()
    return tuple(family for (family,) in found)
