"""The suppression list: mailboxes, numbers and people who are not to be contacted, whatever else is known."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml.activate.export.normalise import (
    Plain,
    email_forms,
    looks_hashed,
    phone_forms,
    sha256,
)
from ml.errors import KithError

KINDS = ("email", "phone", "customer_id", "source_key")
COLUMNS = ("kind", "value")
SHA256_DIGITS = 64


@dataclass(frozen=True)
class Suppression:
    """The list, ready to be asked. `digests` are SHA-256 of mailboxes and numbers, in any form a destination uses."""

    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    customer_ids: frozenset[str] = frozenset()

    def holds(self, customer_id: str, texts: Mapping[str, str], country: str | None) -> bool:
        """Is a person on the list: by id, or by a mailbox or number in any of its forms?"""
        if customer_id in self.customer_ids:
            return True
        if not (self.emails or self.phones or self.digests):
            return False
        emails = email_forms(texts.get("email", ""))
        phones = phone_forms(texts.get("phone", ""), country)
        if emails & self.emails or phones & self.phones:
            return True
        return bool(self.digests) and any(
            sha256(Plain(form)).digest in self.digests for form in emails | phones
        )


def read_suppression(
    path: Path,
    country: str | None,
    customers_of: Mapping[tuple[str, str], str],
    surviving: Mapping[str, str],
) -> Suppression:
    """Read the list; no file means that nobody is on it.

    Args:
        path: CSV with the columns kind and value. Mailboxes and numbers plain or as SHA-256, a source_key
            as SOURCE:KEY.
        country: of phone numbers without a country code.
        customers_of: customer_id by (source, source_key).
        surviving: the id that a retired one belongs to now.

    Raises:
        KithError: the file is there and damaged; the message names the row and never the value.
    """
    found: dict[str, set[str]] = {
        "email": set(),
        "phone": set(),
        "digest": set(),
        "customer_id": set(),
    }
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for number, kind, value in _rows(path, csv.DictReader(lines, strict=True)):
                _add(found, path, number, kind, value, country, customers_of)
    except FileNotFoundError:
        return Suppression()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise KithError(
            f"The suppression list {path} cannot be read ({type(error).__name__}). Without it people who asked for "
            "silence would be written to, so nothing was exported. Make it a CSV file in UTF-8 with the columns "
            "kind,value."
        ) from error
    return Suppression(
        frozenset(found["email"]),
        frozenset(found["phone"]),
        frozenset(found["digest"]),
        frozenset(surviving.get(one, one) for one in found["customer_id"]),
    )


def _rows(path: Path, reader: csv.DictReader[str]) -> Iterator[tuple[int, str, str]]:
    header = [name.strip() for name in reader.fieldnames or []]
    if missing := [name for name in COLUMNS if name not in header]:
        raise KithError(
            f"The suppression list {path} lacks the column {', '.join(missing)}; it needs kind,value. Nothing was "
            "exported."
        )
    reader.fieldnames = header
    for number, row in enumerate(reader, start=1):
        if None in row or None in row.values():
            raise _damaged(path, number, "it has another number of fields than the header")
        yield number, row["kind"].strip().lower(), row["value"].strip()


def _add(
    found: dict[str, set[str]],
    path: Path,
    number: int,
    kind: str,
    value: str,
    country: str | None,
    customers_of: Mapping[tuple[str, str], str],
) -> None:
    if kind not in KINDS:
        raise _damaged(path, number, f"its kind is none of {', '.join(KINDS)}")
    if not value:
        raise _damaged(path, number, "its value is empty")
    if kind == "customer_id":
        found["customer_id"].add(value)
    elif kind == "source_key":
        source, colon, key = value.partition(":")
        if not (source and colon and key):
            raise _damaged(path, number, "its value is not written SOURCE:KEY")
        # A record that nobody knows yet, or any more, is in no list either.
        if customer := customers_of.get((source, key)):
            found["customer_id"].add(customer)
    elif looks_hashed(value):
        if len(value) != SHA256_DIGITS:
            raise _damaged(path, number, "its value is a digest, but not one of SHA-256")
        found["digest"].add(value.lower())
    else:
        forms = email_forms(value) if kind == "email" else phone_forms(value, country)
        if not forms:
            raise _damaged(path, number, f"its value is no {kind} that can be read")
        found[kind] |= forms


def _damaged(path: Path, number: int, fault: str) -> KithError:
    return KithError(
        f"The suppression list {path}, row {number} (the header not counted): {fault}. Nothing was exported, because "
        "a row that cannot be read may be somebody who asked for silence. Correct the row and run again."
    )
