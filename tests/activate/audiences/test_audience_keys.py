"""The register of keys: a key once used is never used again."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.audiences import register
from ml.activate.audiences.declarations import Audience
from ml.activate.audiences.register import check_keys, read_register, record_keys
from ml.errors import KithError
from ml.home import Home

DAY = date(2024, 6, 1)


def declare(patch: pytest.MonkeyPatch, *keys: str, **retired: date) -> None:
    """Let these keys be declared, some retired on a day."""
    declared = {
        key: Audience(
            key=key,
            title=key.title(),
            meaning="People.",
            rule="true",
            priority=1,
            channel="email",
            expected_outcome="an order",
            retired_on=retired.get(key),
        )
        for key in (*keys, *retired)
    }
    patch.setattr(register, "declared_audiences", lambda: declared)


def publish(home: Home, day: date) -> None:
    check_keys(home, day)
    record_keys(home, day)


def test_a_key_that_was_taken_away_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    declare(monkeypatch, "ready", "super")
    publish(home, DAY)
    declare(monkeypatch, "super")
    publish(home, DAY + timedelta(days=1))
    assert read_register(home.audience_keys)["ready"].retired_on == "2024-06-02"
    declare(monkeypatch, "ready", "super")
    with pytest.raises(KithError) as refused:
        publish(home, DAY + timedelta(days=2))
    told = str(refused.value)
    assert (
        "'ready' was used from 2024-06-01 to 2024-06-01 for 'Ready' and retired on 2024-06-02"
        in told
    )
    assert "Name the file" in told
    assert "\n" not in told


def test_a_key_whose_day_of_retirement_was_taken_back_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    declare(monkeypatch, ready=DAY + timedelta(days=1))
    publish(home, DAY)
    publish(home, DAY + timedelta(days=1))
    declare(monkeypatch, "ready")
    with pytest.raises(KithError, match="never used again"):
        publish(home, DAY + timedelta(days=5))


def test_a_mistake_is_mended_on_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    declare(monkeypatch, "ready")
    publish(home, DAY)
    declare(monkeypatch)
    publish(home, DAY + timedelta(days=1))
    declare(monkeypatch, "ready")
    publish(home, DAY + timedelta(days=1))
    entry = read_register(home.audience_keys)["ready"]
    assert (entry.first_day, entry.last_day, entry.retired_on) == ("2024-06-01", "2024-06-02", None)


def test_older_days_that_are_published_later_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    declare(monkeypatch, "ready")
    publish(home, DAY)
    kept = home.audience_keys.read_bytes()
    declare(monkeypatch, "other")
    publish(home, DAY - timedelta(days=30))
    assert home.audience_keys.read_bytes() == kept


def test_a_damaged_register_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.audience_keys.parent.mkdir()
    home.audience_keys.write_text("{")
    with pytest.raises(KithError, match=r"audience_keys\.json is damaged"):
        check_keys(home, DAY)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.frozensets(st.sampled_from("abc"))), min_size=1, max_size=12
    )
)
def test_no_key_has_two_lives(
    tmp_path_factory: pytest.TempPathFactory, days: list[tuple[int, frozenset[str]]]
) -> None:
    home = Home(tmp_path_factory.mktemp("register"))
    published: dict[int, frozenset[str]] = {}
    with pytest.MonkeyPatch.context() as patch:
        for number, keys in days:
            declare(patch, *(f"key_{key}" for key in sorted(keys)))
            try:
                publish(home, DAY + timedelta(days=number))
            except KithError:
                continue
            if not published or number >= max(published):
                published[number] = keys
    for key in "abc":
        lives = [key in published[number] for number in sorted(published)]
        starts = [now and not was for was, now in zip([False, *lives], lives, strict=False)]
        assert sum(starts) <= 1
