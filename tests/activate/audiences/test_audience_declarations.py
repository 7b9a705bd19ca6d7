"""Declarations of audiences: what their files may say, and the word for whoever wrote them wrongly."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ml.activate.audiences.declarations import FOLDER, declared_audiences, read_audience
from ml.errors import KithError
from ml.home import SEEDS
from ml.run import CODE_FOLDERS, CODE_SUFFIXES

GOOD = """\
title: Ready
meaning: They are ready.
rule: orders_count > 1
priority: 5
channel: email
expected_outcome: an order
"""
REQUIRED = {
    "ready_to_buy",
    "leaving_and_valuable",
    "super_users_to_invite",
    "strong_near_super",
    "likely_advocates",
    "back_after_long",
    "second_order",
    "after_order",
    "service_recovery",
    "price_sensitive_with_coupon",
    "fits_new_product",
    "new_member_welcome",
    "left_without_bag",
    "fading_device",
    "star_staff",
    "leave_in_peace",
}


def write(folder: Path, text: str, key: str = "ready") -> Path:
    path = folder / f"{key}.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_starter_set_is_there_and_speaks_plainly() -> None:
    declared = declared_audiences()
    assert set(declared) >= REQUIRED
    for audience in declared.values():
        assert len(audience.meaning.split()) > 6
        assert audience.meaning.endswith(".")


def test_defaults_are_the_key_the_setting_and_the_expected_gain(tmp_path: Path) -> None:
    audience = read_audience(write(tmp_path, GOOD))
    assert (audience.key, audience.purpose, audience.holdout_share) == ("ready", "ready", None)
    assert audience.held_out(0.25) == 0.25
    assert audience.order_by == "next_order_expected_amount"
    assert audience.is_used(date(2024, 6, 1))


def test_a_retired_audience_is_not_used_from_its_day_on(tmp_path: Path) -> None:
    audience = read_audience(write(tmp_path, GOOD + "retired_on: 2024-06-01\n"))
    assert audience.is_used(date(2024, 5, 31))
    assert not audience.is_used(date(2024, 6, 1))


def test_nobody_is_held_out_of_a_list_that_nobody_is_contacted_from(tmp_path: Path) -> None:
    audience = read_audience(write(tmp_path, GOOD.replace("email", "none")))
    assert audience.held_out(0.25) == 0


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (GOOD.replace("channel: email", "channel: pigeon"), "channel: input should be"),
        (GOOD.replace("channel: email", "channel: pigeon"), "found 'pigeon'"),
        (GOOD.replace("rule: orders_count > 1\n", ""), "the field rule is missing"),
        (GOOD + "size: 3\n", "there is no field size"),
        (GOOD + "size_cap: 0\n", "size_cap: input should be greater than or equal to 1, found '0'"),
        (GOOD + "holdout_share: 2\n", "holdout_share"),
        (GOOD + "purpose: Two Words\n", "purpose 'Two Words' must be small letters"),
        (GOOD + "key: other\n", "the key is the name of the file"),
        (GOOD + "retired_on: soon\n", "retired_on"),
        (GOOD.replace("email", "none") + "holdout_share: 0.1\n", "nobody to hold out"),
        ("just words", "must be fields and their values"),
        ("title: [", "is not valid YAML"),
    ],
)
def test_a_wrong_file_is_named_with_what_was_found(tmp_path: Path, text: str, word: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(KithError) as refused:
        read_audience(path)
    assert word in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_key_is_small_letters(tmp_path: Path) -> None:
    with pytest.raises(KithError, match="key 'Ready-now' must be small letters"):
        read_audience(write(tmp_path, GOOD, "Ready-now"))


def test_audiences_of_one_purpose_ask_for_one_holdout(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "purpose: sale\n", "one")
    write(tmp_path, GOOD + "purpose: sale\nholdout_share: 0.2\n", "two")
    with pytest.raises(KithError, match=r"one and two.*different holdouts"):
        declared_audiences(tmp_path)


def test_a_declaration_is_part_of_the_code_that_decides_the_numbers() -> None:
    assert FOLDER.is_relative_to(SEEDS)
    assert SEEDS.parent.name in CODE_FOLDERS
    assert {path.suffix for path in FOLDER.iterdir()} <= CODE_SUFFIXES


def test_dbt_does_not_read_declarations_as_its_own() -> None:
    ignored = (SEEDS.parent / ".dbtignore").read_text(encoding="utf-8").split()
    assert f"{FOLDER.relative_to(SEEDS.parent).as_posix()}/" in ignored
