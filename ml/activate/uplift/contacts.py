"""The one module of this part that opens the warehouse: randomised contacts, their outcomes and their features."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from ml.activate.uplift import queries
from ml.data.maturity import complete_until_of
from ml.data.warehouse import connect, frame, table_exists
from ml.errors import KithError
from ml.run import Run, RunState
from ml.serve.versions import Versions

LEARNED = ("purchase", "churn", "refusal")
KEYS = (
    "origin", "pattern", "campaign", "campaign_date", "person", "is_treated", "is_redrawn", "treated_share",
    "read_days", "stay_days", "is_read", "is_stay_read", *LEARNED, "customer_id", "as_of_date",
)  # fmt: skip
"""The columns beside the features of a learning row."""


@dataclass(frozen=True)
class Contacts:
    """The warehouse of a run's day, opened to ask who was drawn by a coin and what became of them."""

    connection: duckdb.DuckDBPyConnection
    run: Run
    complete_until: datetime

    def draw(self) -> None:
        """Make the temporary table `contacts`: every randomised unit with what it did since."""
        self.connection.execute(queries.UNITS)
        for pattern, campaign, day in self.connection.execute(queries.CAMPAIGNS).fetchall():
            self.connection.execute(
                queries.DRAWN, {"pattern": pattern, "campaign": campaign, "day": day}
            )
        _add_exports(self.connection, self.run)
        self.connection.execute(queries.PEOPLE)
        self.connection.execute(queries.OUTCOMES, {"until": self.complete_until})

    def declared(self) -> list[tuple[object, ...]]:
        """The list of randomised campaigns, row by row."""
        return self.connection.execute(f"select * from {queries.DECLARED} order by all").fetchall()

    def channels(self) -> list[str]:
        """Every channel that was randomised, or is declared to be."""
        rows = self.connection.execute(
            f"select channel from contacts union select channel from {queries.DECLARED} order by channel"
        ).fetchall()
        return [row[0] for row in rows]

    def all(self) -> pd.DataFrame:
        """Every randomised unit as ml.activate.lift.readings takes it, by day, campaign and customer.

        A person is a number here, and each campaign's name stands once in memory: a brand of a million customers has
        millions of units.
        """
        names = frame(
            self.connection,
            "select distinct origin, pattern, campaign from contacts order by origin, pattern, campaign",
        )
        self.connection.register("campaign_names", names.assign(campaign_no=range(len(names))))
        rows = frame(
            self.connection,
            "select campaign_no, campaign_date, person_no as person, is_treated, is_mixed, treated_share, read_days, "
            "purchase, amount from contacts inner join campaign_names using (origin, pattern, campaign) "
            "order by campaign_date, campaign, customer_id",
        )
        self.connection.unregister("campaign_names")
        numbers = rows.pop("campaign_no").to_numpy()
        return rows.assign(**{str(name): names[name].to_numpy()[numbers] for name in names})

    def everyone(self, channel: str) -> pd.DataFrame:
        """Units of a channel whose window has closed, capped to the same people everywhere: KEYS but as_of_date."""
        return self.connection.execute(queries.CLOSED, self._of(channel)).df()

    def learning(self, channel: str) -> pd.DataFrame:
        """Those of them with features of a day before: KEYS and features."""
        return self.connection.execute(queries.LEARNING, self._of(channel)).df()

    def _of(self, channel: str) -> dict[str, object]:
        counted = self.connection.execute(
            "select count(*) from contacts where channel = ? and is_read and not is_mixed",
            [channel],
        ).fetchone()
        rows = counted[0] if counted else 0
        share = min(1.0, self.run.home.settings.max_uplift_rows / max(rows, 1))
        return {"channel": channel, "limit": int(share * 2**32)}

    def scored(self) -> pd.DataFrame:
        """Features at the run's day of everybody who may be profiled, by customer_id."""
        return self.connection.execute(queries.SCORED_FEATURES, {"day": self.run.as_of_date}).df()

    def eligible(self) -> pd.DataFrame:
        """Whom each channel may reach on the run's day, as those who were drawn: customer_id, channel.

        A channel that no campaign declares asks for consent alone: only exports were randomised there.
        """
        return self.connection.execute(
            queries.ELIGIBLE, {"day": self.run.as_of_date, "pattern": None}
        ).df()


