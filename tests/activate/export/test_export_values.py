"""What a value becomes on its way out: the destinations' own examples, and what may never happen."""

from __future__ import annotations

import csv
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.activate.export import normalise as n
from ml.activate.export.destinations import DESTINATIONS
from ml.activate.export.facts import Person, Terms
from ml.activate.export.files import csv_bytes
from ml.activate.export.gate import row_of
from ml.activate.export.normalise import AlreadyHashed, Hashed, Plain, sha256
from tests.activate.export.worlds import DAY

MAILBOX, PHONE = "Jane.Doe+Shopping@googlemail.com", "+1 (800) 555-0101"
TEXTS = {
    "email": f"  {MAILBOX} ",
    "phone": PHONE,
    "given_name": " Zoë-Anne  ",
    "family_name": "O'Neil Pérez",
    "city": "New York",
    "postcode": "12345-6789",
    "country": "United States",
}


def hex_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def delivered(destination: str, texts: dict[str, str] = TEXTS) -> dict[str, str]:
    spec = DESTINATIONS[destination]
    row = row_of(Person("c-1", texts), "", Terms("list", DAY, "ads", ()), spec, None)
    return dict(zip(spec.header, row, strict=True))


@pytest.mark.parametrize(
    ("destination", "column", "expected"),
    [
        ("google", "Email", "338abf9ef1c8793cadc7bcf51ed595338eb727ed9e06ce3d91d566d60b975937"),
        ("meta", "email", "94789d76aaea8cb4994c57747868a4809bd7da6b6d677c5a2f54bfc9296783a1"),
        ("google", "Phone", "61d6c2976b5d92b1ad63073a12fddd26040cd980067d03a93dd1cc50f1a3ac68"),
        ("meta", "phone", "cc4160cbb01658fcff52a57f3403e0e9c7a4735cff1574df41ee3f3036697468"),
        # Meta's own example of a country.
        ("meta", "country", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
    ],
)
def test_the_destinations_own_examples(destination: str, column: str, expected: str) -> None:
    assert delivered(destination)[column] == expected


def test_each_field_in_the_form_of_its_destination() -> None:
    assert delivered("google") == {
        "Email": hex_of("janedoe@googlemail.com"),
        "Phone": hex_of("+18005550101"),
        "First Name": hex_of("zoëanne"),
        "Last Name": hex_of("oneil pérez"),
        "Country": "US",
        "Zip": "12345-6789",
    }
    assert delivered("meta") == {
        "email": hex_of("jane.doe+shopping@googlemail.com"),
        "phone": hex_of("18005550101"),
        "madid": "",
        "fn": hex_of("zoëanne"),
        "ln": hex_of("oneil pérez"),
        "zip": hex_of("12345"),
        "ct": hex_of("newyork"),
        "st": "",
        "country": hex_of("us"),
    }
    assert delivered("tiktok") == {
        "Email_SHA256": hex_of("jane.doe@googlemail.com"),
        "Phone_SHA256": hex_of("18005550101"),
    }
    assert delivered("email")["email"] == MAILBOX.lower()
    assert delivered("parquet")["email_sha256"] == hex_of(MAILBOX.lower())


def test_headers_are_the_destinations() -> None:
    headers = {key: ",".join(one.header) for key, one in DESTINATIONS.items()}
    assert headers["google"] == "Email,Phone,First Name,Last Name,Country,Zip"
    assert headers["meta"] == "email,phone,madid,fn,ln,zip,ct,st,country"
    hashed = {f.column for f in DESTINATIONS["meta"].fields if f.hashed}
    assert hashed == set(DESTINATIONS["meta"].header) - {"madid"}
    assert {f.column for f in DESTINATIONS["google"].fields if not f.hashed} == {"Country", "Zip"}


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (n.email_gmail, "A.B+c@Example.org", "a.b+c@example.org"),
        (n.email_gmail, "...+x@gmail.com", None),
        (n.email_gmail, "not a mailbox", None),
        (n.email_lower, "two@signs@x.org", None),
        (n.email_without_plus, "a+b+c@x.org", "a@x.org"),
        (n.phone_plus, "020 7183 8750", "+442071838750"),
        (n.phone_plus, "0044 20 7183 8750", "+442071838750"),
        (n.phone_digits, "+44 20 7183 8750", "442071838750"),
        (n.phone_plus, "12", None),
        (n.postcode_joined, "M1 1AE", "m11ae"),
        (n.postcode, " m1  1ae ", "M1 1AE"),
        (n.country_upper, "uk", "GB"),
        (n.country_lower, "Vereinigtes Königreich", "gb"),
        (n.country_lower, "Atlantis", None),
        (n.name, "Nguyễn  Thị-Minh ", "nguyễn thịminh"),
        (n.name, "...", None),
        (n.mailbox_of_a_cell, "=cmd@x.org", None),
    ],
)
def test_forms(form: n.Normaliser, text: str, expected: str | None) -> None:
    assert form(text, "GB") == expected


def test_nothing_is_hashed_twice() -> None:
    once = sha256(Plain("anna@x.org"))
    with pytest.raises(TypeError):
        sha256(once)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Plain(once)  # type: ignore[arg-type]
    with pytest.raises(AlreadyHashed):
        Plain(once.digest)
    with pytest.raises(ValueError, match="small letters"):
        Hashed(once.digest.upper())


@given(st.sampled_from([32, 40, 64]), st.data())
def test_what_came_in_hashed_is_refused_everywhere(length: int, data: st.DataObject) -> None:
    digits = data.draw(st.text("0123456789abcdef", min_size=length, max_size=length))
    digest = data.draw(st.sampled_from([digits, digits.upper(), f" {digits} "]))
    with pytest.raises(AlreadyHashed):
        Plain(digest)
    texts = dict.fromkeys(TEXTS, digest)
    for key in DESTINATIONS:
        row = delivered(key, texts)
        assert {row[name] for name in row if name not in ("customer_id", "audience", "reason")} == {
            ""
        }


@given(st.dictionaries(st.sampled_from(sorted(TEXTS)), st.text(max_size=20)))
def test_whatever_is_known_a_hashed_field_is_a_hash_or_empty(texts: dict[str, str]) -> None:
    for key, spec in DESTINATIONS.items():
        row = delivered(key, texts)
        for field in spec.fields:
            if field.hashed and row[field.column]:
                assert n.SHA256.fullmatch(row[field.column])


@given(st.dictionaries(st.sampled_from(sorted(TEXTS)), st.text("=+-@\t\r\n＝ aé'\",;", max_size=6)))
def test_no_cell_of_a_csv_begins_a_formula(texts: dict[str, str]) -> None:
    texts = {**texts, "email": "+a@x.org", "phone": PHONE}
    for key, spec in DESTINATIONS.items():
        if spec.suffix != "csv":
            continue
        written = csv_bytes(spec.header, [tuple(delivered(key, texts).values())]).decode()
        ((_, *rows)) = list(csv.reader(io.StringIO(written, newline="")))
        assert len(rows) == 1
        for cell in rows[0]:
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))


def test_a_mailbox_is_never_altered_to_defuse_it() -> None:
    """An apostrophe before it would be another mailbox: the person cannot be met there instead."""
    assert delivered("email", {"email": "+anna@x.org"})["email"] == ""
    assert (
        delivered("email", {"email": "anna@x.org", "given_name": "=1+1"})["given_name"] == "'=1+1"
    )
