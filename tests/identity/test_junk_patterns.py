"""The list of junk: what it must catch, and what somebody may own and must keep."""

from __future__ import annotations

import csv
import re

import duckdb
import pytest

from ml.home import DBT_PROJECT

SEED = DBT_PROJECT / "seeds" / "junk_identifiers.csv"
JUNK = {
    "email": [
        "test@test.com", "test12@mail.org", "noreply@example.com", "do-not-reply@shop.de", "none@none.com",
        "keinemail@web.de", "sin.correo@mail.es", "khongco@gmail.com", "asdf@asdf.com", "asdfgh@mail.org",
        "aaaa@mail.org", "xxx@mail.org", "somebody@example.org", "4711@deleted.invalid", "unbekannt@mail.de",
    ],
    "phone": [
        "+441111111111", "+44123456789", "+15555555555",
        "+4400000000", "+8411111111", "+491234567890", "+12345678901", "+49987654321",
    ],
    "card": [
        "0000", "00000000", "1111111", "12345678", "0123456789", "987654321", "TEST", "N/A",
        "4111111111111111", "----",
    ],
    "device": [
        "00000000-0000-0000-0000-000000000000", "9774d56d682e549c", "02:00:00:00:00:00", "ffffffff-ffff",
        "unknown",
    ],
    "cookie": ["undefined", "null", "[object Object]", "{{cookie_id}}", "deleted", "OPTOUT", "未知"],
    "openid": ["aaaa", "không có", "Unbekannt", "qwertz", "#REF!", "没有"],
    "name": ["first name last name", "Guest Customer", "no name"],
    "birth_date": ["1900-01-01", "1970-01-01", "0001-01-01", "1899-12-30", "1753-01-01", "9999-12-31", "2100-01-01"],
}  # fmt: skip
OWNED = {
    # Initials, first names, role mailboxes of small firms, numbers as names, words within words.
    "email": [
        "aaa@firm.dk", "jo@hp.com", "a@x.org", "nil@mail.org", "abc@firm.com", "info@bakery.de", "12345@qq.com",
        "testa@mail.it", "contest@mail.org", "latest@test-mail.org", "nonette@mail.fr", "anna@letters.example",
        "noah@gmail.com", "xavier@none-such.org", "no.reilly@mail.ie", "asd@mail.org", "anonymouse@mail.org",
    ],
    # Lucky numbers are dear in China and Vietnam, area codes begin as the digits do in Bedford and in Ohio.
    "phone": [
        "+8613888888888", "+84988888888", "+441234567123", "+12345678123",
        "+447700900123", "+491711111112", "+4930123456",
    ],
    "card": ["1", "111", "111111", "123456", "1234", "AB1234", "10000000", "00012", "4111111111111112"],
    "device": ["00000000-0000-0000-0000-000000000001", "02:00:00:00:00:01", "ab12"],
    "cookie": ["anna", "deleted-1", "5f3a"],
    "openid": ["bbb", "nonna", "test_anna", "王", "no", "qwen", "brak"],
    "name": ["Anna Guest", "First Bank", "Noname Nguyen"],
    "birth_date": ["1970-01-02", "1980-01-01", "2000-01-01", "1912-06-01", "1900-01-02", "2024-02-29"],
}  # fmt: skip


def patterns() -> list[dict[str, str]]:
    with SEED.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def meanings(id_type: str, value: str) -> list[str]:
    """What the list says of a value, as the macro junk_meaning reads it."""
    types = {id_type} if id_type == "birth_date" else {id_type, "*"}
    with duckdb.connect() as connection:
        return [
            row["meaning"]
            for row in patterns()
            if row["id_type"] in types
            and connection.execute(
                "select regexp_matches(lower($1), $2)", [value, row["pattern"]]
            ).fetchone()
            == (True,)
        ]


@pytest.mark.parametrize(("id_type", "value"), [(t, v) for t, vs in JUNK.items() for v in vs])
def test_junk_is_recognised(id_type: str, value: str) -> None:
    assert meanings(id_type, value)


@pytest.mark.parametrize(("id_type", "value"), [(t, v) for t, vs in OWNED.items() for v in vs])
def test_what_somebody_may_own_is_left_alone(id_type: str, value: str) -> None:
    assert meanings(id_type, value) == []


# Java, and so Spark, takes these within brackets for sets of sets; RE2, and so DuckDB, for the characters.
READ_AS_SETS = re.compile(r"(?<!\\)\[[^\]]*(\[|&&)")


@pytest.mark.parametrize("pattern", ["^[[]object", "[a-z&&[^b]]"])
def test_what_the_engines_read_differently_is_recognised(pattern: str) -> None:
    assert READ_AS_SETS.search(pattern)


def test_every_pattern_catches_one_of_the_examples_and_both_engines_read_it() -> None:
    caught = {(t, m) for t, values in JUNK.items() for value in values for m in meanings(t, value)}
    for row in patterns():
        types = JUNK if row["id_type"] == "*" else [row["id_type"]]
        assert any((one, row["meaning"]) in caught for one in types), row["meaning"]
        assert not READ_AS_SETS.search(row["pattern"]), row["meaning"]
