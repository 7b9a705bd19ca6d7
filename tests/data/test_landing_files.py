"""Reading the landing zone: every format, place and spelling gives the same rows as text, and none is lost."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.contract import entities
from ml.data.landing import discover
from ml.data.raw_layer import ingest
from ml.errors import KithError
from tests.conftest import query_parquet, write_csv, write_parquet

HEADER = "source,order_id,occurred_at,amount"
LINE = "web,{},2024-05-01,10"
RawRow = dict[str, Any]


def order(order_id: str, **other: object) -> dict[str, object]:
    return {
        "source": "web",
        "order_id": order_id,
        "occurred_at": "2024-05-01",
        "amount": "10",
        **other,
    }


def put(root: Path, name: str, content: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def raw_rows(landing: Path, entity: str = "orders", raw: Path | None = None) -> list[RawRow]:
    """An entity's raw rows by file and record: columns that hold something, without the blanks staging trims."""
    with TemporaryDirectory() as folder:
        place = raw or Path(folder) / "raw"
        ingest(discover(landing), place)
        table = pa.concat_tables(pq.read_table(path) for path in sorted((place / entity).iterdir()))
    rows = [
        {name: value.strip(" ") if isinstance(value, str) else value for name, value in row.items()}
        for row in table.to_pylist()
    ]
    rows = [{name: value for name, value in row.items() if value not in (None, "")} for row in rows]
    return sorted(rows, key=lambda row: (row["file"], row["file_row"]))


def orders_of(text: str | bytes, tmp_path: Path) -> list[tuple[Any, ...]]:
    """Read one CSV file of orders: record number, order_id, amount, fault."""
    put(tmp_path, "orders.csv", text)
    return [
        (row["file_row"], row.get("order_id"), row.get("amount"), row.get("row_fault"))
        for row in raw_rows(tmp_path)
    ]


def message_of(landing: Path, tmp_path: Path) -> str:
    """The stop that reading a landing zone ends with."""
    with pytest.raises(KithError) as stop:
        ingest(discover(landing), tmp_path / "raw")
    assert "\n" not in str(stop.value)
    return str(stop.value)


def test_every_place_and_format_at_once(tmp_path: Path) -> None:
    write_csv(tmp_path, "orders", [order("1", coupon_id="x")], "one.csv")
    write_csv(tmp_path, "orders", [order("2", channel="web")], "TWO.CSV")
    write_parquet(tmp_path, "orders", [order("3", store_id="s")], "three.parquet")
    put(tmp_path, "orders.csv", f"{HEADER}\n{LINE.format(4)}\n")
    pq.write_table(
        pa.table({name: [value] for name, value in order("5").items()}), tmp_path / "orders.parquet"
    )
    rows = raw_rows(tmp_path)
    assert [(row["file"], row["order_id"], row["file_row"]) for row in rows] == [
        ("orders.csv", "4", 1),
        ("orders.parquet", "5", 1),
        ("orders/TWO.CSV", "2", 1),
        ("orders/one.csv", "1", 1),
        ("orders/three.parquet", "3", 1),
    ]
    assert [row.get("coupon_id") for row in rows] == [None, None, None, "x", None]
    assert [row.get("channel") for row in rows] == [None, None, "web", None, None]
    assert [row.get("store_id") for row in rows] == [None, None, None, None, "s"]
    assert all(row["amount"] == "10" and "row_fault" not in row for row in rows)


