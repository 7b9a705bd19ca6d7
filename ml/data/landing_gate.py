"""What the run says about the landing zone, and when it stops because of it."""

from __future__ import annotations

import re

import duckdb

from ml.data.raw_layer import rows_left_out
from ml.errors import KithError
from ml.run import Run


def check_currencies(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Stop when money comes in several currencies that no rate joins.

    Raises:
        KithError: names the currencies found and the rates that are missing.
    """
    found = connection.execute(
        "select upper(currency) as currency, count(*) from staging.stg_orders "
        "where currency is not null group by 1 order by 1"
    ).fetchall()
    currencies = [row[0] for row in found]
    own = run.home.settings.currency
    if len({*currencies, own} - {None}) < 2:
        return
    rated = {row[0] for row in connection.execute("select currency from control.rates").fetchall()}
    if missing := [currency for currency in currencies if currency not in rated]:
        raise KithError(
            f"Orders come in several currencies ({_codes(currencies)}), and amounts can be added only with a "
            f"rate for each; missing: {_codes(missing)}. Name a CSV file with the columns currency,rate (brand "
            "currency per unit) in the setting rates_file of kith.toml, and the brand's own in `currency`."
        )


def _codes(currencies: list[str]) -> str:
    """Currencies by their codes; another text that stands in the column may be a person's, and is only counted."""
    codes = [currency for currency in currencies if re.fullmatch("[A-Z]{3}", currency)]
    others = len(currencies) - len(codes)
    return ", ".join([*codes, *([f"{others} that are no code of three letters"] if others else [])])


def report_landing(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Say per entity how many rows came in, were staged and were refused."""
    rows = connection.execute(
        "select entity, rows_in, rows_staged, rows_quarantined from staging.landing_summary "
        "where rows_in > 0 order by entity"
    ).fetchall()
    for entity, rows_in, staged, refused in rows:
        run.report(f"  {entity}: {rows_in:,} rows in = {staged:,} staged + {refused:,} quarantined")
    if left_out := sum(rows_left_out(run.home.raw).values()):
        run.report(f"  {left_out:,} more rows are of people who were erased, and were left out")
    later = connection.execute(
        "select coalesce(sum(rows_landed), 0) from staging.landing_days where visible_on > ?",
        [run.as_of_date],
    ).fetchone()
    if later and later[0]:
        run.report(
            f"  {int(later[0]):,} rows become known on {run.as_of_date} or later and are not seen yet"
        )
