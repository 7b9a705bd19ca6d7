"""A landing zone on an object store is read as one in a folder is, and only what changed is fetched."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ml.cli import cli
from ml.data.decision_file import HandDecision, write_decision
from ml.data.demo.elsewhere import write_demo_at
from ml.data.landing import discover
from ml.data.landing_rewrite import rewrite_file
from ml.data.landing_writer import write_landing_file
from ml.data.raw_layer import FETCHED, ingest
from ml.errors import KithError
from ml.settings import Settings
from ml.stores.objects import ObjectStore
from ml.stores.place import ObjectPrefix, Place
from tests.conftest import write_csv, write_parquet
from tests.data.test_landing_files import order
from tests.object_store import Bucket

SHARES = "source,share_id,inviter_key,occurred_at\nweb,1,a,2024-05-01\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A landing zone with files of each kind and place, a record that does not fit, and files that are none."""
    root = tmp_path / "in"
    write_csv(root, "orders", [order("1", known_at="2024-05-02"), order("2")], "one.csv")
    write_parquet(root, "orders", [order("3", store_id="s")], "three.parquet")
    irregular = write_csv(
        root, "profiles", [{"source": "web", "source_key": "ä", "known_at": "2024-05-01"}]
    )
    irregular.write_text(irregular.read_text() + "web,b,2024-05-01,surplus\n")
    (root / "shares.csv").write_text(SHARES)
    (root / "readme.txt").write_text("no entity")
    (root / "orders" / ".hidden.csv").write_text("not looked at")
    (root / "orders" / "deeper").mkdir()
    (root / "orders" / "deeper" / "x.csv").write_text("not looked at")
    return root


def raw_files(landing: Place, raw: Path) -> dict[tuple[str, str], list[dict[str, object]]]:
    """By entity and file of the landing zone: every row of the raw layer."""
    ingest(discover(landing), raw)
    found: dict[tuple[str, str], list[dict[str, object]]] = {}
    for path in sorted(raw.glob("*/*.parquet")):
        for row in pq.read_table(path).to_pylist():
            found.setdefault((path.parent.name, row["file"]), []).append(row)
    return found


