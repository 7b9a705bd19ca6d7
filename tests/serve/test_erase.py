"""The parts of an erasure: versions and samples rewritten, landing files rewritten, the last look."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.data.erasures import Erasures
from ml.data.landing import discover
from ml.data.landing_rewrite import rewrite_file
from ml.data.targets import Target
from ml.errors import KithError
from ml.home import Home
from ml.learn.registry import Registry
from ml.serve.erase import erase_person
from ml.serve.erased_whom import Erasure
from ml.serve.forget_versions import finish_swaps, forget_in_versions
from ml.serve.sweep import sweep
from ml.serve.version_files import sha256_of
from ml.serve.versions import Versions
from tests.conftest import write_csv

DAY = date(2024, 6, 1)
TODAY = None
SOONER = date(2024, 3, 1)

# Anna (a1, a2) was taken for one with Bob until March; her older id is that of her second record.
TABLES: dict[str, dict[str, list[Any]]] = {
    "identity_map": {
        "source": ["web", "web", "web", "shop", "web"],
        "source_key": ["a1", "bob", "bob", "a2", "cid"],
        "valid_from": [SOONER, DAY, SOONER, SOONER, SOONER],
        "valid_to": [TODAY, TODAY, DAY, TODAY, TODAY],
        "customer_id": ["c-anna", "c-bob", "c-anna", "c-anna", "c-cid"],
    },
    "customer_merges": {
        "retired_id": ["c-a2", "c-dora"],
        "merged_at": [SOONER, SOONER],
        "surviving_id": ["c-anna", "c-cid"],
        "reason": ["email", "card"],
    },
    "customers": {
        "customer_id": ["c-anna", "c-bob", "c-cid"],
        "name": ["Anna", "Bob", "Cid"],
        "brought_by": [None, "c-anna", "c-bob"],
    },
    "super_users": {"customer_id": ["c-cid"], "rank": [1]},
    # Figures, a value that was everybody's and is only Anna's by now, Bob's of the same text, links of Anna and of Bob.
    "identity_audit": {
        "topic": [
            "size",
            "over_shared",
            "over_shared",
            "weak_link",
            "refused_edge",
            "refused_edge",
        ],
        "rank": [1, 1, 2, 1, 1, 2],
        "id_type": [None, "phone", "email", None, None, None],
        "id_value": [None, "+441711234567", "+441711234567", None, None, None],
        "customer_id": [None, None, None, "c-anna", "c-bob", "c-bob"],
        "other_customer_id": [None, None, None, None, "c-anna", "c-cid"],
        "source_key": [None, None, None, "a1", "bob", "bob"],
    },
    "relationship_funnel": {"as_of_date": [DAY], "level": ["none"], "customers": [3]},
}


def add_version(home: Home, name: str = "2024-06-01-aaa") -> Path:
    folder = home.published / "versions" / name
    folder.mkdir(parents=True)
    for table, columns in TABLES.items():
        pq.write_table(pa.table(columns), folder / f"{table}.parquet", compression="zstd")
    files = [
        {"name": path.name, "rows": pq.read_metadata(path).num_rows, "sha256": sha256_of(path)}
        for path in sorted(folder.iterdir())
    ]
    manifest = {"version": name, "as_of_date": str(DAY), "run_id": "r", "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "data_dictionary.md").write_text("words")
    return folder


def records_and_ids_of_anna() -> Erasures:
    erasures = Erasures()
    for record in (("web", "a1"), ("shop", "a2")):
        erasures.add("record", *record)
    for customer in ("c-anna", "c-a2"):
        erasures.add("customer", customer)
    return erasures


@pytest.fixture
def anna() -> Erasures:
    erasures = records_and_ids_of_anna()
    erasures.add_value("phone", "+441711234567")
    return erasures


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_version_is_rewritten_without_the_person(tmp_path: Path, anna: Erasures) -> None:
    home = Home(tmp_path)
    folder = add_version(home)
    before = bytes_of(folder)
    Versions(home).make_current_if_not_older(folder.name, DAY)
    assert forget_in_versions(home, anna) == [folder.name]
    after = bytes_of(folder)
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} == {
        "identity_audit.parquet", "identity_map.parquet", "customer_merges.parquet", "customers.parquet",
        "manifest.json",
    }  # fmt: skip
    customers = pq.read_table(folder / "customers.parquet").to_pylist()
    assert customers == [
        {"customer_id": "c-bob", "name": "Bob", "brought_by": None},
        {"customer_id": "c-cid", "name": "Cid", "brought_by": "c-bob"},
    ]
    records = pq.read_table(folder / "identity_map.parquet").to_pylist()
    assert [(row["source_key"], row["valid_to"]) for row in records] == [
        ("bob", None),
        ("bob", DAY),
        ("cid", None),
    ]
    audit = pq.read_table(folder / "identity_audit.parquet").to_pylist()
    assert [(row["topic"], row["rank"]) for row in audit] == [
        ("size", 1),
        ("over_shared", 2),
        ("refused_edge", 2),
    ]
    merges = pq.read_table(folder / "customer_merges.parquet").to_pylist()
    assert [row["retired_id"] for row in merges] == ["c-dora"]
    current = Versions(home).current()
    assert current is not None
    assert [file["rows"] for file in current.manifest["files"]] == [1, 2, 3, 3, 1, 1]
    for file in current.manifest["files"]:
        assert file["sha256"] == sha256_of(folder / file["name"])
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert forget_in_versions(home, anna) == []
    assert bytes_of(folder) == after


def test_those_who_lived_with_the_person_live_in_no_known_household(
    tmp_path: Path, anna: Erasures
) -> None:
    """Neither the household's name, which may be hers, nor its size tells that there was one more."""
    folder = add_version(Home(tmp_path))
    customers = {
        "customer_id": ["c-anna", "c-bob", "c-cid", "c-dan", "c-eve"],
        "household_id": ["h-anna", "h-anna", "h-cid", "h-cid", None],
        "household_size": [2, 2, 2, 2, 1],
    }
    pq.write_table(pa.table(customers), folder / "customers.parquet")
    assert forget_in_versions(Home(tmp_path), anna) == [folder.name]
    assert pq.read_table(folder / "customers.parquet").to_pydict() == {
        "customer_id": ["c-bob", "c-cid", "c-dan", "c-eve"],
        "household_id": [None, "h-cid", "h-cid", None],
        "household_size": [1, 2, 2, 1],
    }


