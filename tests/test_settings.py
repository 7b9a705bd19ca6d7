"""Settings: where they come from, what they may be, and which of them make another run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest

from ml.commands.options import ENGINES
from ml.errors import KithError
from ml.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KITH_")]:
        monkeypatch.delenv(name)


def load(home: Path, text: str) -> Settings:
    (home / "kith.toml").write_text(text, encoding="utf-8")
    return load_settings(home)


def message_of(home: Path, text: str) -> str:
    with pytest.raises(KithError) as stop:
        load(home, text)
    return str(stop.value)


def test_defaults_without_a_file(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "nowhere")
    assert settings.timezone == "UTC"
    assert (settings.max_bad_share, settings.max_bad_share_entity) == (0.02, 0.10)
    assert settings.min_bad_rows_entity == 200
    assert settings.min_class_customers == 200
    assert settings.max_training_rows == 300_000
    assert settings.profiling_default is True
    assert settings.label_lag_days is settings.currency is settings.default_country is None


def test_the_option_offers_the_engines_that_the_setting_takes() -> None:
    assert get_args(Settings.model_fields["engine"].annotation) == tuple(ENGINES)


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'timezone = "Asia/Tokyo"\nlabel_lag_days = 3\n[source.web]\ntimezone = "Europe/Paris"\n'
    monkeypatch.setenv("KITH_LABEL_LAG_DAYS", "5")
    monkeypatch.setenv("KITH_PROFILING_DEFAULT", "false")
    monkeypatch.setenv("KITH_SOURCE", '{"app": {"timezone": "Asia/Tokyo"}}')
    settings = load(tmp_path, text)
    assert (settings.timezone, settings.label_lag_days, settings.profiling_default) == (
        "Asia/Tokyo",
        5,
        False,
    )
    assert {name: source.timezone for name, source in settings.source.items()} == {
        "web": "Europe/Paris",
        "app": "Asia/Tokyo",
    }


def test_variables_of_the_command_line_are_no_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KITH_HOME", "KITH_LANDING", "KITH_TARGETS"):
        monkeypatch.setenv(name, "somewhere")
    assert load_settings(tmp_path) == Settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("label_lag_days = 'two'", ["label_lag_days", "valid integer"]),
        ("label_lag_days = -1", ["label_lag_days", "greater than or equal to 0"]),
        ("max_bad_share = 2", ["max_bad_share", "less than or equal to 1"]),
        ("max_bad_share = nan", ["max_bad_share"]),
        (
            "timezone = 'Asia/Atlantis'",
            ["timezone", "'Asia/Atlantis' is no time zone of the IANA list"],
        ),
        ("timezone = 7", ["timezone", "valid string"]),
        ("timezone = ''", ["timezone", "no time zone"]),
        ("[source.web]\ntimezone = '+09:00'", ["source.web.timezone", "'+09:00' is no time zone"]),
        ("[source.web]\nzone = 'UTC'", ["source.web.zone", "not permitted"]),
        ("time_zone = 'UTC'", ["time_zone", "not permitted"]),
        ("default_country = 'England'", ["default_country"]),
        ("currency = 'eur'", ["currency"]),
        ("memory_limit = 'much'", ["memory_limit"]),
        ("threads = 0", ["threads"]),
        (
            "schedule_start = '2024-02-30'",
            ["schedule_start", "'2024-02-30' is no day of the calendar"],
        ),
    ],
)
def test_a_wrong_setting_is_told_with_its_name(text: str, told: list[str], tmp_path: Path) -> None:
    message = message_of(tmp_path, text)
    assert f"A setting in {tmp_path}/kith.toml or a KITH_* variable is wrong" in message
    assert "Known settings: timezone, source, default_country" in message
    assert "\n" not in message
    assert [words for words in told if words not in message] == []


def test_every_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    message = message_of(tmp_path, "threads = 0\nlag = 1\nholdout_share = 3\n")
    assert all(name in message for name in ("threads: ", "lag: ", "holdout_share: "))


def test_a_wrong_variable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITH_THREADS", "many")
    with pytest.raises(KithError, match=r"KITH_\* variable is wrong: threads: .*valid integer"):
        load_settings(tmp_path)
    monkeypatch.setenv("KITH_THREADS", "2")
    monkeypatch.setenv("KITH_SOURCE", "web=UTC")
    with pytest.raises(KithError, match=r'"source".*written as JSON'):
        load_settings(tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert "kith.toml is not valid TOML: " in message_of(tmp_path, "timezone = UTC\n")
    assert "line 1" in message_of(tmp_path, "timezone = UTC\n")
    (tmp_path / "kith.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(KithError, match="is not valid TOML"):
        load_settings(tmp_path)
    (tmp_path / "kith.toml").unlink()
    (tmp_path / "kith.toml").mkdir()
    with pytest.raises(KithError, match=r"kith\.toml cannot be read: "):
        load_settings(tmp_path)


CHANGES = {
    "timezone": "Asia/Tokyo",
    "source": {"web": {"timezone": "Asia/Tokyo"}},
    "default_country": "GB",
    "currency": "EUR",
    "label_lag_days": 0,
    "profiling_default": False,
    "min_class_customers": 50,
    "min_returned_customers": 10,
    "search_trials": 0,
    "max_training_rows": 2_000,
    "holdout_share": 0.2,
    "reward_share": 0.1,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_that_changes_numbers_changes_the_fingerprint(name: str) -> None:
    assert Settings(**{name: CHANGES[name]}).fingerprint() != Settings().fingerprint()


def test_paths_threads_and_memory_make_no_other_run() -> None:
    other = Settings(threads=7, memory_limit="1GB", rates_file=Path("elsewhere.csv"))
    assert other.fingerprint() == Settings().fingerprint()


def test_what_is_planned_on_a_version_makes_no_other_version() -> None:
    planned = Settings(daily_contacts=5, daily_contact_budget=2.5, assumed_effect_share=0.1)
    assert planned.fingerprint() == Settings().fingerprint()


def test_the_fingerprint_does_not_depend_on_order() -> None:
    zones = {"web": {"timezone": "UTC"}, "app": {"timezone": "Asia/Tokyo"}}
    turned = dict(reversed(zones.items()))
    assert Settings(source=zones).fingerprint() == Settings(source=turned).fingerprint()
