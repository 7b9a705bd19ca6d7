"""The importers: tiny files of each format, then the public sets themselves where they are."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ml.data.importers import (
    IMPORTERS,
    import_cdnow,
    import_online_retail,
    import_taobao_shares,
)
from ml.errors import KithError

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED_DATA = Path(os.environ.get("KITH_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")

RETAIL_CSV = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1001,A1,RED MUG,3,2011-01-05 10:01:00,0.335,17850.0,United Kingdom
1001,B2,,1,2011-01-05 10:00:00,2.10,17850.0,United Kingdom
1001,A1,RED MUG,3,2011-01-05 10:01:00,0.335,17850.0,United Kingdom
C1002,A1,mug red,-1,2011-01-06 09:00:00,0.335,17850,United Kingdom
1003,A1,RED MUG,2,2011-02-01 12:00:00,0.30,,France
1004,B2,,-5,2011-02-02 12:00:00,0,,United Kingdom
1005,A1,ANOTHER MUG,1,2011-03-01 12:00:00,0.40,17850,France
"""


def shared(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"public data absent: {folder} (set KITH_SHARED_DATA)")
    return folder


def rows(landing: Path, entity: str) -> list[dict[str, object]]:
    (file,) = (landing / entity).iterdir()
    found: list[dict[str, object]] = pq.read_table(file).to_pylist()
    return found