@contextmanager
def contacts_of(run: Run) -> Iterator[Contacts]:
    """Open the warehouse of the run's day.

    Raises:
        KithError: the warehouse is not built for that day, holds lists of an older code, or the list of randomised
            campaigns contradicts itself.
    """
    until = complete_until_of(run, RunState(run).require("features", "build"))
    with connect(run.home, read_only=True) as connection:
        _require_declaration(connection)
        yield Contacts(connection, run, until)


def _require_declaration(connection: duckdb.DuckDBPyConnection) -> None:
    seed = "dbt_project/seeds/randomised_campaigns.csv"
    if not table_exists(connection, queries.DECLARED):
        raise KithError(
            "The warehouse holds no list of randomised campaigns: it was built by an older Kith. Run `kith build` for "
            "this day again."
        )
    wrong = connection.execute(
        f"select campaign_pattern, channel from {queries.DECLARED} where read_days is null or read_days < 1 "
        "or stay_days is null or stay_days < 1 or written_within_days is null or written_within_days < 1 "
        "or treated_share <= 0 or treated_share >= 1 or purpose is null order by 1, 2"
    ).fetchone()
    if wrong:
        raise KithError(
            f"{seed}, the row of '{wrong[0]}' and {wrong[1]}: days are whole numbers from 1, treated_share lies "
            "between 0 and 1 (or is empty), and a purpose is named. Correct the row and build again."
        )
    torn = connection.execute(
        f"select channel, min(read_days), max(read_days) from {queries.DECLARED} group by channel "
        "having min(read_days) < max(read_days) or min(stay_days) < max(stay_days) order by channel"
    ).fetchone()
    if torn:
        raise KithError(
            f"{seed} reads the channel {torn[0]} over different numbers of days ({torn[1]} and {torn[2]}, or others in "
            "stay_days). One effect is over one number of days: give all rows of a channel the same."
        )
    twice = connection.execute(
        f"select campaign, count(*) from ({queries.CAMPAIGNS}) as found group by campaign "
        "having count(*) > 1 order by campaign"
    ).fetchone()
    if twice:
        raise KithError(
            f"{seed}: the campaign '{twice[0]}' matches {twice[1]} patterns, so that its people would count more than "
            "once. Make the patterns exclude each other."
        )


def _add_exports(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    logs = sorted(str(path) for path in run.home.exports.glob("*/*/*/log.parquet"))
    if not logs:
        return
    current = Versions(run.home).current()
    folder = Versions(run.home).folder / (current.name if current else "none")
    _temporary(
        connection, "terms", folder / "audiences.parquet", "audience", ("purpose", "holdout_share")
    )
    _temporary(
        connection, "mixed", folder / "holdouts.parquet", "customer_id", ("purpose", "is_mixed")
    )
    connection.execute("delete from mixed where not coalesce(is_mixed, false)")
    settings = run.home.settings
    connection.execute(
        queries.EXPORTED,
        {
            "logs": logs,
            "day": run.as_of_date,
            "holdout_share": settings.holdout_share,
            "read_days": settings.effect_days,
            "stay_days": settings.effect_stay_days,
        },
    )


_TYPES = {"purpose": "varchar", "holdout_share": "double", "is_mixed": "boolean"}


def _temporary(
    connection: duckdb.DuckDBPyConnection, name: str, path: Path, key: str, columns: tuple[str, ...]
) -> None:
    """A published table's columns; one that the version does not have yet is empty."""
    declared = ", ".join(f"{column} {_TYPES[column]}" for column in columns)
    connection.execute(f"create temp table {name} ({key} varchar, {declared})")
    if not path.exists():
        return
    there = pq.read_schema(path).names
    asked = ", ".join(
        f"{column} as {column}"
        if column in there
        else f"cast(null as {_TYPES[column]}) as {column}"
        for column in columns
    )
    connection.execute(
        f"insert into {name} select {key}, {asked} from read_parquet(?)", [str(path)]
    )
    if name == "terms":
        connection.execute("update terms set purpose = audience where purpose is null")
