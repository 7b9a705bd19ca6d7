"""UCI Online Retail: invoice lines of a British gift shop become orders, lines, products, profiles.

Chen, Sain and Guo (2012), "Data mining for the online retail industry",
https://archive.ics.uci.edu/dataset/352/online+retail.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from ml.data.importers.source_files import (
    find_source_file,
    instants,
    read_columns,
    refuse_first,
    scaled_numbers,
    texts,
)
from ml.data.importers.summary import ImportSummary
from ml.data.landing_writer import decimals, timestamps, write_landing_file
from ml.stores.place import Place

SOURCE = "online_retail"
PRICE_SCALE = 4
COLUMNS = {
    "InvoiceNo": ("Invoice",),
    "StockCode": (),
    "Description": (),
    "Quantity": (),
    "InvoiceDate": (),
    "UnitPrice": ("Price",),
    "CustomerID": ("Customer ID",),
    "Country": (),
}


def import_online_retail(source: Path, landing: Place) -> ImportSummary:
    """Write the shop's history as orders, order_lines, products and profiles.

    An invoice is an order, its earliest line its instant, the exact sum of its lines its amount
    (GBP). Numbers starting with C are cancellations, all others completed; stock write-offs
    (negative quantities on ordinary invoices of nobody) stay as they are, for the run to refuse.
    ``source`` is the file or its folder. Raises KithError when it cannot be read.
    """
    path = find_source_file(source)
    lines = _read_lines(path)
    orders = (
        lines.groupby("order_id", sort=True)
        .agg(
            occurred_at=("occurred_at", "min"),
            amount=("amount", "sum"),
            source_key=("source_key", "first"),
        )
        .reset_index()
    )
    tables = {
        "orders": _orders_table(orders),
        "order_lines": _lines_table(lines),
        "products": _products_table(lines),
        "profiles": _profiles_table(lines),
    }
    for entity, table in tables.items():
        write_landing_file(landing, entity, f"{SOURCE}.parquet", table)
    return ImportSummary(
        SOURCE,
        path,
        {entity: table.num_rows for entity, table in tables.items()},
        orders["occurred_at"].min().to_pydatetime(),
        orders["occurred_at"].max().to_pydatetime(),
    )


def _read_lines(path: Path) -> pd.DataFrame:
    raw = read_columns(path, COLUMNS)
    lines = pd.DataFrame(
        {
            "order_id": texts(path, raw["InvoiceNo"]),
            "product_id": texts(path, raw["StockCode"]),
            "name": texts(path, raw["Description"], required=False),
            "quantity": scaled_numbers(path, raw["Quantity"], 0),
            "unit_price": scaled_numbers(path, raw["UnitPrice"], PRICE_SCALE),
            "occurred_at": instants(path, raw["InvoiceDate"], "%m/%d/%Y %H:%M"),
            "source_key": texts(path, raw["CustomerID"], required=False),
            "country": texts(path, raw["Country"], required=False),
        }
    )
    too_large = lines["quantity"].abs() * lines["unit_price"].abs().astype(float) > 2.0**62
    refuse_first(path, raw["Quantity"], too_large.to_numpy(), "times UnitPrice must fit 18 digits")
    lines["amount"] = lines["quantity"] * lines["unit_price"]
    lines["line_no"] = lines.groupby("order_id").cumcount() + 1
    return lines


def _orders_table(orders: pd.DataFrame) -> pa.Table:
    is_cancelled = orders["order_id"].str.startswith("C")
    return pa.table(
        {
            "source": [SOURCE] * len(orders),
            "order_id": pa.array(orders["order_id"], pa.string()),
            "occurred_at": timestamps(orders["occurred_at"].to_numpy()),
            "amount": decimals(orders["amount"].to_numpy(), PRICE_SCALE),
            "source_key": pa.array(orders["source_key"], pa.string()),
            "currency": ["GBP"] * len(orders),
            "channel": ["web"] * len(orders),
            "status": is_cancelled.map({True: "cancelled", False: "completed"}).tolist(),
        }
    )


def _lines_table(lines: pd.DataFrame) -> pa.Table:
    return pa.table(
        {
            "source": pa.array([SOURCE] * len(lines)),
            "order_id": pa.array(lines["order_id"], pa.string()),
            "line_no": pa.array(lines["line_no"], pa.int32()),
            "product_id": pa.array(lines["product_id"], pa.string()),
            "quantity": decimals(lines["quantity"].to_numpy() * 10**PRICE_SCALE, PRICE_SCALE),
            "amount": decimals(lines["amount"].to_numpy(), PRICE_SCALE),
        }
    )


def _products_table(lines: pd.DataFrame) -> pa.Table:
    """One row per stock code; its name is its most frequent description, ties by alphabet."""
    counts = lines.groupby(["product_id", "name"]).size().rename("lines").reset_index()
    counts = counts.sort_values(["product_id", "lines", "name"], ascending=[True, False, True])
    names = counts.drop_duplicates("product_id").set_index("product_id")["name"]
    product_ids = sorted(lines["product_id"].unique())
    found = names.reindex(product_ids).astype(object)
    return pa.table(
        {
            "product_id": pa.array(product_ids, pa.string()),
            "name": pa.array(found.where(found.notna(), None), pa.string()),
        }
    )


def _profiles_table(lines: pd.DataFrame) -> pa.Table:
    """One row per customer and per change of country, known from the invoice that says so."""
    seen = lines.dropna(subset=["source_key", "country"]).sort_values(
        ["source_key", "occurred_at", "order_id", "line_no"]
    )
    is_new = seen["country"] != seen.groupby("source_key")["country"].shift()
    versions = seen[is_new]
    return pa.table(
        {
            "source": pa.array([SOURCE] * len(versions), pa.string()),
            "source_key": pa.array(versions["source_key"], pa.string()),
            "known_at": timestamps(versions["occurred_at"].to_numpy()),
            "country": pa.array(versions["country"], pa.string()),
        }
    )