def test_what_the_person_did_is_not_named_in_the_rows_of_others(
    tmp_path: Path, anna: Erasures
) -> None:
    """The share with which she brought somebody, and the order for which somebody is rewarded, bear her hand."""
    folder = add_version(Home(tmp_path))
    shares = {
        "customer_id": ["c-bob", "c-cid"],
        "inviter_id": ["c-anna", "c-bob"],
        "share_id": ["s-anna", "s-bob"],
    }
    rewards = {
        "customer_id": ["c-bob", "c-bob"],
        "brought_id": ["c-anna", "c-cid"],
        "order_id": ["o-anna", "o-cid"],
        "reward": [1.0, 2.0],
    }
    pq.write_table(pa.table(shares), folder / "referrals.parquet")
    pq.write_table(pa.table(rewards), folder / "reward_ledger.parquet")
    assert forget_in_versions(Home(tmp_path), anna) == [folder.name]
    assert pq.read_table(folder / "referrals.parquet").to_pydict() == shares | {
        "inviter_id": [None, "c-bob"],
        "share_id": [None, "s-bob"],
    }
    assert pq.read_table(folder / "reward_ledger.parquet").to_pydict() == rewards | {
        "brought_id": [None, "c-cid"],
        "order_id": [None, "o-cid"],
    }


def test_tags_that_count_the_household_go_with_the_person(tmp_path: Path, anna: Erasures) -> None:
    """Also when she refused profiling and has no tags herself."""
    folder = add_version(Home(tmp_path))
    people = {"customer_id": ["c-anna", "c-bob", "c-cid"], "household_id": ["h-1", "h-1", "h-2"]}
    tags = {
        "customer_id": ["c-bob", "c-bob", "c-bob", "c-cid"],
        "tag": ["household_buying", "household_size", "life_stage", "household_size"],
        "value": ["buys alone", "two", "new", "two"],
        "evidence": ["1 of 2", "2", "1", "2"],
    }
    pq.write_table(pa.table(people), folder / "customers.parquet")
    pq.write_table(pa.table(tags), folder / "customer_tags.parquet")
    assert forget_in_versions(Home(tmp_path), anna) == [folder.name]
    kept = pq.read_table(folder / "customer_tags.parquet").to_pydict()
    assert kept == {name: values[2:] for name, values in tags.items()}