def test_every_entity_has_a_raw_file_with_the_columns_of_the_contract(tmp_path: Path) -> None:
    write_csv(tmp_path / "in", "orders", [order("1")])
    ingest(discover(tmp_path / "in"), tmp_path / "raw")
    assert len(entities()) == 11
    for entity in entities().values():
        files = list((tmp_path / "raw" / entity.name).glob("*.parquet"))
        assert len(files) == (2 if entity.name == "orders" else 1)
        for path in files:
            schema = pq.read_schema(path)
            assert set(schema.names) == {*entity.columns, "file", "file_row", "row_fault"}
            assert str(schema.field("file_row").type) == "int64"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffsource,order_id,occurred_at,amount\nweb,7,2024-05-01,10\n",
        "Source , ORDER_ID,Occurred_At,amount\r\nweb,7,2024-05-01,10\r\n",
        "source;order_id;occurred_at;amount\nweb;7;2024-05-01;10\n",
        "source\torder_id\toccurred_at\tamount\nweb\t7\t2024-05-01\t10",
        "source|order_id|occurred_at|amount\nweb|7|2024-05-01|10",
        '"source","order_id","occurred_at","amount"\n"web","7","2024-05-01","10"\n',
        'source, "order_id", occurred_at, amount\nweb, "7", 2024-05-01, 10\n',
        "amount,extra,order_id,occurred_at,source\n10,?,7,2024-05-01,web\n",
        f"{HEADER}\r{LINE.format(7)}\r",
        f"{HEADER}\n\n\n{LINE.format(7)}\n\n",
        f"{HEADER}\r\n\r\n{LINE.format(7)}\n",
        f"{HEADER},\n{LINE.format(7)},\n",
        f"{HEADER}\n{LINE.format(7)},,\n",
    ],
)
def test_spellings_of_one_csv(text: str, tmp_path: Path) -> None:
    put(tmp_path, "orders.csv", text)
    (row,) = raw_rows(tmp_path)
    assert {name: str(value).strip() for name, value in row.items()} == {
        **order("7"),
        "file": "orders.csv",
        "file_row": "1",
    }


def test_quoted_fields_may_hold_anything(tmp_path: Path) -> None:
    text = 'first line\nsecond, "quoted"; ünï'
    with io.StringIO(newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow([*HEADER.split(","), "coupon_id"])
        writer.writerow(["web", "1", "2024-05-01", "10", text])
        writer.writerow(["web", "2", "2024-05-01", "10", "NULL"])
        put(tmp_path, "orders.csv", sink.getvalue())
    assert [(row["file_row"], row["coupon_id"]) for row in raw_rows(tmp_path)] == [
        (1, text),
        (2, "NULL"),
    ]


def test_two_columns_that_differ_in_case_only(tmp_path: Path) -> None:
    put(tmp_path, "orders.csv", f"{HEADER},AMOUNT\n{LINE.format(1)},99\n")
    with_case = {**order("2"), "AMOUNT": "99"}
    write_parquet(tmp_path, "orders", [with_case])
    assert [row["amount"] for row in raw_rows(tmp_path)] == ["10", "10"]
    assert [file.ignored for file in discover(tmp_path).files] == [("AMOUNT",), ("AMOUNT",)]


def test_irregular_rows_are_kept_and_told(tmp_path: Path) -> None:
    lines = [
        HEADER,
        LINE.format(1),
        "web,2",
        "",
        f"{LINE.format(3)},surplus",
        f"{LINE.format(4)},,",
    ]
    text = "\n".join([*lines, 'web,5,"2024-\n05-01",1\n'])
    assert orders_of(text, tmp_path) == [
        (1, "1", "10", None),
        (2, "2", None, None),
        (3, "3", "10", "*=more fields than the header names"),
        (4, "4", "10", None),
        (5, "5", "1", None),
    ]


def test_both_readers_of_csv_give_the_same_rows(tmp_path: Path) -> None:
    body = '\n"web",1,2024-05-01,10\n\nweb,"2\n2",2024-05-01,\nweb, 3 ,"",10\nweb,"4""4",2024-05-01,10,\n,,,\n'
    regular = orders_of(HEADER + body, tmp_path / "regular")
    assert len(regular) == 5
    # One record with too many fields sends the whole file to the reader that knows irregular files.
    irregular = orders_of(HEADER + body + "a,b,c,d,e\n", tmp_path / "irregular")
    assert irregular == [*regular, (6, "b", "d", "*=more fields than the header names")]


def test_empty_lines_are_no_records_in_a_file_of_one_column(tmp_path: Path) -> None:
    write_csv(tmp_path, "orders", [order("1")])
    put(tmp_path, "products.csv", 'product_id\np1\n\n""\np2\n\n')
    rows = raw_rows(tmp_path, "products")
    assert [(row["file_row"], row.get("product_id")) for row in rows] == [
        (1, "p1"),
        (2, None),
        (3, "p2"),
    ]


def test_no_row_is_lost_between_batches(tmp_path: Path) -> None:
    rows = 100_001
    put(
        tmp_path,
        "orders.csv",
        f"{HEADER}\n" + "".join(f"web,{n},2024-05-01,1\n" for n in range(rows)) + "web\n",
    )
    ingest(discover(tmp_path), tmp_path / "raw")
    query = f"select count(*), max(file_row), count(distinct order_id) from '{tmp_path}/raw/orders/*.parquet'"
    assert query_parquet(query) == [(rows + 1, rows + 1, rows)]


def test_typed_parquet_columns_as_text(tmp_path: Path) -> None:
    tokyo = timezone(timedelta(hours=9))
    noon = datetime(2024, 5, 1, 12)
    columns = {
        "source": pa.array(["web", "web"]).dictionary_encode(),
        "order_id": pa.array([4711.0, 0.5], pa.float64()),
        "source_key": pa.array([12346.0, float("nan")], pa.float32()),
        "seller_key": pa.array([9007199254740993, None], pa.int64()),
        "occurred_at": pa.array(
            [noon.replace(tzinfo=tokyo)] * 2, pa.timestamp("us", tz="Asia/Tokyo")
        ),
        "known_at": pa.array([noon, None], pa.timestamp("ns")),
        "amount": pa.array([Decimal("12.5000"), Decimal("-0.0100")], pa.decimal128(18, 4)),
        "coupon_id": pa.array([True, None], pa.bool_()),
        "store_id": pa.array([date(2024, 5, 1), None], pa.date32()),
        "discount": pa.array([float("inf"), 1e300], pa.float64()),
    }
    (tmp_path / "orders").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "orders" / "typed.parquet")
    first, second = raw_rows(tmp_path)
    assert first == {
        "source": "web",
        "order_id": "4711",
        "source_key": "12346",
        "seller_key": "9007199254740993",
        "occurred_at": "2024-05-01 03:00:00+00",
        "known_at": "2024-05-01 12:00:00",
        "amount": "12.5000",
        "coupon_id": "true",
        "store_id": "2024-05-01",
        "discount": "inf",
        "file": "orders/typed.parquet",
        "file_row": 1,
    }
    assert (second["order_id"], second["amount"]) == ("0.5", "-0.0100")
    assert not {"source_key", "seller_key", "known_at", "coupon_id"} & set(second)


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6) | st.sampled_from(
    ['"', "a,b", "x\ny", "x\r\ny", " pad ", "'", ";", "NULL", "ä"]
)
TOLD = ("source_key", "coupon_id", "channel")


