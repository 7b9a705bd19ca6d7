"""Exports as files of a home folder: once only, whole or not at all, private, logged, and taken back."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import stat
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.activate.export.destinations import DESTINATIONS
from ml.errors import KithError
from tests.activate.export.small_home import DAY, SmallBrand

NEXT = DAY + timedelta(days=1)


@pytest.fixture
def brand(tmp_path: Path) -> SmallBrand:
    brand = SmallBrand(tmp_path / "home")
    brand.root.mkdir()
    (brand.root / "kith.toml").write_text('default_country = "GB"\nmin_list_size = 1\n')
    for who in ("c-ann", "c-bob", "c-cid"):
        brand.add(who)
    brand.add("c-held", "holdout")
    return brand


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def log_of(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "log.parquet", partitioning=None).to_pylist()


def account_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "reconciliation.json").read_text()))


def listed(folder: Path) -> list[str]:
    return [row["customer_id"] for row in rows_of(folder / "list.csv")]


def hex_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_export_and_its_account(brand: SmallBrand) -> None:
    brand.publish()
    folder = brand.export("email")
    assert listed(folder) == ["c-ann", "c-bob", "c-cid"]
    account = account_of(folder)
    assert (account["members_in"], account["delivered"], account["dropped"]) == (
        4,
        3,
        {"held_out": 1},
    )
    log = {row["customer_id"]: row for row in log_of(folder)}
    assert {who: (row["action"], row["reason"], row["is_eligible"]) for who, row in log.items()} == {
        "c-ann": ("add", None, True), "c-bob": ("add", None, True), "c-cid": ("add", None, True),
        "c-held": ("drop", "held_out", True),
    }  # fmt: skip
    assert any("4 in the audience, 3 delivered" in line for line in brand.said)


def test_a_second_time_nothing_changes(brand: SmallBrand) -> None:
    brand.publish()
    folder = brand.export("google")
    before = everything(brand.home.exports)
    brand.said.clear()
    assert brand.export("google", is_planned=False) == folder
    assert everything(brand.home.exports) == before
    assert "was exported before; nothing was changed" in brand.said[0]


def test_equal_facts_are_equal_bytes(brand: SmallBrand, tmp_path: Path) -> None:
    brand.publish()
    other = SmallBrand(tmp_path / "other", people=brand.people, members=brand.members)
    other.root.mkdir()
    (other.root / "kith.toml").write_text((brand.root / "kith.toml").read_text())
    other.publish()
    for destination in DESTINATIONS:
        brand.export(destination)
        other.export(destination)
    assert everything(brand.home.activation) == everything(other.home.activation)


def test_only_the_owner_reads_what_was_exported(brand: SmallBrand) -> None:
    brand.publish()
    for destination in DESTINATIONS:
        brand.export(destination)
    paths = [brand.home.exports, *brand.home.exports.rglob("*")]
    assert len(paths) > 20
    for path in paths:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_crash_leaves_nothing_half(brand: SmallBrand, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file after the other comes into being, then the folder moves to its place: stopped at each rename."""
    brand.publish()
    replace, calls = os.replace, []

    def crash_at(number: int) -> Path | None:
        calls.clear()

        def rename(source: Path, target: Path) -> None:
            calls.append(target)
            if len(calls) == number:
                raise OSError("power cut")
            replace(source, target)

        with monkeypatch.context() as patched:
            patched.setattr(os, "replace", rename)
            try:
                return brand.export("google")
            except OSError:
                return None

    crashes = 0
    while (folder := crash_at(crashes + 1)) is None:
        crashes += 1
        assert not list(brand.home.exports.glob("google/ready/[!.]*"))
    assert crashes == len(list(folder.iterdir())) + len(["bid values", "the folder"])
    assert len(rows_of(folder / "list.csv")) == 3
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_no_mailbox_and_no_number_but_in_the_e_mail_tools_own_list(brand: SmallBrand) -> None:
    brand.publish()
    for destination in DESTINATIONS:
        brand.export(destination)
    holding = {
        path.relative_to(brand.home.exports).parts[0] + "/" + path.name
        for path in brand.home.activation.rglob("*")
        if path.is_file() and (b"mail.example" in _text(path) or b"207183" in _text(path))
    }
    assert holding == {"email/list.csv"}
    assert not any("mail.example" in line or "207183" in line for line in brand.said)