def test_who_was_taken_for_one_with_the_person_that_day_goes_with_the_row(
    tmp_path: Path,
) -> None:
    """On the day of a version two people were one customer: its row speaks of both."""
    home, erasures = Home(tmp_path), Erasures()
    folder = add_version(home)
    erasures.add("record", "shop", "a2")
    assert forget_in_versions(home, erasures) == [folder.name]
    customers = pq.read_table(folder / "customers.parquet")["customer_id"].to_pylist()
    assert customers == ["c-bob", "c-cid"]
    records = pq.read_table(folder / "identity_map.parquet")["source_key"].to_pylist()
    assert records == ["a1", "bob", "bob", "cid"]


@pytest.mark.parametrize("crash_at", [0, 1])
def test_a_crash_in_a_swap_is_finished_by_the_next_erasure(
    crash_at: int, tmp_path: Path, anna: Erasures, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    folder = add_version(home)
    Versions(home).make_current_if_not_older(folder.name, DAY)
    replace, calls = os.replace, []

    def crash(source: Path, target: Path) -> None:
        if len(calls) == crash_at:
            raise OSError("power cut")
        calls.append(source)
        replace(source, target)

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="power cut"):
        forget_in_versions(home, anna)
    monkeypatch.undo()
    finish_swaps(home)
    current = Versions(home).current()
    assert current is not None
    assert current.name == folder.name
    assert forget_in_versions(home, anna) == [folder.name]
    assert forget_in_versions(home, anna) == []
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_samples_in_mlflow_are_rewritten(tmp_path: Path, anna: Erasures) -> None:
    registry = Registry(Home(tmp_path))
    target = Target("churn", 90, 90)
    sample = pd.DataFrame({"customer_id": ["c-bob", "c-anna", "c-bob"], "label": [1, 0, 1]})
    others = pd.DataFrame({"feature": ["c-anna"]})
    runs = [
        registry.log_run(
            target, "train", tags={}, parameters={}, metrics={},
            files={"evaluation/oof.parquet": sample.to_parquet(index=False),
                   "evaluation/deeper/other.parquet": others.to_parquet(index=False),
                   "evaluation/words.csv": b"c-anna"},
        )
        for _ in range(2)
    ]  # fmt: skip

    def drop(content: bytes) -> bytes | None:
        frame = pd.read_parquet(BytesIO(content))
        if "customer_id" not in frame or not (frame["customer_id"] == "c-anna").any():
            return None
        return frame[frame["customer_id"] != "c-anna"].to_parquet(index=False)

    assert registry.rewrite_samples(drop) == 2
    assert registry.rewrite_samples(drop) == 0
    found = sorted(tmp_path.rglob("oof.parquet"))
    assert len(found) == len(runs)
    for path in found:
        assert pd.read_parquet(path)["customer_id"].tolist() == ["c-bob", "c-bob"]


SPELLINGS = [
    b"source,order_id,occurred_at,amount,source_key,seller_key\n",
    b'\xef\xbb\xbf"source","order_id","occurred_at","amount",source_key , seller_key\r\n',
]


@pytest.mark.parametrize("header", SPELLINGS)
def test_a_csv_keeps_the_bytes_of_its_other_lines(header: bytes, tmp_path: Path) -> None:
    records = [
        b"web,1,2024-01-01,1,anna,\r\n",
        b'web, "2\n2",2024-01-01, "1",bob,"x ""y"""\n',
        b"\n",
        b'web,3,2024-01-01,1,"cid",anna\r\n',
        'web,ünï,2024-01-01,1,"a\r\nnna"\n'.encode(),
        b"web,5,2024-01-01,1,bob,z,,,\n",
        b"web,6,2024-01-01,1,anna,z",
    ]
    path = tmp_path / "orders.csv"
    path.write_bytes(header + b"".join(records))
    path.chmod(0o640)
    (file,) = discover(tmp_path).files
    rewrite_file(file, {1: [], 3: ["seller_key"], 4: [], 6: []})
    kept = [records[1], records[2], b"web,3,2024-01-01,1,cid,\r\n", records[5]]
    assert path.read_bytes() == header + b"".join(kept)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["orders.csv"]