@st.composite
def deliveries(draw: st.DrawFn) -> list[tuple[str, list[dict[str, str]]]]:
    """Files of orders: the format of each, and its rows (perhaps none)."""
    row = st.tuples(*[TEXTS for _ in TOLD]).map(
        lambda texts: dict(zip(TOLD, texts, strict=True)) | {"source": "web"}
    )
    kinds = st.sampled_from(["csv", "irregular csv", "parquet"])
    files = draw(st.lists(st.tuples(kinds, st.lists(row, max_size=5)), min_size=1, max_size=4))
    number = iter(range(100))
    return [
        (kind, [{**order(str(next(number))), **texts} for texts in rows]) for kind, rows in files
    ]


def deliver(landing: Path, name: str, kind: str, rows: list[dict[str, str]]) -> None:
    """Write one file; an irregular one ends with a record that is too short."""
    if kind == "parquet":
        columns = [*order("1"), *TOLD]
        table = pa.table(
            {column: pa.array([row[column] for row in rows], pa.string()) for column in columns}
        )
        (landing / "orders").mkdir(exist_ok=True)
        pq.write_table(table, landing / "orders" / f"{name}.parquet")
        return
    path = write_csv(
        landing, "orders", rows or [{**order("1"), **dict.fromkeys(TOLD, "")}], f"{name}.csv"
    )
    if not rows:
        path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    if kind == "irregular csv":
        path.write_bytes(path.read_bytes() + b"web,short\n")


