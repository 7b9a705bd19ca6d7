"""Decisions made by hand in the landing zone: beside whatever else holds links, once per pair and instant, whole."""

from __future__ import annotations

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from ml.data import decision_file
from ml.data.decision_file import HandDecision, write_decision
from ml.data.landing import discover
from ml.data.raw_layer import ingest
from ml.errors import KithError
from ml.settings import Settings
from tests.conftest import write_csv, write_parquet

ORDERS = [{"source": "web", "order_id": 1, "occurred_at": "2024-05-01", "amount": 10}]
LINK = {
    "left_source": "web",
    "left_key": "1",
    "right_source": "crm",
    "right_key": "2",
    "decision": "same",
    "known_at": "2024-05-01 10:00",
}
NIGHT = datetime(2024, 6, 1, tzinfo=timezone(timedelta(hours=9)))
SETTINGS = Settings(timezone="Asia/Tokyo", source={"web": {"timezone": "America/New_York"}})


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    write_csv(tmp_path / "in", "orders", ORDERS)
    return tmp_path / "in"


def made(decision: str = "same", key: str = "2", at: datetime = NIGHT) -> HandDecision:
    return HandDecision(("web", "1"), ("crm", key), decision, at, "Ann")


def rows(landing: Path) -> list[dict[str, str]]:
    with (landing / "links" / "decisions-by-hand.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def read_by_a_run(landing: Path, raw: Path) -> set[tuple[str, str]]:
    """Key on the right and decision of every link, as a run reads them."""
    ingest(discover(landing), raw)
    tables = [pq.read_table(path) for path in sorted((raw / "links").iterdir())]
    return {(row["right_key"], row["decision"]) for table in tables for row in table.to_pylist()}


def test_the_first_decision_makes_the_file(landing: Path) -> None:
    written = write_decision(landing, made(), SETTINGS)
    assert written.place == landing / "links" / "decisions-by-hand.csv"
    assert (written.replaced, written.later) == ([], [])
    own = {"known_at": "2024-06-01 00:00:00+09:00", "decided_by": "Ann"}
    assert rows(landing) == [{**LINK, **own}]
    assert discover(landing).unknown == []


def as_file(ending: str) -> Callable[[Path], None]:
    def put(landing: Path) -> None:
        write = write_csv if ending == "csv" else write_parquet
        write(landing, "elsewhere", [{**LINK, "right_key": "old"}], f"a.{ending}").rename(
            landing / f"links.{ending}"
        )
        (landing / "elsewhere").rmdir()

    return put


def in_folder(landing: Path) -> None:
    write_csv(landing, "links", [{**LINK, "right_key": "old"}], "desk.csv")
    write_parquet(landing, "links", [{**LINK, "right_key": "older"}], "desk.parquet")


@pytest.mark.parametrize(
    ("layout", "there"),
    [
        (lambda landing: None, set()),
        (lambda landing: (landing / "links").mkdir(), set()),
        (as_file("csv"), {"old"}),
        (as_file("parquet"), {"old"}),
        (in_folder, {"old", "older"}),
    ],
    ids=["none", "empty", "csv", "parquet", "folder"],
)
def test_a_run_reads_it_beside_every_layout(
    layout: Callable[[Path], None], there: set[str], landing: Path, tmp_path: Path
) -> None:
    layout(landing)
    write_decision(landing, made("different"), SETTINGS)
    write_decision(landing, made("same", key='a "b", c\nd'), SETTINGS)
    found = read_by_a_run(landing, tmp_path / "raw")
    assert found == {(key, "same") for key in there} | {
        ("2", "different"),
        ('a "b", c\nd', "same"),
    }


def test_the_last_word_of_a_pair_and_instant_counts_whichever_was_named_first(
    landing: Path,
) -> None:
    write_decision(landing, made("same", key="3"), SETTINGS)
    write_decision(landing, made("different"), SETTINGS)
    turned = HandDecision(("crm", "2"), ("web", "1"), "same", NIGHT.astimezone(UTC), "Bob")
    assert write_decision(landing, turned, SETTINGS).replaced == ["different"]
    assert write_decision(landing, turned, SETTINGS).replaced == ["same"]
    assert [(row["right_key"], row["decision"], row["decided_by"]) for row in rows(landing)] == [
        ("3", "same", "Ann"),
        ("1", "same", "Bob"),
    ]


def test_decisions_of_other_days_stay_and_later_ones_are_told(landing: Path) -> None:
    before, after = NIGHT - timedelta(days=1), NIGHT + timedelta(days=1)
    for at in (before, after):
        write_decision(landing, made("different", at=at), SETTINGS)
    write_decision(landing, made("different", key="3", at=after), SETTINGS)
    written = write_decision(landing, made(), SETTINGS)
    assert written.replaced == []
    assert written.later == [(after, "different")]
    assert len(rows(landing)) == 4


def test_a_file_that_people_edited_keeps_what_they_wrote(landing: Path) -> None:
    folder = landing / "links"
    folder.mkdir()
    # 11:00 in New York, where web writes its times without a zone, is midnight in Tokyo.
    text = (
        "Left_Source;left_key;right_source;right_key;decision;known_at;why\r\n"
        "web;1;crm;2;different;2024-05-31 11:00;a mistake\r\n"
        "crm;2;web;1;different;2024-05-31 11:00;another instant: crm has no zone of its own\r\n"
        " web ; 1 ;crm;9;different;soon;is no instant\r\n"
        "web;1;crm;2;different;soon;is no instant, either\r\n"
    )
    (folder / "decisions-by-hand.csv").write_text("\ufeff" + text, encoding="utf-8", newline="")
    assert write_decision(landing, made(), SETTINGS).replaced == ["different"]
    kept = [(row["left_source"], row["why"]) for row in rows(landing)]
    assert kept == [
        ("crm", "another instant: crm has no zone of its own"),
        (" web ", "is no instant"),
        ("web", "is no instant, either"),
        ("web", ""),
    ]
    assert discover(landing).files[0].columns.keys() >= {"left_source", "decision", "known_at"}


def test_many_at_once_lose_no_decision(landing: Path) -> None:
    keys = [str(number) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: write_decision(landing, made(key=key), SETTINGS), keys))
    assert sorted(row["right_key"] for row in rows(landing)) == sorted(keys)
    assert {path.name for path in (landing / "links").iterdir()} <= {
        "decisions-by-hand.csv",
        ".decisions-by-hand.csv.lock",
    }