def _text(path: Path) -> bytes:
    if path.suffix != ".parquet":
        return path.read_bytes()
    return repr(pq.read_table(path, partitioning=None).to_pylist()).encode()


def test_who_left_or_took_a_yes_back_is_taken_out(brand: SmallBrand) -> None:
    brand.publish()
    brand.export("meta")
    brand.export("email")
    brand.people["c-ann"]["consent_ad_user_data"] = False
    brand.forget("c-bob")
    brand.members["c-cid"] = "holdout"
    brand.add("c-dan")
    brand.publish(NEXT)
    folder = brand.export("meta")
    removed = rows_of(folder / "removals.csv")
    assert [list(row) for row in removed] == [DESTINATIONS["meta"].header] * 3
    assert [row["email"] for row in removed] == [
        hex_of(f"{who}@mail.example") for who in ("c-ann", "c-bob", "c-cid")
    ]
    reasons = {r["customer_id"]: r["reason"] for r in log_of(folder) if r["action"] == "remove"}
    assert reasons == {
        "c-ann": "no_consent_ad_user_data", "c-bob": "left_audience", "c-cid": "held_out",
    }  # fmt: skip
    assert (account_of(folder)["standing_before"], account_of(folder)["standing_after"]) == (3, 1)
    folder = brand.export("email")
    # One e-mail a week: nobody of yesterday's list is met again today.
    assert listed(folder) == ["c-dan"]
    assert [row["customer_id"] for row in rows_of(folder / "removals.csv")] == [
        "c-ann",
        "c-bob",
        "c-cid",
    ]


def test_a_list_too_small_still_takes_people_out(brand: SmallBrand) -> None:
    brand.publish()
    brand.export("google")
    brand.forget("c-ann")
    brand.add("c-dan")
    (brand.root / "kith.toml").write_text("min_list_size = 4\n")
    brand.publish(NEXT)
    folder = brand.export("google")
    assert not (folder / "list.csv").exists()
    assert not (folder / "values.csv").exists()
    assert [row["Email"] for row in rows_of(folder / "removals.csv")] == [
        hex_of("c-ann@mail.example")
    ]
    actions = {row["customer_id"]: (row["action"], row["is_delivered"]) for row in log_of(folder)}
    assert actions == {
        "c-ann": ("remove", False), "c-bob": ("keep", False), "c-cid": ("keep", False),
        "c-dan": ("drop", False), "c-held": ("drop", False),
    }  # fmt: skip
    assert any("fewer than 4 people" in line for line in brand.said)


def test_a_retired_audience_is_cleared_at_the_destination(brand: SmallBrand) -> None:
    brand.publish()
    brand.export("google")
    brand.audience = "other"
    brand.publish(NEXT)
    folder = brand.export("google", "ready")
    assert len(rows_of(folder / "removals.csv")) == 3
    assert not (folder / "list.csv").exists()


@pytest.mark.parametrize("name", ["unheard_of", "../../published", "ready'; drop", ""])
def test_an_audience_that_nobody_knows(brand: SmallBrand, name: str) -> None:
    brand.publish()
    with pytest.raises(KithError, match="Audiences: leave_in_peace, ready"):
        brand.export("email", name or "none_such")
    assert not brand.home.exports.exists()


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (DAY + timedelta(days=4), "4 days old"),
        (DAY - timedelta(days=1), "may: a list is never made of facts"),
    ],
)
def test_scores_must_be_of_the_day(brand: SmallBrand, day: date, told: str) -> None:
    brand.publish()
    with pytest.raises(KithError, match=told):
        brand.export("email", day=day)
    assert log_of(brand.export("email", day=DAY + timedelta(days=3)))[0][
        "as_of_date"
    ] == DAY + timedelta(days=3)


def test_nothing_published_and_no_warehouse(brand: SmallBrand) -> None:
    with pytest.raises(KithError, match="Nothing is published"):
        brand.export("email")
    brand.publish()
    brand.home.run_state.unlink()
    with pytest.raises(KithError, match="Who unsubscribed"):
        brand.export("email")