@settings(max_examples=25)
@given(deliveries())
def test_any_split_over_files_and_formats_gives_the_same_rows(
    files: list[tuple[str, list[dict[str, str]]]],
) -> None:
    columns = [*order("1"), *TOLD]
    with TemporaryDirectory() as folder:
        for number, (kind, rows) in enumerate(files):
            deliver(Path(folder), str(number), kind, rows)
        found = raw_rows(Path(folder))
    # Staging trims every text, so the blanks around one are not compared.
    delivered = Counter(
        tuple(row[name].strip(" ") for name in columns) for _, rows in files for row in rows
    )
    short = Counter(
        {
            ("web", "short", *[""] * (len(columns) - 2)): sum(
                kind == "irregular csv" for kind, _ in files
            )
        }
    )
    assert (
        Counter(tuple(row.get(name, "") for name in columns) for row in found) == delivered + short
    )
    numbers: dict[str, list[int]] = {}
    for row in found:
        numbers.setdefault(row["file"], []).append(row["file_row"])
    assert all(rows == list(range(1, len(rows) + 1)) for rows in numbers.values())


def read_files(landing: Path, raw: Path) -> list[str]:
    """Bring the raw layer in line, and tell which files were read for it."""
    said: list[str] = []
    ingest(discover(landing), raw, said.append)
    return [line.removeprefix("reading ") for line in said]


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    landing, raw = tmp_path / "in", tmp_path / "raw"
    write_csv(landing, "orders", [order("1")], "one.csv")
    write_parquet(landing, "orders", [order("2")], "two.parquet")
    put(landing, "shares.csv", "source,share_id,inviter_key,occurred_at\nweb,1,a,2024-05-01\n")
    assert read_files(landing, raw) == ["orders/one.csv", "orders/two.parquet", "shares.csv"]
    assert read_files(landing, raw) == []
    (landing / "orders" / "one.csv").touch()
    assert read_files(landing, raw) == []

    write_csv(landing, "orders", [order("1", amount="11")], "one.csv")
    assert read_files(landing, raw) == ["orders/one.csv"]
    assert [row["amount"] for row in raw_rows(landing, raw=raw)] == ["11", "10"]

    (landing / "orders" / "two.parquet").unlink()
    (landing / "shares.csv").unlink()
    assert read_files(landing, raw) == []
    assert [row["order_id"] for row in raw_rows(landing, raw=raw)] == ["1"]
    assert raw_rows(landing, "shares", raw=raw) == []

    (landing / "orders" / "one.csv").rename(landing / "orders" / "renamed.csv")
    assert read_files(landing, raw) == ["orders/renamed.csv"]
    assert [row["file"] for row in raw_rows(landing, raw=raw)] == ["orders/renamed.csv"]


def test_a_file_that_stops_the_run_leaves_the_others_read_and_is_read_once_mended(
    tmp_path: Path,
) -> None:
    landing, raw = tmp_path / "in", tmp_path / "raw"
    write_csv(landing, "orders", [order("1")], "a.csv")
    many = f"{HEADER}\n" + f"{LINE.format(2)}\n" * 2_000 + "web,café,2024-05-01,1\n"
    put(landing, "orders/b.csv", many.encode("latin-1"))
    found = discover(landing)
    with pytest.raises(KithError, match=r"orders/b\.csv is not UTF-8 text"):
        ingest(found, raw)
    put(landing, "orders/b.csv", many)
    assert read_files(landing, raw) == ["orders/b.csv"]
    assert Counter(row["order_id"] for row in raw_rows(landing, raw=raw)) == {
        "1": 1,
        "2": 2_000,
        "café": 1,
    }
    assert not list(raw.glob("*/*.part"))


