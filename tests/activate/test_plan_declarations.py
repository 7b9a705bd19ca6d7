"""The three lists of the plan: those of the brand are sound, and a wrong one is refused with a word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml.activate.plan.declarations import ITEM_KINDS, read_declarations
from ml.errors import KithError
from ml.home import SEEDS

FILES = ("offers.csv", "contact_channels.csv", "contact_limits.csv")


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """The brand's own lists, to be spoilt."""
    for name in FILES:
        shutil.copy(SEEDS / name, tmp_path / name)
    return tmp_path


def test_the_lists_that_come_with_kith(seeds: Path) -> None:
    declared = read_declarations(seeds)
    assert declared == read_declarations()
    assert len(declared.offers) >= 10
    assert {offer.channel for offer in declared.offers} <= set(declared.channels)
    assert {limit.channel for limit in declared.limits} <= {"any", *declared.channels}
    assert any(limit.channel == "any" and limit.period_days == 1 for limit in declared.limits)
    assert {offer.item_kind for offer in declared.offers} <= set(ITEM_KINDS)
    # Where nothing is given away, nothing else may be promised.
    assert all(
        (offer.item_kind == "coupon") == (offer.discount_share > 0) for offer in declared.offers
    )


def spoilt(path: Path, old: str, new: str) -> None:
    """Change the first place where a text stands."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "offers.csv",
            ",email,",
            ",pigeon,",
            "over the channel 'pigeon', which contact_channels.csv does not list",
        ),
        (
            "offers.csv",
            ",0.01,",
            ",cheap,",
            r"row 1, column cost_per_contact: a number from 0 .* found 'cheap'",
        ),
        (
            "offers.csv",
            ",0.40,",
            ",40,",
            "column margin_share: a number from 0 to 1 is needed; found '40'",
        ),
        (
            "offers.csv",
            ",0.40,",
            ",nan,",
            "column margin_share: a number from 0 to 1 is needed; found 'nan'",
        ),
        (
            "offers.csv",
            ",5000,",
            ",many,",
            "column stock: a whole number, 0 or more, is needed; found 'many'",
        ),
        ("offers.csv", ",recommended,", ",surprise,", "column item_kind: one of none, recommended"),
        ("offers.csv", "welcome,", ",", "row 2, column offer: a word is needed; found ''"),
        (
            "offers.csv",
            "welcome,",
            "ask_after_order,",
            "must name one row; 'ask_after_order' stands twice",
        ),
        ("offers.csv", "margin_share", "margin", "lacks the column margin_share"),
        (
            "contact_channels.csv",
            "21:00",
            "9 pm",
            "column quiet_from: a time of day written HH:MM is needed",
        ),
        ("contact_limits.csv", "email,7", "email,week", "column period_days: a whole number"),
        (
            "contact_limits.csv",
            "push,7",
            "email,7",
            "channel, period_days must name one row; 'email, 7'",
        ),
    ],
)
def test_a_list_that_cannot_be_used(seeds: Path, name: str, old: str, new: str, told: str) -> None:
    spoilt(seeds / name, old, new)
    with pytest.raises(KithError, match=told) as stop:
        read_declarations(seeds)
    assert str(seeds / name) in str(stop.value)


def test_a_list_that_is_not_there(seeds: Path) -> None:
    (seeds / "offers.csv").unlink()
    with pytest.raises(KithError, match=r"offers\.csv cannot be read as a list"):
        read_declarations(seeds)


def test_empty_lists_mean_no_offers_and_no_limits(seeds: Path) -> None:
    for name in ("offers.csv", "contact_limits.csv"):
        header = (seeds / name).read_text().splitlines()[0]
        (seeds / name).write_text(f"{header}\n")
    declared = read_declarations(seeds)
    assert (declared.offers, declared.limits) == ((), ())