def test_contacts_of_the_days_before(brand: SmallBrand) -> None:
    evening = datetime(2024, 5, 31, 20)
    brand.contacts = [
        ("c-ann", "Email", "unsubscribed", evening),
        ("c-bob", "push", "complained", evening),
        ("c-cid", "email", "delivered", evening),
        ("c-held", "email", "complained", evening),
        # Known only after the day: nothing of it counts.
        ("c-bob", "email", "delivered", datetime(2024, 6, 1, 9)),
    ]
    brand.publish()
    folder = brand.export("email")
    assert listed(folder) == ["c-bob"]
    reasons = {row["customer_id"]: row["reason"] for row in log_of(folder)}
    assert reasons == {
        "c-ann": "opted_out",
        "c-bob": None,
        "c-cid": "over_cap",
        "c-held": "opted_out",
    }
    # Advertising is no message: neither the cap nor a word on e-mail concerns it.
    assert len(rows_of(brand.export("google") / "list.csv")) == 3


def test_a_yes_after_the_unsubscribing_opens_the_channel_again(brand: SmallBrand) -> None:
    brand.contacts = [
        (who, "email", "unsubscribed", datetime(2024, 4, 1)) for who in ("c-ann", "c-bob", "c-cid")
    ]
    brand.agreed = [
        ("c-ann", "email", datetime(2024, 5, 1)),
        ("c-bob", "email", datetime(2024, 3, 1)),
        ("c-cid", "sms", datetime(2024, 5, 1)),
    ]
    brand.publish()
    assert listed(brand.export("email")) == ["c-ann"]


def test_two_lists_on_one_channel_and_day_meet_nobody_twice(brand: SmallBrand) -> None:
    brand.publish()
    brand.export("email")
    folder = brand.export("parquet")
    assert account_of(folder)["dropped"] == {"held_out": 1, "over_cap": 3}
    # The same list again on the same day, from a better version: the same occasion, nobody is over a cap by it.
    brand.publish(run="bbb")
    folder = brand.export("email")
    assert listed(folder) == ["c-ann", "c-bob", "c-cid"]
    assert account_of(folder)["kept"] == 3


def test_those_in_peace_and_those_of_both_groups(brand: SmallBrand) -> None:
    brand.peaceful, brand.mixed = {"c-ann"}, {"c-bob"}
    brand.publish()
    folder = brand.export("email")
    assert listed(folder) == ["c-cid"]
    rows = {row["customer_id"]: row for row in log_of(folder)}
    assert rows["c-ann"]["reason"] == "wants_peace"
    assert (rows["c-bob"]["reason"], rows["c-bob"]["is_eligible"]) == ("in_both_groups", False)


def test_by_todays_plan(brand: SmallBrand) -> None:
    version = brand.publish()
    with pytest.raises(KithError, match="--planned asks for the plan"):
        brand.export("email", is_planned=True)
    plan = {
        "customer_id": ["c-ann", "c-bob", "c-cid"], "audience": ["ready", "ready", "other"],
        "channel": ["email", "push", "email"], "reason": ["likely", "likely", "likely"],
        "offer": ["=offer", "o", "o"], "item": ["tea", None, None],
    }  # fmt: skip
    folder = brand.home.activation_version(version)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(plan), folder / "next_best_actions.parquet")
    (row,) = rows_of(brand.export("email", is_planned=True) / "list.csv")
    assert (row["customer_id"], row["reason"], row["offer"], row["item"]) == (
        "c-ann",
        "likely",
        "'=offer",
        "tea",
    )
    # The plan speaks of messages: an advertising list is made without it.
    assert len(rows_of(brand.export("meta", is_planned=True) / "list.csv")) == 3


def test_bid_values_beside_the_list(brand: SmallBrand) -> None:
    brand.people["c-bob"]["next_order_expected_amount"] = None
    version = brand.publish()
    folder = brand.export("google")
    values = rows_of(folder / "values.csv")
    assert list(values[0]) == [*DESTINATIONS["google"].header, "value"]
    assert [(row["Email"], row["value"]) for row in values] == [
        (hex_of("c-ann@mail.example"), "3"), (hex_of("c-cid@mail.example"), "3"),
    ]  # fmt: skip
    table = pq.read_table(brand.home.activation_version(version) / "bid_values.parquet").to_pydict()
    assert table["customer_id"] == sorted(brand.people)
    assert table["value"] == [3.0, 0.0, 3.0, 3.0]