def test_what_is_not_read_is_listed(tmp_path: Path) -> None:
    write_csv(tmp_path, "orders", [order("1")])
    write_csv(tmp_path, "order_notes", [order("1")])
    for name in (
        "notes.txt",
        "orders/read.me",
        "orders/.hidden.csv",
        "orders/_SUCCESS",
        "orders/deep/a.csv",
    ):
        put(tmp_path, name, "x")
    landing = discover(tmp_path)
    assert landing.unknown == ["notes.txt", "order_notes/a.csv", "orders/deep", "orders/read.me"]
    assert [file.name for file in landing.files] == ["orders/a.csv"]
    assert landing.present == ["orders"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    told = message_of(tmp_path / "nowhere", tmp_path)
    assert f"{tmp_path}/nowhere is not a folder" in told
    assert "--landing" in told


def test_a_landing_zone_without_facts(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "in",
        "profiles",
        [{"source": "web", "source_key": "a", "known_at": "2024-01-01"}],
    )
    put(tmp_path / "in", "bills.csv", "x")
    told = message_of(tmp_path / "in", tmp_path)
    assert "none of orders, interactions, shares" in told
    assert "Found: profiles, bills.csv" in told
    assert "<entity>/*.csv" in told


BROKEN = {
    "a required column is missing": (
        "orders/bad.csv",
        b"source,order_id,date\nweb,1,2024-05-01\n",
        [
            "lacks the required columns occurred_at, amount of orders",
            "Found: source, order_id, date",
        ],
    ),
    "a person's row in the place of the header": (
        "orders/bad.csv",
        b"web,1,2024-05-01,10,anna@mail.org\n",
        ["lacks the required columns", "Found: 5 fields, none of them a required name"],
    ),
    "an empty file": ("orders/bad.csv", b"", ["lacks the required columns", "Found: no columns"]),
    "another encoding in the rows": (
        "orders/bad.csv",
        f"{HEADER}\nweb,café,2024-05-01,1\n".encode("latin-1"),
        ["is not UTF-8 text", "iconv"],
    ),
    "another encoding in the header": (
        "orders/bad.csv",
        f"{HEADER},größe\n{LINE},1\n".encode("latin-1"),
        ["is not UTF-8 text", "Save it as UTF-8"],
    ),
    "text of two bytes a letter": (
        "orders/bad.csv",
        f"{HEADER}\n{LINE}\n".encode("utf-16"),
        ["is not UTF-8 text"],
    ),
    "a quote that never ends": (
        "orders/bad.csv",
        f'{HEADER}\nweb,"1,2024-05-01,1\n{LINE}\n'.encode(),
        ["cannot be read as CSV: line 3: unexpected end of data", "Export the file again"],
    ),
    "no Parquet at all": (
        "orders/bad.parquet",
        b"PAR1 not really",
        ["cannot be read as Parquet", "Export the file again"],
    ),
    "an empty Parquet file": ("orders/bad.parquet", b"", ["cannot be read as Parquet"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_stops_the_run_with_its_name(name: str, tmp_path: Path) -> None:
    file, content, told = BROKEN[name]
    write_csv(tmp_path / "in", "orders", [order("1")])
    put(tmp_path / "in", file, content)
    message = message_of(tmp_path / "in", tmp_path)
    assert message.startswith(file)
    assert [words for words in told if words not in message] == []


def test_a_parquet_file_with_spoiled_pages(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "in", "orders", [order(str(number)) for number in range(500)])
    content = bytearray(path.read_bytes())
    content[8:600] = b"\xff" * 592
    path.write_bytes(content)
    assert "orders/a.parquet cannot be read as Parquet" in message_of(tmp_path / "in", tmp_path)


def test_a_parquet_file_without_a_required_column(tmp_path: Path) -> None:
    write_parquet(tmp_path / "in", "orders", [{"source": "web", "order_id": 1, "amount": 2.5}])
    told = message_of(tmp_path / "in", tmp_path)
    assert "orders/a.parquet lacks the required column occurred_at of orders" in told
    assert "Rename or add it in the export" in told


def test_file_names_that_mean_something_to_a_database(tmp_path: Path) -> None:
    landing = tmp_path / "Anna's [brand]"
    names = ["it's.csv", "o[1].csv", "o*.csv", "100%.csv"]
    for name in names:
        write_csv(landing, "orders", [order(name)], name)
        write_parquet(landing, "orders", [order(name)], name.replace("csv", "parquet"))
    rows = raw_rows(landing)
    assert {row["order_id"] for row in rows} == set(names)
    assert len(rows) == 2 * len(names)
    assert all(Path(row["file"]).stem == Path(row["order_id"]).stem for row in rows)
