"""What is compared when two profile states meet: a Splink model of names, birth date, address, contacts.

Each comparison sorts a pair into one level, from the strongest agreement to plain disagreement. A level
bears a probability among pairs of one person (m) and among strangers (u); log2(m / u) is its match weight
in bits. The m of `PRIOR_M` hold where a brand has too few pairs to learn them from; they say what is known
of such forms in general: how often people are named alike, mistyped, or have moved.

Levels are written in DuckDB's SQL; `ml.matching.on_spark` says the same for Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Probabilities: TypeAlias = Mapping[str, list[float]]

COMPARISONS = ("name", "birth", "address", "email", "phone")
TERMS = {
    "full_name": ("name", "same full name"),
    "given": ("name", "same given, other family"),
    "family": ("name", "same family, other given"),
    "birth_date": ("birth", "same"),
    "postcode": ("address", "same postcode"),
    "city": ("address", "same city"),
    "email": ("email", "same"),
}
"""Columns whose values say the more, the rarer they are; and the level of strangers who agree in the column alone."""


@dataclass(frozen=True)
class Level:
    """One level: its SQL, what it is called, m where nothing is learned, and the term whose rarity counts."""

    label: str
    sql: str
    prior_m: float
    prior_u: float
    term: str | None = None


def _alike(left: str, right: str, similarity: float) -> str:
    return f"jaro_winkler_similarity({left}, {right}) >= {similarity}"


def _same_given(left: str, right: str, left_variants: str, right_variants: str) -> str:
    return f"({left} = {right} or list_has_any({left_variants}, {right_variants}) or {_alike(left, right, 0.88)})"


def _one_slip(left: str, right: str, end: int) -> str:
    """One character wrong, missing, added, or two neighbours swapped.

    A slip spares the last characters, or all before them and the one beside them. That is seen faster than a distance,
    which costs the product of the lengths.
    """
    start = f"greatest(length({left}) - {end + 2}, 0)"
    return (
        f"(right({left}, {end}) = right({right}, {end}) or left({left}, {start}) = left({right}, {start})) "
        f"and damerau_levenshtein({left}, {right}) <= 1"
    )


_GIVEN = _same_given("given_l", "given_r", "variants_l", "variants_r")
_IS_INITIAL = "(length(given_l) = 1 or length(given_r) = 1)"
_INITIAL = f"({_IS_INITIAL} and substr(given_l, 1, 1) = substr(given_r, 1, 1))"
_SWAPPED_INITIAL = (
    "((length(family_l) = 1 and substr(given_r, 1, 1) = family_l and given_l = family_r) "
    "or (length(family_r) = 1 and substr(given_l, 1, 1) = family_r and given_r = family_l))"
)
_SWAPPED = (
    f"({_alike('given_l', 'family_r', 0.85)} "
    f"and {_same_given('family_l', 'given_r', 'other_variants_l', 'variants_r')}) "
    f"or ({_alike('family_l', 'given_r', 0.85)} "
    f"and {_same_given('given_l', 'family_r', 'variants_l', 'other_variants_r')})"
)
_ONE_WORD = "(family_l is null or family_r is null)"
_WORDS_L, _WORDS_R = "string_split(full_name_l, ' ')", "string_split(full_name_r, ' ')"

NAME = (
    Level("unknown", "given_l is null or given_r is null", 0, 0),
    Level("same full name", "full_name_l = full_name_r", 0.6, 6e-05, "full_name"),
    Level("same family, given alike", f"family_l = family_r and {_GIVEN}", 0.08, 0.0004, "family"),
    Level(
        "same family, same initial",
        f"(family_l = family_r and {_INITIAL}) or {_SWAPPED_INITIAL}",
        0.04,
        3e-05,
        "family",
    ),
    Level(
        "family alike, given agrees",
        f"{_alike('family_l', 'family_r', 0.85)} and ({_GIVEN} or {_INITIAL})",
        0.08,
        0.0002,
        "given",
    ),
    Level("alike when swapped", _SWAPPED, 0.02, 1e-4),
    Level(
        "one is part of the other",
        f"list_has_all({_WORDS_L}, {_WORDS_R}) or list_has_all({_WORDS_R}, {_WORDS_L})",
        0.02,
        1e-4,
    ),
    Level(
        "family is the only name",
        f"{_ONE_WORD} and (family_l = given_r or given_l = family_r)",
        0.02,
        1e-4,
        "family",
    ),
    Level(
        "same family, other initial",
        f"family_l = family_r and {_IS_INITIAL}",
        0.005,
        2e-4,
        "family",
    ),
    Level("same family, other given", "family_l = family_r", 0.01, 0.002, "family"),
    Level(
        "given is the only name, same", f"given_l = given_r and {_ONE_WORD}", 0.04, 0.0008, "given"
    ),
    Level("same given, other family", "given_l = given_r", 0.02, 0.006, "given"),
    Level("given is the only name, alike", f"{_GIVEN} and {_ONE_WORD}", 0.01, 0.0005),
    Level("only name differs", _ONE_WORD, 0.005, 0.1),
    Level("differ", "else", 0.015, 0.89),
)

DIFFERENT_NAMES = ("same family, other given", "only name differs", "differ")
"""Levels of names that are another person's, or one person's now and then."""

_ISO_L, _ISO_R = "cast(birth_date_l as varchar)", "cast(birth_date_r as varchar)"
BIRTH = (
    Level("unknown", "birth_date_l is null or birth_date_r is null", 0, 0),
    Level("same", "birth_date_l = birth_date_r", 0.9, 0.0001, "birth_date"),
    Level(
        "day and month swapped",
        "year(birth_date_l) = year(birth_date_r) and month(birth_date_l) = day(birth_date_r) "
        "and day(birth_date_l) = month(birth_date_r)",
        0.01,
        2e-05,
    ),
    Level("one slip", f"damerau_levenshtein({_ISO_L}, {_ISO_R}) <= 1", 0.05, 0.002),
    Level("same year", "year(birth_date_l) = year(birth_date_r)", 0.01, 0.02),
    Level(
        "same day of another year",
        "month(birth_date_l) = month(birth_date_r) and day(birth_date_l) = day(birth_date_r) "
        "and not (month(birth_date_l) = 1 and day(birth_date_l) = 1)",
        0.01,
        0.002,
    ),
    Level("differ", "else", 0.02, 0.975),
)

ADDRESS = (
    Level(
        "unknown",
        "(postcode_l is null or postcode_r is null) and (city_l is null or city_r is null) "
        "and (street_l is null or street_r is null)",
        0,
        0,
    ),
    Level(
        "same street and postcode",
        f"postcode_l = postcode_r and {_alike('street_l', 'street_r', 0.9)}",
        0.35,
        3e-05,
    ),
    Level("same postcode", "postcode_l = postcode_r", 0.25, 0.0001, "postcode"),
    Level("postcode with one slip", _one_slip("postcode_l", "postcode_r", 2), 0.05, 0.0001),
    Level(
        "same city and street alike",
        f"city_l = city_r and {_alike('street_l', 'street_r', 0.9)}",
        0.05,
        0.002,
    ),
    Level("same city", "city_l = city_r", 0.15, 0.05, "city"),
    Level("cities alike", f"{_alike('city_l', 'city_r', 0.9)}", 0.03, 0.001),
    Level("elsewhere", "else", 0.12, 0.946),
)

_LOCAL_L, _LOCAL_R = "split_part(email_l, '@', 1)", "split_part(email_r, '@', 1)"
_DIGITS_L = "regexp_replace(email_l, '[^0-9]', '', 'g')"
_DIGITS_R = "regexp_replace(email_r, '[^0-9]', '', 'g')"
# Addresses are made of names, and people of one name differ by the digits or the host: a slip leaves both alone.
# The cheap similarity comes first: distances cost the product of the lengths.
_SLIPPED = (
    "jaro_similarity(email_l, email_r) >= 0.9 and split_part(email_l, '@', 2) = split_part(email_r, '@', 2) "
    f"and length({_DIGITS_L}) >= 2 and {_DIGITS_L} = {_DIGITS_R} and "
)
EMAIL = (
    Level("unknown", "email_l is null or email_r is null", 0, 0),
    Level("same", "email_l = email_r", 0.6, 2e-05, "email"),
    Level("one slip", f"{_SLIPPED} damerau_levenshtein({_LOCAL_L}, {_LOCAL_R}) <= 1", 0.04, 3e-06),
    Level("two slips", f"{_SLIPPED} levenshtein({_LOCAL_L}, {_LOCAL_R}) <= 2", 0.01, 3e-06),
    Level(
        "same mailbox at another host",
        f"{_LOCAL_L} = {_LOCAL_R} and length({_DIGITS_L}) >= 3",
        0.02,
        3e-06,
    ),
    Level("differ", "else", 0.33, 0.99996),
)

PHONE = (
    Level("unknown", "phone_l is null or phone_r is null", 0, 0),
    Level("same", "phone_l = phone_r", 0.7, 2e-05),
    Level("one slip", _one_slip("phone_l", "phone_r", 4), 0.03, 3e-06),
    Level("differ", "else", 0.27, 0.99997),
)

LEVELS = dict(zip(COMPARISONS, (NAME, BIRTH, ADDRESS, EMAIL, PHONE), strict=True))


def splink_level(comparison: str, label: str) -> int:
    """The number that Splink gives a level: 0 for the last, and upwards from there."""
    labels = [level.label for level in LEVELS[comparison]]
    return len(labels) - 1 - labels.index(label)


def rarity(term: str) -> str:
    """The column that holds how common a state's value of a term is."""
    return f"share_of_{term}"