@pytest.fixture
def retail_csv(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "retail.csv"
    path.parent.mkdir()
    path.write_text(RETAIL_CSV)
    return path


def test_online_retail_sums_lines_exactly_into_orders(retail_csv: Path, tmp_path: Path) -> None:
    summary = import_online_retail(retail_csv, tmp_path / "landing")
    orders = {row["order_id"]: row for row in rows(tmp_path / "landing", "orders")}
    assert orders["1001"]["amount"] == Decimal("4.1100")
    assert orders["1001"]["source_key"] == "17850"
    assert str(orders["1001"]["occurred_at"]) == "2011-01-05 10:00:00"
    assert orders["1003"]["source_key"] is None
    assert {i: row["status"] for i, row in orders.items()} == {
        "1001": "completed",
        "1003": "completed",
        "1004": "completed",
        "1005": "completed",
        "C1002": "cancelled",
    }
    assert summary.rows == {"orders": 5, "order_lines": 7, "products": 2, "profiles": 2}


def test_online_retail_keeps_every_line_numbered(retail_csv: Path, tmp_path: Path) -> None:
    import_online_retail(retail_csv, tmp_path / "landing")
    lines = rows(tmp_path / "landing", "order_lines")
    keys = [(row["order_id"], row["line_no"]) for row in lines]
    assert keys[:3] == [("1001", 1), ("1001", 2), ("1001", 3)]
    assert len(set(keys)) == 7
    assert ("1004", Decimal("-5")) in [(row["order_id"], row["quantity"]) for row in lines]


def test_online_retail_names_products_and_follows_countries(
    retail_csv: Path, tmp_path: Path
) -> None:
    import_online_retail(retail_csv, tmp_path / "landing")
    products = {row["product_id"]: row["name"] for row in rows(tmp_path / "landing", "products")}
    assert products == {"A1": "RED MUG", "B2": None}
    profiles = rows(tmp_path / "landing", "profiles")
    assert [(str(p["known_at"])[:10], p["country"]) for p in profiles] == [
        ("2011-01-05", "United Kingdom"),
        ("2011-03-01", "France"),
    ]


def test_online_retail_reads_other_spellings_dates_and_encodings(tmp_path: Path) -> None:
    source = tmp_path / "retail.csv"
    source.write_bytes(
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "536365,A1,£5 MUG,6,12/1/2010 8:26,2.55,17850,United Kingdom\n".encode("cp1252")
    )
    import_online_retail(source, tmp_path / "landing")
    (order,) = rows(tmp_path / "landing", "orders")
    assert str(order["occurred_at"]) == "2010-12-01 08:26:00"
    assert rows(tmp_path / "landing", "products")[0]["name"] == "£5 MUG"


def test_csv_and_parquet_of_the_same_rows_import_alike(retail_csv: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(retail_csv)
    assert frame["CustomerID"].dtype == float
    frame["InvoiceDate"] = pd.to_datetime(frame["InvoiceDate"])
    frame["InvoiceNo"] = frame["InvoiceNo"].astype(str)
    frame.to_parquet(tmp_path / "retail.parquet")
    import_online_retail(retail_csv.parent, tmp_path / "from_csv")
    import_online_retail(tmp_path / "retail.parquet", tmp_path / "from_parquet")
    for entity in ("orders", "order_lines", "products", "profiles"):
        (left,) = (tmp_path / "from_csv" / entity).iterdir()
        (right,) = (tmp_path / "from_parquet" / entity).iterdir()
        assert left.read_bytes() == right.read_bytes(), entity


def test_cdnow_makes_one_order_with_one_line_per_row(tmp_path: Path) -> None:
    source = tmp_path / "cdnow.csv"
    source.write_text(
        "Id,Date,CDs,Price\n1,1997-01-01,2,29.33\n1,1997-01-01,1,0\n2,1997-03-02,3,9\n"
    )
    summary = import_cdnow(source, tmp_path / "landing")
    orders = rows(tmp_path / "landing", "orders")
    assert [o["order_id"] for o in orders] == ["1-001", "1-002", "2-001"]
    assert [o["amount"] for o in orders] == [Decimal("29.33"), Decimal(0), Decimal(9)]
    assert [o["quantity"] for o in rows(tmp_path / "landing", "order_lines")] == [2, 1, 3]
    assert summary.rows["orders"] == 3


def test_taobao_ids_are_unique_and_exact_repeats_collapse(tmp_path: Path) -> None:
    source = tmp_path / "shares.csv"
    source.write_text(
        "triple_id,voter_id,inviter_id,item_id,timestamp\n"
        "7,v1,i1,x,2022-10-14 10:42:06\n"
        "7,v1,i1,x,2022-10-14 10:42:06\n"
        "7,v2,i1,x,2022-10-14 10:43:00\n"
    )
    import_taobao_shares(source, tmp_path / "landing")
    shares = rows(tmp_path / "landing", "shares")
    assert [(s["share_id"], s["inviter_key"], s["invitee_key"]) for s in shares] == [
        ("7", "i1", "v1"),
        ("7-2", "i1", "v2"),
    ]
    assert {s["outcome"] for s in shares} == {"opened"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.csv", b"Id,Date,Price\n1,1997-01-01,2\n", ["missing: CDs", "found: Id, Date, Price"]),
        (
            "x.csv",
            b"Id,Date,CDs,Price\n1,1997-01-01,2,3\n1,soon,2,3\n",
            ["Date", "'soon'", "row 2"],
        ),
        (
            "x.csv",
            b"Id,Date,CDs,Price\n1,1997-01-01,1.5,3\n",
            ["CDs", "no decimal places", "'1.5'"],
        ),
        ("x.csv", b"Id,Date,CDs,Price\n,1997-01-01,1,3\n", ["Id", "found nothing", "row 1"]),
        ("x.csv", b"Id,Date,CDs,Price\n", ["at least one row"]),
        ("x.csv", b"", ["readable as csv"]),
        ("x.parquet", b"not parquet", ["readable as parquet", "Fetch it again"]),
        ("x.xlsx", b"PK", ["must end in .parquet or .csv", "save it as CSV"]),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes, said: list[str]
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    with pytest.raises(KithError) as stopped:
        import_cdnow(source, tmp_path / "landing")
    message = str(stopped.value)
    assert str(source) in message
    for part in said:
        assert part in message
    assert not (tmp_path / "landing").exists()


def test_a_folder_must_hold_one_file(tmp_path: Path) -> None:
    with pytest.raises(KithError, match="exactly one"):
        import_cdnow(tmp_path, tmp_path / "landing")
    with pytest.raises(KithError, match="found nothing there"):
        import_cdnow(tmp_path / "nowhere", tmp_path / "landing")


def test_a_landing_zone_that_is_a_file_is_refused(retail_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "landing").write_text("")
    with pytest.raises(KithError, match="must be a folder that can be written to"):
        import_online_retail(retail_csv, tmp_path / "landing")


def test_the_registry_knows_the_names_of_the_command_line() -> None:
    assert set(IMPORTERS) == {"online-retail", "cdnow", "taobao-shares"}


@pytest.fixture(scope="module")
def retail_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    landing = tmp_path_factory.mktemp("retail")
    import_online_retail(shared("online_retail"), landing)
    return landing


@pytest.mark.parametrize(
    ("cut_off", "days_back", "days_ahead", "people", "share_buying"),
    [("2011-09-01", 90, 90, 1923, 1 - 0.319), ("2011-11-01", 365, 30, 3974, 0.337)],
)
def test_online_retail_base_rates_are_the_published_ones(
    retail_landing: Path,
    cut_off: str,
    days_back: int,
    days_ahead: int,
    people: int,
    share_buying: float,
) -> None:
    found = duckdb.sql(f"""
        with completed as (
            select * from '{retail_landing}/orders/*.parquet'
            where status = 'completed' and source_key is not null
        ),
        cohort as (
            select distinct source_key from completed
            where occurred_at >= date '{cut_off}' - {days_back} and occurred_at < date '{cut_off}'
        ),
        buying as (
            select distinct source_key from completed
            where occurred_at >= date '{cut_off}' and occurred_at < date '{cut_off}' + {days_ahead}
        )
        select count(*), count(buying.source_key) / count(*)
        from cohort left join buying using (source_key)
    """).fetchone()
    assert found is not None
    assert found[0] == people
    assert found[1] == pytest.approx(share_buying, abs=0.0005)


def test_online_retail_orders_hold_what_their_lines_hold(retail_landing: Path) -> None:
    found = duckdb.sql(f"""
        with summed as (
            select order_id, sum(amount) as amount
            from '{retail_landing}/order_lines/*.parquet' group by all
        )
        select count(*), count(*) filter (where o.amount = s.amount)
        from '{retail_landing}/orders/*.parquet' as o join summed as s using (order_id)
    """).fetchone()
    assert found == (25_900, 25_900)


def test_cdnow_sample_is_whole(tmp_path: Path) -> None:
    import_cdnow(shared("cdnow"), tmp_path)
    orders = rows(tmp_path, "orders")
    assert len(orders) == 6696
    assert len({o["source_key"] for o in orders}) == 2357
    assert len({o["order_id"] for o in orders}) == 6696


def test_taobao_shares_are_whole(tmp_path: Path) -> None:
    import_taobao_shares(shared("taobao_shares"), tmp_path)
    shares = rows(tmp_path, "shares")
    assert len({s["share_id"] for s in shares}) == 60_268
    assert len({s["inviter_key"] for s in shares}) == 8394
