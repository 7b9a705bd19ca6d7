"""The table of bid values of a published version."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from ml.activate.bids.values import BidTerms, bid_values
from ml.activate.export.files import OWNER_FOLDER, parquet_bytes, write_private
from ml.activate.tables import BID_VALUES
from ml.data.seeds import seed_rows
from ml.data.sql_text import literal
from ml.home import Home
from ml.serve.versions import Version, Versions

USUAL_DECIMALS = 2


def write_bid_values(connection: duckdb.DuckDBPyConnection, home: Home, version: Version) -> None:
    """Write bid_values.parquet of a version: one row per customer, by customer_id."""
    customers = Versions(home).folder / version.name / "customers.parquet"
    people = connection.execute(
        "select customer_id, next_purchase_probability as probability, "
        "cast(next_order_expected_amount as double) as expected_amount "
        f"from read_parquet({literal(customers)}) order by customer_id"
    ).to_arrow_table()
    terms = bid_terms(home)
    amounts = people["expected_amount"].to_numpy(zero_copy_only=False).astype(np.float64)
    found = bid_values(amounts, terms)
    rows = len(people)
    table = pa.table(
        {
            "customer_id": people["customer_id"],
            "as_of_date": pa.array([version.as_of_date] * rows, pa.date32()),
            "probability": people["probability"],
            "expected_amount": people["expected_amount"],
            "expected_margin": pa.array(np.round(found.expected_margin, 4)),
            "value": pa.array(found.value),
            "is_capped": pa.array(found.is_capped),
            "currency": pa.array([home.settings.currency] * rows, pa.string()),
        }
    )
    folder = home.activation_version(version.name)
    folder.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
    write_private(folder / BID_VALUES, parquet_bytes(table))


def bid_terms(home: Home) -> BidTerms:
    """How values are made in a home: its settings, and the smallest coin of its currency."""
    settings = home.settings
    decimals = {row["currency"]: int(row["decimals"]) for row in seed_rows("currency_decimals")}
    return BidTerms(
        settings.bid_margin_share,
        settings.bid_cap_quantile,
        settings.most_bid_value,
        decimals.get(settings.currency or "", USUAL_DECIMALS),
    )