def test_the_same_rows_files_and_numbers_as_from_a_folder(
    bucket: Bucket, folder: Path, tmp_path: Path
) -> None:
    place = bucket.fill("brand/landing", folder)
    local, remote = discover(folder), discover(place)
    assert remote.unknown == local.unknown == ["orders/deeper", "readme.txt"]
    mapped = [
        [(file.name, file.columns, file.ignored) for file in zone.files] for zone in (local, remote)
    ]
    assert mapped[0] == mapped[1]
    assert len(mapped[1]) == 4
    rows = raw_files(place, tmp_path / "remote")
    assert rows == raw_files(folder, tmp_path / "local")
    assert [row["row_fault"] is None for row in rows["profiles", "profiles/a.csv"]] == [True, False]
    assert not (tmp_path / "remote" / FETCHED).exists()


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the objects that are opened or fetched, as that happens."""
    asked: list[str] = []
    opened = ObjectStore._opened

    def noted(store: ObjectStore, file: object, **how: object) -> object:
        asked.append(file.name)
        return opened(store, file, **how)

    monkeypatch.setattr(ObjectStore, "_opened", noted)
    return asked


def test_only_what_changed_is_asked_for_again(
    bucket: Bucket, folder: Path, tmp_path: Path, fetched: list[str]
) -> None:
    place, raw = bucket.fill("in", folder), tmp_path / "raw"
    headers = raw / "headers.json"

    def read() -> list[str]:
        said: list[str] = []
        fetched.clear()
        ingest(discover(place, headers), raw, said.append)
        return [line.removeprefix("reading ") for line in said]

    assert len(read()) == 4
    assert len(fetched) == 8  # the header, then the whole
    assert read() == fetched == []
    bucket.put("in/shares.csv", SHARES)
    assert read() == fetched == []
    bucket.put("in/shares.csv", SHARES.replace("web,1,a", "web,1,b"))
    assert read() == ["shares.csv"]
    assert set(fetched) == {"shares.csv"}
    bucket.client.delete_object(Bucket=bucket.name, Key="in/orders/one.csv")
    assert read() == fetched == []
    assert [path.name[:5] for path in (raw / "orders").iterdir()].count("none-") == 1
    assert len(list((raw / "orders").iterdir())) == 2
    headers.write_text("{damaged")
    assert read() == []


@pytest.mark.parametrize(
    ("key", "content", "told"),
    [
        ("orders/bad.csv", b"source,order_id,occurred_at,amount\nw\xe9b,1,2024,1\n", "orders/bad.csv is not UTF-8"),
        ("orders/bad.parquet", b"PAR1 no", "orders/bad.parquet cannot be read as Parquet"),
        ("orders/bad.csv", b"source,order_id\nweb,1\n", "lacks the required columns occurred_at, amount"),
    ],
)  # fmt: skip
def test_a_file_that_stops_a_run_is_named_as_in_a_folder(
    key: str, content: bytes, told: str, bucket: Bucket, folder: Path, tmp_path: Path
) -> None:
    (folder / key).write_bytes(content)
    place = bucket.fill("in", folder)
    stops = []
    for zone in (folder, place):
        with pytest.raises(KithError) as stop:
            ingest(discover(zone), tmp_path / "raw")
        stops.append(str(stop.value))
    assert told in stops[1]
    assert stops[0] == stops[1]


def test_a_prefix_that_holds_nothing(bucket: Bucket) -> None:
    with pytest.raises(
        KithError, match=r"holds none of orders, interactions, shares.*Found: nothing"
    ):
        discover(bucket.at("nothing"))


def test_the_commands_say_in_one_paragraph_what_is_wrong(bucket: Bucket) -> None:
    def check(landing: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["check", "--landing", landing])
        return done.exit_code, str(done.exception) + done.output

    assert (
        "The bucket no-such-bucket of s3://no-such-bucket/x does not exist"
        in check("s3://no-such-bucket/x")[1]
    )
    status, told = check("gs://brand/landing")
    assert status == 2
    assert "s3://bucket/prefix" in told


def test_rows_are_taken_out_of_an_object(bucket: Bucket, folder: Path, tmp_path: Path) -> None:
    place = bucket.fill("in", folder)
    for zone in (folder, place):
        for file in discover(zone).files:
            if file.name.startswith("orders/"):
                rewrite_file(file, {1: []}, tmp_path / "scratch")
    assert bucket.get("in/orders/one.csv") == (folder / "orders" / "one.csv").read_bytes()
    assert (
        bucket.get("in/orders/three.parquet") == (folder / "orders" / "three.parquet").read_bytes()
    )
    assert b"web,1," not in bucket.get("in/orders/one.csv")
    assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_what_importers_write_is_the_same_on_an_object_store(
    name: str, bucket: Bucket, tmp_path: Path
) -> None:
    columns = {"source": ["web"], "order_id": ['a "b", c']}
    for landing in (tmp_path, bucket.at("in")):
        assert write_landing_file(landing, "orders", name, columns) == landing / f"orders/{name}"
    assert bucket.get(f"in/orders/{name}") == (tmp_path / "orders" / name).read_bytes()


def decision(key: str) -> HandDecision:
    return HandDecision(("web", "1"), ("crm", key), "same", datetime(2024, 6, 1, tzinfo=UTC), "Ann")


def decided(bucket: Bucket) -> list[str]:
    text = bucket.get("in/links/decisions-by-hand.csv").decode()
    return [row["right_key"] for row in csv.DictReader(io.StringIO(text))]


def test_decisions_by_hand_on_an_object_store(bucket: Bucket, folder: Path) -> None:
    place = bucket.fill("in", folder)
    written = write_decision(place, decision("2"), Settings())
    assert written.place == place / "links/decisions-by-hand.csv"
    write_decision(folder, decision("2"), Settings())
    own = (folder / "links" / "decisions-by-hand.csv").read_bytes()
    assert bucket.get("in/links/decisions-by-hand.csv") == own
    assert write_decision(place, decision("2"), Settings()).replaced == ["same"]


def test_no_decision_is_lost_to_another_writer(
    bucket: Bucket, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading and writing somebody else decides: the conditional write refuses, and all is read again."""
    place = bucket.fill("in", folder)
    replace: Callable[..., bool] = ObjectStore.replace
    others = ["3", "4"]

    def after_somebody_else(store: ObjectStore, *given: object) -> bool:
        if others:
            key = others.pop()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(write_decision, place, decision(key), Settings()).result()
        return replace(store, *given)

    monkeypatch.setattr(ObjectStore, "replace", after_somebody_else)
    write_decision(place, decision("2"), Settings())
    assert sorted(decided(bucket)) == ["2", "3", "4"]


def test_who_never_comes_to_write_is_told(
    bucket: Bucket, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ObjectStore, "replace", lambda *_: False)
    with pytest.raises(KithError, match="is being written by somebody else"):
        write_decision(bucket.fill("in", folder), decision("2"), Settings())


def test_the_demo_brand_on_an_object_store(bucket: Bucket, tmp_path: Path) -> None:
    write_demo_at(tmp_path / "landing", 30, 2, 7, lambda line: None)
    summary = write_demo_at(bucket.at("demo/landing"), 30, 2, 7, lambda line: None)
    assert f"in s3://{bucket.name}/demo/landing:" in str(summary)
    for name in ("landing", "landing-truth"):
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        assert len(files) > 3
        assert len(bucket.keys(f"demo/{name}/")) == len(files)
        for path in files:
            assert bucket.get(f"demo/{path.relative_to(tmp_path)}") == path.read_bytes()
    bucket.put("other/landing/foreign.csv", "")
    for place in (bucket.at("other/landing"), ObjectPrefix(bucket.name)):
        with pytest.raises(KithError, match=r"a landing zone of its own|a whole bucket"):
            write_demo_at(place, 30, 2, 7, lambda line: None)
