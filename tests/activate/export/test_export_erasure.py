"""A deleted person is absent from every later export and named for removal wherever they were delivered."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.activate.export.destinations import DESTINATIONS
from ml.activate.export.erasure import forget_in_activation
from ml.serve.forget_versions import forget_in_versions
from tests.activate.export.small_home import DAY, SmallBrand
from tests.activate.export.test_export_home import hex_of, listed, log_of, rows_of

EVERYWHERE = sorted(DESTINATIONS)
ANN = hex_of("c-ann@mail.example")


@pytest.fixture
def brand(tmp_path: Path) -> SmallBrand:
    """Four people, and everybody but one exported everywhere."""
    brand = SmallBrand(tmp_path / "home")
    brand.root.mkdir()
    (brand.root / "kith.toml").write_text('default_country = "GB"\nmin_list_size = 1\n')
    for who in ("c-ann", "c-bob", "c-cid"):
        brand.add(who)
    brand.add("c-held", "holdout")
    brand.publish()
    for destination in set(EVERYWHERE) - {"parquet"}:
        brand.export(destination)
    # One e-mail a week: the second list on that channel goes out a week later.
    brand.publish(DAY + timedelta(days=8), "ppp")
    brand.export("parquet")
    return brand


def traces_of(brand: SmallBrand, texts: tuple[str, ...]) -> set[str]:
    """Files below the activation folder that hold one of the texts."""
    found = set()
    for path in brand.home.activation.rglob("*"):
        if path.is_file():
            content = (
                repr(pq.read_table(path, partitioning=None).to_pylist())
                if path.suffix == ".parquet"
                else path.read_text()
            )
            if any(text in content for text in texts):
                found.add(path.relative_to(brand.home.activation).as_posix())
    return found


THEIRS = ("c-ann", ANN, hex_of("+442071838000"), hex_of("442071838000"))


def erase(brand: SmallBrand, who: str) -> list[str]:
    erasures = brand.erase(who)
    told = forget_in_activation(brand.home, erasures)
    forget_in_versions(brand.home, erasures)
    return told


def test_erased_then_exported_again(brand: SmallBrand) -> None:
    assert len(traces_of(brand, THEIRS)) > 10
    told = erase(brand, "c-ann")
    pending = {f"exports/{key}/removals-pending/ready-after-1.csv" for key in EVERYWHERE}
    assert traces_of(brand, THEIRS) == pending
    assert sum("to be removed at" in line for line in told) == len(EVERYWHERE)
    brand.publish(DAY + timedelta(days=16), "eee")
    named: dict[str, list[dict[str, Any]]] = {}
    for destination in EVERYWHERE:
        folder = brand.export(destination)
        named[destination] = removals_of(folder, destination)
        told = next(row for row in log_of(folder) if row["action"] == "remove")
        assert (told["reason"], told["customer_id"]) == ("erased", None)
        assert (told["email_sha256"], told["phone_sha256"]) == (None, None)
        assert "c-ann" not in {row["customer_id"] for row in log_of(folder)}
    assert {key: rows[0] for key, rows in named.items()} == {
        "email": {"customer_id": "c-ann"}, "parquet": {"customer_id": "c-ann"},
        "google": named_row("google", "Email", "Phone", plus="+"),
        "meta": named_row("meta", "email", "phone"),
        "tiktok": named_row("tiktok", "Email_SHA256", "Phone_SHA256"),
    }  # fmt: skip
    # Named once: not by the next export, and nothing is pending any more.
    assert not list(brand.home.exports.rglob("removals-pending/*"))
    brand.publish(DAY + timedelta(days=32), "fff")
    for destination in EVERYWHERE:
        folder = brand.export(destination)
        assert ANN not in repr(removals_of(folder, destination))
        assert "c-ann" not in repr(removals_of(folder, destination))


def named_row(destination: str, email: str, phone: str, plus: str = "") -> dict[str, str]:
    blank = dict.fromkeys(DESTINATIONS[destination].header, "")
    return blank | {email: ANN, phone: hex_of(f"{plus}442071838000")}


def removals_of(folder: Path, destination: str) -> list[dict[str, Any]]:
    if destination == "parquet":
        return pq.read_table(folder / "removals.parquet", partitioning=None).to_pylist()
    return rows_of(folder / "removals.csv")


def test_others_keep_their_rows_in_rewritten_files(brand: SmallBrand) -> None:
    folder = brand.home.exports / "email" / "ready" / f"{DAY}-aaa"
    google = brand.home.exports / "google" / "ready" / f"{DAY}-aaa"
    erase(brand, "c-bob")
    assert listed(folder) == ["c-ann", "c-cid"]
    left = [hex_of(f"{who}@mail.example") for who in ("c-ann", "c-cid")]
    assert [row["Email"] for row in rows_of(google / "list.csv")] == left
    assert [row["Email"] for row in rows_of(google / "values.csv")] == left
    log = {row["customer_id"]: row["file_row"] for row in log_of(google)}
    assert log == {"c-ann": 1, "c-cid": 2, "c-held": None}
    assert (
        pq.read_schema(google / "log.parquet").names == pq.read_schema(folder / "log.parquet").names
    )
    # And again, from the rewritten log.
    erase(brand, "c-cid")
    assert [row["Email"] for row in rows_of(google / "list.csv")] == left[:1]


def test_who_was_taken_out_before_is_named_again(brand: SmallBrand) -> None:
    """Whether a destination forgot, nobody knows; and the file that took the person out forgets the person."""
    brand.people["c-ann"]["consent_ad_user_data"] = False
    brand.publish(DAY + timedelta(days=9), "rrr")
    folder = brand.export("google")
    assert [row["Email"] for row in rows_of(folder / "removals.csv")] == [ANN]
    erase(brand, "c-ann")
    assert rows_of(folder / "removals.csv") == []
    pending = brand.home.exports / "google" / "removals-pending" / "ready-after-2.csv"
    assert [row["Email"] for row in rows_of(pending)] == [ANN]


def test_what_others_stand_there_by_is_not_taken_from_them(tmp_path: Path) -> None:
    brand = SmallBrand(tmp_path / "home")
    brand.root.mkdir()
    (brand.root / "kith.toml").write_text("min_list_size = 1\n")
    brand.add("c-ann", email="family@mail.example", phone=None)
    brand.add("c-bob", email="family@mail.example")
    brand.publish()
    brand.export("google")
    told = erase(brand, "c-ann")
    assert not any("to be removed" in line for line in told)
    assert [
        row["Email"] for row in rows_of(brand.home.exports / f"google/ready/{DAY}-aaa/list.csv")
    ] == [hex_of("family@mail.example")]


def test_an_id_that_stood_for_both_once_and_for_the_other_now(tmp_path: Path) -> None:
    """On the day of the first list two people were one customer: its row goes, and the other stays where they stand."""
    brand = SmallBrand(tmp_path / "home")
    brand.root.mkdir()
    (brand.root / "kith.toml").write_text("min_list_size = 1\n")
    brand.add("c-bob")
    brand.taken_for = {"c-ann": "c-bob"}
    first = brand.publish()
    brand.export("google")
    brand.taken_for = {}
    brand.add("c-ann")
    second = brand.publish(DAY + timedelta(days=1), "bbb")
    brand.export("google")
    erase(brand, "c-ann")
    folder = brand.home.exports / "google" / "ready"
    assert rows_of(folder / first / "list.csv") == []
    bob = hex_of("c-bob@mail.example")
    assert [row["Email"] for row in rows_of(folder / second / "list.csv")] == [bob]
    (pending,) = (brand.home.exports / "google").glob("removals-pending/*")
    assert [row["Email"] for row in rows_of(pending)] == [ANN]


def test_nobody_exported_nothing_told(brand: SmallBrand) -> None:
    brand.add("c-new")
    told = erase(brand, "c-new")
    assert told == []


def test_an_interrupted_erasure_is_finished_by_the_next(
    brand: SmallBrand, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasures = brand.erase("c-ann")
    replace, calls = os.replace, []
    for crash_at in (1, 3, 8, 9, 15):
        calls.clear()

        def crash(source: Path, target: Path, crash_at: int = crash_at) -> None:
            calls.append(target)
            if len(calls) == crash_at:
                raise OSError("power cut")
            replace(source, target)

        monkeypatch.setattr(os, "replace", crash)
        with pytest.raises(OSError, match="power cut"):
            forget_in_activation(brand.home, erasures)
        monkeypatch.undo()
    forget_in_activation(brand.home, erasures)
    pending = {f"exports/{key}/removals-pending/ready-after-1.csv" for key in EVERYWHERE}
    assert traces_of(brand, THEIRS) == pending
    assert forget_in_activation(brand.home, erasures) == []


def test_tables_of_decisions_forget_too(brand: SmallBrand) -> None:
    folder = brand.home.activation_version(f"{DAY}-aaa")
    plan = {"customer_id": ["c-ann", "c-bob"], "offer": ["o", "o"], "invites": ["c-bob", "c-ann"]}
    pq.write_table(pa.table(plan), folder / "next_best_actions.parquet")
    orphan = brand.home.activation_version("2023-01-01-gone")
    orphan.mkdir()
    pq.write_table(pa.table(plan), orphan / "uplift.parquet")
    erase(brand, "c-ann")
    for path in (folder / "next_best_actions.parquet", orphan / "uplift.parquet"):
        assert pq.read_table(path).to_pylist() == [
            {"customer_id": "c-bob", "offer": "o", "invites": None}
        ]
        assert path.stat().st_mode & 0o777 == 0o600
    values = pq.read_table(folder / "bid_values.parquet")["customer_id"].to_pylist()
    assert values == ["c-bob", "c-cid", "c-held"]
