"""The one form of each value that a destination expects, and its SHA-256.

A value goes through two types: `Plain` is normalised text that nobody has hashed, `Hashed` is its digest.
`sha256` takes the one and gives the other, so that nothing can be hashed twice. Text that looks like a digest
is no `Plain`: it was hashed before it came here, and nobody knows how it had been written.

Sources of the rules: docs/exports.md.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ml.data.phones import country_code, e164

# SHA-256, SHA-1 and MD5, as they are written.
DIGITS = (64, 40, 32)
DIGEST = re.compile(r"[0-9a-fA-F]+")
SHA256 = re.compile(r"[0-9a-f]{64}")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
MAILBOX = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s.\x00-\x1f]+")
MANY_NAMES = 65_536  # names repeat: so many are normalised once
GMAIL = ("gmail.com", "googlemail.com")
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection), full-width signs too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class AlreadyHashed(ValueError):  # noqa: N818 - the name says what was found
    """A value that came in as a digest; it can be neither checked nor normalised."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Normalised text that has not been hashed."""

    text: str

    def __post_init__(self) -> None:
        """Refuse what is no text, and what has been hashed before.

        Raises:
            TypeError: not a text; a `Hashed`, say.
            AlreadyHashed: the text looks like a digest.
        """
        if not isinstance(self.text, str):
            raise TypeError(f"a plain value is a text, not {type(self.text).__name__}")
        if looks_hashed(self.text):
            raise AlreadyHashed("a value that looks like a digest is not hashed again")


@dataclass(frozen=True, slots=True)
class Hashed:
    """SHA-256 of a plain value: 64 hexadecimal digits in small letters."""

    digest: str

    def __post_init__(self) -> None:
        """Refuse what is no digest.

        Raises:
            ValueError: not 64 hexadecimal digits in small letters.
        """
        if not SHA256.fullmatch(self.digest):
            raise ValueError("a digest has 64 hexadecimal digits in small letters")


Normaliser = Callable[[str, str | None], str | None]
"""From a value and the brand's default country to the form of a destination; None when it cannot be used."""


def sha256(value: Plain) -> Hashed:
    """Hash a plain value.

    Raises:
        TypeError: anything else, a `Hashed` above all.
    """
    if not isinstance(value, Plain):
        raise TypeError(f"only a plain value is hashed, not {type(value).__name__}")
    return Hashed(hashlib.sha256(value.text.encode("utf-8")).hexdigest())


def looks_hashed(text: str) -> bool:
    """Tell whether a text is written like SHA-256, SHA-1 or MD5."""
    plain = text.strip()
    return len(plain) in DIGITS and DIGEST.fullmatch(plain) is not None


def email_lower(text: str, country: str | None = None) -> str | None:
    """Trimmed and in small letters; None when it is no mailbox."""
    found = text.strip().lower()
    return found if MAILBOX.fullmatch(found) else None


def email_gmail(text: str, country: str | None = None) -> str | None:
    """As `email_lower`; at gmail.com and googlemail.com without dots and plus part before the @."""
    found = email_lower(text)
    if found is None:
        return None
    mailbox, _, domain = found.partition("@")
    if domain not in GMAIL:
        return found
    mailbox = mailbox.split("+")[0].replace(".", "")
    return f"{mailbox}@{domain}" if mailbox else None


def email_without_plus(text: str, country: str | None = None) -> str | None:
    """As `email_lower`, without the plus part, wherever the mailbox is."""
    found = email_lower(text)
    if found is None:
        return None
    mailbox, _, domain = found.partition("@")
    mailbox = mailbox.split("+")[0]
    return f"{mailbox}@{domain}" if mailbox else None


def phone_plus(text: str, country: str | None = None) -> str | None:
    """E.164: plus sign, country code, number."""
    found = text.strip()
    return found if E164.fullmatch(found) else e164(found, country)


def phone_digits(text: str, country: str | None = None) -> str | None:
    """Country code and number, digits only."""
    found = phone_plus(text, country)
    return found and found.lstrip("+")


@lru_cache(maxsize=MANY_NAMES)
def name(text: str, country: str | None = None) -> str | None:
    """In small letters, without punctuation and spaces too many; letters of every script stay (UTF-8, NFC)."""
    plain = unicodedata.normalize("NFC", text).lower()
    return " ".join("".join(one for one in plain if not _is_punctuation(one)).split()) or None


def city(text: str, country: str | None = None) -> str | None:
    """As a name, without spaces."""
    found = name(text)
    return found and (found.replace(" ", "") or None)


def postcode(text: str, country: str | None = None) -> str | None:
    """As it is written, trimmed, capital letters."""
    return " ".join(text.upper().split()) or None


def postcode_joined(text: str, country: str | None = None) -> str | None:
    """In small letters without spaces and dashes; of `12345-6789` (United States) the first five digits."""
    plain = text.strip()
    if re.fullmatch(r"[0-9]{5}-[0-9]{4}", plain):
        plain = plain[:5]
    return re.sub(r"[\s\-]", "", plain).lower() or None


def country_upper(text: str, country: str | None = None) -> str | None:
    """ISO 3166-1, two capital letters."""
    return country_code(text)


def country_lower(text: str, country: str | None = None) -> str | None:
    """ISO 3166-1, two small letters."""
    found = country_code(text)
    return found and found.lower()


def mailbox_of_a_cell(text: str, country: str | None = None) -> str | None:
    """As `email_lower`; None when a spreadsheet would take the mailbox for a formula: it must not be altered."""
    found = email_lower(text)
    return None if found is None or found.startswith(FORMULA) else found


def as_written(text: str, country: str | None = None) -> str | None:
    """Trimmed."""
    return text.strip() or None


def defused(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what would begin one.

    A leading space does not protect: it is looked past. Nor do quotes: what separates cells or lines, in any
    country's spreadsheet, becomes a space or a comma, so that no second cell begins inside this one.
    """
    plain = " ".join(text.split()).replace(";", ",")
    return f"'{plain}" if plain.startswith(FORMULA) else plain


def email_forms(text: str) -> frozenset[str]:
    """Every form in which a destination may know a mailbox: whoever is suppressed in one is so in all."""
    forms = (email_lower(text), email_gmail(text), email_without_plus(text))
    return frozenset(form for form in forms if form)


def phone_forms(text: str, country: str | None) -> frozenset[str]:
    """Every form in which a destination may know a phone number."""
    forms = (phone_plus(text, country), phone_digits(text, country))
    return frozenset(form for form in forms if form)


def _is_punctuation(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "PS"
