"""Names as people write them, in any script and order, and the plain form in which they can be compared.

A name becomes Latin letters in lower case without accents, hyphens or titles. Which of its parts is the
family's is taken from the columns that say so; a name in one column is cut at the comma, before its last
word, or, in scripts that write the family first without a space, after its first character. Comparisons
still look at both orders, since forms and clerks swap them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache

from anyascii import anyascii
from nicknames import NickNamer

from ml.home import SEEDS

# Han and Hangul, in which a name of two to four characters is written without a space.
_UNSPACED = re.compile(r"^[\u3400-\u9fff\uac00-\ud7af]{2,4}$")
_APOSTROPHES = re.compile(r"['’`´ʼ]")
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class NameForm:
    """A name that can be compared; every part is null where it is not known."""

    given: str | None
    family: str | None
    full: str | None
    """All words in alphabetical order, so that their order does not matter; null for less than two words."""
    variants: list[str]
    """The first given name and the names it may be short for."""
    other_variants: list[str]
    """The same of the last word, where that may be the given name as well."""


def name_form(name: str | None, given: str | None, family: str | None) -> NameForm:
    """Bring a name to its plain form; `given` and `family` win over `name` where they are known."""
    given_words, family_words = _words(given), _words(family)
    is_ordered = bool(given_words or family_words)
    if name and not (given_words and family_words):
        rest = [word for word in _words(name) if word not in {*given_words, *family_words}]
        if given_words:
            family_words = rest
        elif family_words:
            given_words = rest
        else:
            given_words, family_words = _cut(name)
    whole = sorted({word for word in given_words + family_words if len(word) > 1})
    return NameForm(
        " ".join(given_words) or None,
        " ".join(family_words) or None,
        " ".join(whole) if len(whole) > 1 else None,
        _variants(given_words[:1]),
        _variants([] if is_ordered else family_words[-1:]),
    )


def _cut(name: str) -> tuple[list[str], list[str]]:
    """Given and family words of a name that stands in one column."""
    plain = name.strip()
    if _UNSPACED.match(plain):
        if plain[0] in _listed("family_name_characters"):
            return _words(plain[1:]), _words(plain[0])
        return _words(plain), []
    if "," in plain:
        family, given = plain.split(",", 1)
        if _words(family) and _words(given):
            return _words(given), _words(family)
    words = _words(plain)
    return (words[:-1], words[-1:]) if len(words) > 1 else (words, [])


def _words(text: str | None) -> list[str]:
    """The words of a text in plain letters, without titles unless there is nothing else."""
    if not text:
        return []
    latin = text if text.isascii() else anyascii(text)
    words = _WORD.findall(_APOSTROPHES.sub("", latin).lower())
    return [word for word in words if word not in _listed("name_titles")] or words


@cache
def _listed(seed: str) -> frozenset[str]:
    """The first column of a seed."""
    with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as rows:
        return frozenset(row[0] for row in list(csv.reader(rows))[1:])


@cache
def _namer() -> NickNamer:
    return NickNamer()


def _variants(words: list[str]) -> list[str]:
    return sorted({name for word in words for name in {word, *_namer().canonicals_of(word)}})
