"""Phone numbers: one form for all spellings, and no number is parsed twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.data import phones
from ml.data.landing import discover
from ml.data.phones import e164, normalise_phones
from ml.data.raw_layer import ingest
from ml.data.warehouse import connect
from ml.home import Home
from tests.conftest import write_csv


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("+44 20 7946 0018", None, "+442079460018"),
        ("+44 (0)20 7946-0018", None, "+442079460018"),
        ("0044 20 7946 0018", None, "+442079460018"),
        ("0044 20 7946 0018", "US", "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("020 7946 0018", None, None),
        ("0912 345 678", "VN", "+84912345678"),
        ("+84 912 345 678", "GB", "+84912345678"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("00123", "GB", None),
        ("12", "GB", None),
        ("call me", "GB", None),
        ("", "GB", None),
        ("+44 20 7946 0018 " * 30, "GB", None),
    ],
)
def test_one_form_for_all_spellings(
    written: str, country: str | None, expected: str | None
) -> None:
    assert e164(written, country) == expected


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are really parsed, in their order."""
    texts: list[str] = []

    def counting(raw: str, default_country: str | None) -> str | None:
        texts.append(raw)
        return e164(raw, default_country)

    monkeypatch.setattr(phones, "e164", counting)
    return texts


def normalise(root: Path, numbers: list[str], country: str | None = None) -> dict[str, str | None]:
    """Deliver numbers as profiles, one more as an identifier; give the table of numbers."""
    landing, home = root / "in", Home(root / "Anna's home")
    home.root.mkdir(exist_ok=True)
    (home.root / "kith.toml").write_text(f'default_country = "{country}"\n' if country else "")
    person = {"source": "web", "source_key": "a", "known_at": "2024-01-01"}
    write_csv(
        landing,
        "shares",
        [{"source": "web", "share_id": 1, "inviter_key": "a", "occurred_at": "2024-01-01"}],
    )
    write_csv(landing, "profiles", [{**person, "phone": number} for number in numbers])
    types = {" Phone": "+44 20 7946 0002", "card": "+44 20 7946 9999"}
    write_csv(
        landing,
        "identifiers",
        [{**person, "id_type": kind, "id_value": value} for kind, value in types.items()],
    )
    ingest(discover(landing), home.raw)
    with connect(home) as connection:
        normalise_phones(connection, home)
        rows = connection.execute("select raw, e164 from control.phone_numbers").fetchall()
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_numbers_are_parsed_once_and_again_under_another_country(
    tmp_path: Path, parsed: list[str]
) -> None:
    numbers = [" 020 7946 0018", "020 7946 0018 ", "+44 20 7946 0001", "", "  "]
    found = normalise(tmp_path, numbers)
    assert found == {
        "020 7946 0018": None,
        "+44 20 7946 0001": "+442079460001",
        "+44 20 7946 0002": "+442079460002",
    }
    assert sorted(parsed) == sorted(found)

    parsed.clear()
    assert normalise(tmp_path, [*numbers, "020 7946 0003"]) == {**found, "020 7946 0003": None}
    assert parsed == ["020 7946 0003"]

    parsed.clear()
    again = normalise(tmp_path, numbers, country="GB")
    assert again == {**found, "020 7946 0018": "+442079460018"}
    assert sorted(parsed) == sorted(found)


def test_no_number_at_all(tmp_path: Path, parsed: list[str]) -> None:
    assert normalise(tmp_path, [""]) == {"+44 20 7946 0002": "+442079460002"}
    assert parsed == ["+44 20 7946 0002"]