@given(
    st.lists(st.lists(st.text("ab \"',\n\r;é", max_size=4), min_size=4, max_size=4), max_size=9),
    st.data(),
)
def test_any_records_can_be_taken_out(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("any")
    sink = io.StringIO(newline="")
    csv.writer(sink).writerows([["source", "order_id", "occurred_at", "amount"], *rows])
    (folder / "orders.csv").write_bytes(sink.getvalue().encode())
    gone = data.draw(st.sets(st.integers(1, max(len(rows), 1))))
    (file,) = discover(folder).files
    rewrite_file(file, {number: [] for number in gone})
    with (folder / "orders.csv").open(newline="", encoding="utf-8") as lines:
        kept = list(csv.reader(lines))[1:]
    assert kept == [row for number, row in enumerate(rows, start=1) if number not in gone]


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "Source": ["web"] * 5, "order_id": pa.array(range(5), pa.int32()),
            "occurred_at": pa.array([0] * 5, pa.timestamp("ms", "UTC")), "amount": [1.5] * 5,
            "seller_key": pa.array(["s"] * 5).dictionary_encode(), "extra": [[1]] * 5,
        }
    )  # fmt: skip
    path = tmp_path / "orders.parquet"
    pq.write_table(table, path, row_group_size=2, compression="gzip")
    (file,) = discover(tmp_path).files
    rewrite_file(file, {2: [], 4: ["seller_key"]})
    found = pq.ParquetFile(path)
    assert found.schema_arrow == table.schema
    assert found.num_row_groups == 3
    assert found.metadata.row_group(0).column(0).compression == "GZIP"
    rows = found.read().to_pydict()
    assert rows["order_id"] == [0, 2, 3, 4]
    assert rows["seller_key"] == ["s", "s", None, "s"]


def test_the_last_look_strikes_out_in_texts_and_names_the_rest(tmp_path: Path) -> None:
    texts = ["anna.lee@mail.org", "Zoë Weiß", "order-4711"]
    (tmp_path / "logs").mkdir()
    (tmp_path / "data").mkdir()
    log = tmp_path / "logs" / "a.log"
    log.write_text("x ANNA.lee@mail.org, Zoë Weiß; joanna.lee@mail.org order-47112 order-4711\n")
    (tmp_path / "logs" / "b.json").write_text(json.dumps({"who": "Zoë Weiß"}))
    (tmp_path / "logs" / "empty.log").touch()
    # A program reads this one: it is named, and not changed.
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"day": "order-4711"}')
    (tmp_path / "kith-fault.log").write_text("order-4711")
    (tmp_path / "some.db").write_bytes(b"\0\1order-4711\0")
    pq.write_table(pa.table({"n": [1], "t": ["order-4711"]}), tmp_path / "held.parquet")
    pq.write_table(pa.table({"t": ["order-4712"]}), tmp_path / "other.parquet")
    (tmp_path / "data" / "left_alone.csv").write_text("order-4711")
    size = log.stat().st_size
    struck, holding = sweep(tmp_path, texts, [tmp_path / "data"], [tmp_path / "logs"])
    assert [path.name for path in struck] == ["kith-fault.log", "a.log", "b.json"]
    assert holding == [tmp_path / "held.parquet", manifest, tmp_path / "some.db"]
    assert "4711" in manifest.read_text()
    assert (
        log.read_text() == f"x {'*' * 17}, {'*' * 10}; joanna.lee@mail.org order-47112 {'*' * 10}\n"
    )
    assert log.stat().st_size == size
    assert json.loads((tmp_path / "logs" / "b.json").read_text()) == {"who": "*" * 18}
    assert sweep(tmp_path, texts, [tmp_path / "data"], [tmp_path / "logs"]) == ([], holding)
    assert sweep(tmp_path, [], [], []) == ([], [])


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ({"customer_id": "c-nobody"}, "The id given with --customer is the id of no customer"),
        ({"record": ("web", "nobody")}, "no published version names the record given with --key"),
        ({"record": ("shop", "k1")}, "no published version names the record given with --key"),
    ],
)
def test_somebody_unknown_is_told_and_nothing_changes(
    who: dict[str, Any], told: str, tmp_path: Path
) -> None:
    landing, home = tmp_path / "landing", Home(tmp_path / "home")
    rows = [
        {
            "source": "web",
            "order_id": 1,
            "occurred_at": "2024-01-01",
            "amount": 1,
            "source_key": "k1",
        }
    ]
    write_csv(landing, "orders", rows)
    folder = add_version(home)
    before = bytes_of(folder)
    with pytest.raises(KithError, match=told) as stop:
        erase_person(Erasure(home, landing, **who, report=[].append))
    assert "Nothing was changed" in str(stop.value)
    assert "nobody" not in str(stop.value)
    assert bytes_of(folder) == before
    assert not home.erasures.exists()
    assert not list(home.root.rglob("orders/*.parquet"))
