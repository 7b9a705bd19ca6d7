"""Where Splink works: on the desk, in DuckDB, or on Spark. Nothing else makes an engine for it."""

from __future__ import annotations

from typing import Protocol

import duckdb
from splink import DuckDBAPI, Linker

from ml.home import Home
from ml.matching.comparisons import COMPARISONS
from ml.matching.model import splink_settings
from ml.matching.parameters import usual_parameters
from ml.matching.portions import MOST_PAIRS


class Backend(Protocol):
    """An engine that compares pairs of profile states, so many at a time."""

    most_pairs: int

    def levels(self, connection: duckdb.DuckDBPyConnection, states: str, pairs: str) -> str:
        """Find the levels that pairs come to.

        Args:
            connection: holds the two tables.
            states: profile states by state_no.
            pairs: left_state_no, right_state_no.

        Returns:
            The name of a table of the connection: the numbers of the pair, and `<comparison>_level`.
        """


class Desk:
    """Splink on the connection that asks."""

    # Splink carries what it compares along: half a kilobyte for a pair.
    most_pairs = MOST_PAIRS

    def levels(self, connection: duckdb.DuckDBPyConnection, states: str, pairs: str) -> str:
        """As `Backend` says."""
        connection.execute(
            f"create or replace table meeting_states as from {states} semi join ("
            f"select left_state_no as state_no from {pairs} union select right_state_no from {pairs}"
            ") using (state_no)"
        )
        connection.execute(
            "create or replace table blocked as select left_state_no as join_key_l, "
            f"right_state_no as join_key_r, '0' as match_key from {pairs}"
        )
        api = DuckDBAPI(connection)
        usual = usual_parameters()
        linker = Linker(
            api.register("meeting_states"), splink_settings(usual.m, usual.u), log_level=None
        )
        linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
        predicted = linker.inference.predict(warning_mode="never").physical_name
        connection.execute(
            f"create or replace table found_levels as select {found_levels()} from {predicted}"
        )
        linker.table_management.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call]
        connection.execute("drop table meeting_states")
        connection.execute("drop table blocked")
        return "found_levels"


def backend_of(home: Home) -> Backend:
    """The engine that a home's settings name."""
    if home.settings.engine == "spark":
        from ml.matching.on_spark import Cluster

        return Cluster(home)
    return Desk()


def found_levels() -> str:
    """The columns of a backend's answer, by Splink's names."""
    levels = ", ".join(f"cast(gamma_{name} as tinyint) as {name}_level" for name in COMPARISONS)
    return f"state_no_l as left_state_no, state_no_r as right_state_no, {levels}"