def stop(landing: Path) -> str:
    with pytest.raises(KithError) as stopped:
        write_decision(landing, made(), SETTINGS)
    assert "\n" not in str(stopped.value)
    return str(stopped.value)


def test_who_waits_too_long_is_told(landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_file, "PATIENCE_SECONDS", 0.05)
    (landing / "links").mkdir()
    with FileLock(landing / "links" / ".decisions-by-hand.csv.lock"):
        assert "is being written by somebody else" in stop(landing)
    assert not (landing / "links" / "decisions-by-hand.csv").exists()


def test_a_place_that_takes_no_file(landing: Path, tmp_path: Path) -> None:
    assert "nowhere is not a folder" in stop(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "empty").mkdir()
    assert "holds none of orders, interactions, shares" in stop(tmp_path / "empty")
    assert not list((tmp_path / "empty").iterdir())
    (landing / "links").write_text("a file in the place of the folder")
    assert "links/decisions-by-hand.csv cannot be written: " in stop(landing)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"left_source,left_key\nweb,1\n", "lacks the required columns right_source"),
        (",".join(LINK).encode() + b"\nweb,1,crm,2,same,2024-05-01,more\n", "more fields"),
        (",".join(LINK).encode() + b'\n"web,1', "cannot be read as CSV"),
        (",".join(LINK).encode() + b"\nw\xe9b,1,crm,2,same,2024-05-01\n", "is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_stays_as_it_is(
    content: bytes, told: str, landing: Path
) -> None:
    path = landing / "links" / "decisions-by-hand.csv"
    path.parent.mkdir()
    path.write_bytes(content)
    assert told in stop(landing)
    assert path.read_bytes() == content


def test_nothing_is_lost_when_the_disk_refuses(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_decision(landing, made(), SETTINGS)
    before = (landing / "links" / "decisions-by-hand.csv").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert "No space left on device" in stop(landing)
    assert (landing / "links" / "decisions-by-hand.csv").read_bytes() == before
