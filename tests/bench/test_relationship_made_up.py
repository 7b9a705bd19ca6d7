"""The made-up brand of the bench is of the size and the shape that it says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from relationship_made_up import AS_OF_DATE, ORDERS_PER_CUSTOMER, write_made_up_brand

from tests.conftest import query_parquet

CUSTOMERS = 200


def test_the_made_up_brand_is_a_forest_of_buyers(tmp_path: Path) -> None:
    write_made_up_brand(tmp_path, CUSTOMERS)
    files = {folder.name: f"'{folder}/*.parquet'" for folder in tmp_path.iterdir()}
    orders = query_parquet(
        "select count(distinct order_id), count(distinct source_key), min(occurred_at), max(occurred_at) "
        f"from {files['orders']}"
    )
    assert orders[0][:2] == (ORDERS_PER_CUSTOMER * CUSTOMERS, CUSTOMERS)
    assert orders[0][2] >= datetime(2024, 1, 2)
    assert orders[0][3] < datetime.combine(AS_OF_DATE, datetime.min.time())
    brought = query_parquet(
        f"select invitee_key, inviter_key from {files['shares']} where outcome = 'ordered'"
    )
    assert 0.2 * CUSTOMERS < len(brought) < 0.4 * CUSTOMERS
    assert len({invitee for invitee, _ in brought}) == len(brought)
    assert all(inviter < invitee for invitee, inviter in brought)
    too_early = query_parquet(
        f"select count(*) from {files['orders']} as orders inner join {files['shares']} as shares "
        "on orders.source_key = shares.invitee_key "
        "where shares.outcome = 'ordered' and orders.occurred_at < shares.occurred_at"
    )
    assert too_early == [(0,)]
