"""CDNOW: the purchases of a cohort of a music shop's customers, 1997 to 1998.

Fader and Hardie (2001), "Forecasting Repeat Sales at CDNOW", Interfaces 31(3).
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from ml.data.importers.source_files import (
    find_source_file,
    instants,
    read_columns,
    scaled_numbers,
    texts,
)
from ml.data.importers.summary import ImportSummary
from ml.data.landing_writer import decimals, timestamps, write_landing_file
from ml.stores.place import Place

SOURCE = "cdnow"
SCALE = 4
PRODUCT_ID = "cd"
COLUMNS = {"Id": (), "Date": (), "CDs": ("Quantity",), "Price": ("Amount",)}


def import_cdnow(source: Path, landing: Place) -> ImportSummary:
    """Write one completed order per row, with one line that holds the number of CDs.

    The set has no order numbers: an order is called ``<customer>-<running number>``, counted in
    the order of the file. A date stands for its 00:00; amounts are US dollars. ``source`` is the
    file or its folder. Raises KithError when it cannot be read.
    """
    path = find_source_file(source)
    raw = read_columns(path, COLUMNS)
    customer = texts(path, raw["Id"])
    running = (customer.groupby(customer).cumcount() + 1).astype(str).str.zfill(3)
    order_ids = pa.array(customer + "-" + running, pa.string())
    occurred_at = instants(path, raw["Date"], "%Y%m%d")
    amounts = decimals(scaled_numbers(path, raw["Price"], SCALE), SCALE)
    sources = pa.array([SOURCE] * len(raw))
    tables = {
        "orders": pa.table(
            {
                "source": sources,
                "order_id": order_ids,
                "occurred_at": timestamps(occurred_at.to_numpy()),
                "amount": amounts,
                "source_key": pa.array(customer, pa.string()),
                "currency": ["USD"] * len(raw),
                "channel": ["web"] * len(raw),
                "status": ["completed"] * len(raw),
            }
        ),
        "order_lines": pa.table(
            {
                "source": sources,
                "order_id": order_ids,
                "line_no": pa.array([1] * len(raw), pa.int32()),
                "product_id": [PRODUCT_ID] * len(raw),
                "quantity": decimals(scaled_numbers(path, raw["CDs"], 0) * 10**SCALE, SCALE),
                "amount": amounts,
            }
        ),
        "products": pa.table(
            {
                "product_id": [PRODUCT_ID],
                "name": ["Compact disc"],
                "category": ["music"],
            }
        ),
    }
    for entity, table in tables.items():
        write_landing_file(landing, entity, f"{SOURCE}.parquet", table)
    return ImportSummary(
        SOURCE,
        path,
        {entity: table.num_rows for entity, table in tables.items()},
        occurred_at.min().to_pydatetime(),
        occurred_at.max().to_pydatetime(),
    )
