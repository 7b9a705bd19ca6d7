"""The suppression list: whom it holds, in whatever way they are written, and what stops an export."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml.activate.export.suppression import Suppression, read_suppression
from ml.errors import KithError


def read(path: Path, *rows: str, header: str = "kind,value") -> Suppression:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    records = {("web", "1"): "c-now", ("web", "2:3"): "c-other"}
    return read_suppression(path, "GB", records, {"c-old": "c-now"})


def hex_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("row", "texts"),
    [
        ("email,Ann@X.org", {"email": "ann@x.org"}),
        ("EMAIL, ann@x.org ", {"email": "ANN+news@x.org"}),
        ("email,bob@gmail.com", {"email": "B.o.b+x@gmail.com"}),
        ("email,b.ob@gmail.com", {"email": "bob@gmail.com"}),
        (f"email,{hex_of('ann@x.org')}", {"email": "Ann@x.org"}),
        (f"email,{hex_of('bob@gmail.com').upper()}", {"email": "b.ob@gmail.com"}),
        ("phone,020 7183 8750", {"phone": "+442071838750"}),
        (f"phone,{hex_of('+442071838750')}", {"phone": "020 7183 8750"}),
        (f"phone,{hex_of('442071838750')}", {"phone": "+442071838750"}),
        ("customer_id,c-now", {}),
        ("customer_id,c-old", {}),
        ("source_key,web:1", {}),
    ],
)
def test_whom_it_holds(row: str, texts: dict[str, str], tmp_path: Path) -> None:
    found = read(tmp_path / "suppression.csv", row)
    assert found.holds("c-now", texts, "GB")
    other = {"email": "other@x.org", "phone": "+442071838751"}
    assert not found.holds("c-else", other, "GB")
    assert not found.holds("c-else", {}, "GB")


def test_no_list_holds_nobody(tmp_path: Path) -> None:
    assert read_suppression(tmp_path / "none.csv", None, {}, {}) == Suppression()
    assert read(tmp_path / "empty.csv") == Suppression()
    assert not Suppression().holds("c-1", {"email": "a@x.org"}, None)


def test_records_that_nobody_knows_hold_nobody(tmp_path: Path) -> None:
    found = read(tmp_path / "s.csv", "source_key,web:9", "source_key,web:2:3")
    assert found.customer_ids == {"c-other"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("fax,123456", "row 2 .*kind is none of email, phone, customer_id, source_key"),
        ("email,", "its value is empty"),
        ("email,secret-text", "its value is no email that can be read"),
        ("phone,12", "its value is no phone that can be read"),
        (f"email,{'a' * 32}", "a digest, but not one of SHA-256"),
        (f"phone,{'B' * 40}", "a digest, but not one of SHA-256"),
        ("source_key,secret-text", "not written SOURCE:KEY"),
        ("email", "another number of fields"),
        ("email,a@x.org,more", "another number of fields"),
    ],
)
def test_a_row_that_cannot_be_read_stops(row: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(KithError, match=told) as stop:
        read(tmp_path / "suppression.csv", "email,fine@x.org", row)
    assert "Nothing was exported" in str(stop.value)
    assert "secret-text" not in str(stop.value)


@pytest.mark.parametrize(
    "content", [b"", b"value\na@x.org\n", b"kind,value\nemail,\xff\xfe\n", b'kind,value\n"email,a']
)
def test_a_damaged_file_stops(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "suppression.csv"
    path.write_bytes(content)
    with pytest.raises(KithError, match="othing was exported"):
        read_suppression(path, None, {}, {})
