"""Who the people truly are: names, addresses, e-mails, phones, birthdays, households."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.data.demo.names import CITIES, CULTURES, MAIL_HOSTS, STREETS
from ml.data.demo.parameters import DemoParameters

NO_HOUSEHOLD = -1


@dataclass(frozen=True)
class People:
    """True contact data, one list entry or array element per person."""

    given: list[str]
    family: list[str]
    given_latin: list[str]
    family_latin: list[str]
    is_woman: npt.NDArray[np.bool_]
    birth_date: npt.NDArray[np.datetime64]
    email: list[str]
    second_email: list[str]
    family_email: list[str]
    mobile: list[str]
    street: list[str]
    city: list[str]
    postcode: list[str]
    lives_with: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.given)


def draw_people(count: int, year: int, p: DemoParameters, rng: np.random.Generator) -> People:
    """Draw ``count`` people; ``year`` is the one in which the history ends."""
    culture = rng.choice(len(CULTURES), count, p=[c.share for c in CULTURES])
    is_woman = rng.random(count) < 0.54
    given, family = _names(culture, is_woman, rng)
    lives_with = _households(count, p, rng)
    leaders = np.where(lives_with == NO_HOUSEHOLD, np.arange(count), lives_with)
    family = [family[leader] for leader in leaders]
    birth = np.array([f"{year - 16}-01-01"], dtype="datetime64[D]") - (
        rng.gamma(4.0, 6.5, count) * 365
    ).astype(int).astype("timedelta64[D]")
    streets, cities, postcodes = _addresses(count, rng)
    numbers = rng.permutation(count)
    style, host = rng.integers(0, 4, count), rng.integers(0, len(MAIL_HOSTS), count)
    emails = [
        _address(g[1], f[1], int(s), int(n), MAIL_HOSTS[h], int(b) % 100)
        for g, f, s, n, h, b in zip(
            given,
            family,
            style,
            numbers,
            host,
            birth.astype("datetime64[Y]").astype(int) + 1970,
            strict=True,
        )
    ]
    return People(
        given=[g[0] for g in given],
        family=[f[0] for f in family],
        given_latin=[g[1] for g in given],
        family_latin=[f[1] for f in family],
        is_woman=is_woman,
        birth_date=birth,
        email=_unique(emails),
        second_email=[
            f"{_letters(f[1])}{n}@work.example" for f, n in zip(family, numbers, strict=True)
        ],
        family_email=[
            f"family.{_letters(family[leader][1])}{numbers[leader]}@home.example"
            for leader in leaders
        ],
        # A multiplier prime to the range spreads the numbers without repeating one.
        mobile=[f"7{4 + n % 2}{(int(n) * 7_368_787 + 12_345) % 10**8:08d}" for n in numbers],
        street=[streets[leader] for leader in leaders],
        city=[cities[leader] for leader in leaders],
        postcode=[postcodes[leader] for leader in leaders],
        lives_with=lives_with,
    )


def _names(
    culture: npt.NDArray[np.int64], is_woman: npt.NDArray[np.bool_], rng: np.random.Generator
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    # Low numbers are the frequent names: squaring a uniform gives a mild Zipf.
    one, two = rng.random(len(culture)) ** 1.5, rng.random(len(culture)) ** 1.5
    given, family = [], []
    for c, woman, a, b in zip(culture, is_woman, one, two, strict=True):
        pool = CULTURES[c].women if woman else CULTURES[c].men
        given.append(pool[int(a * len(pool))])
        family.append(CULTURES[c].families[int(b * len(CULTURES[c].families))])
    return given, family


def _households(count: int, p: DemoParameters, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """For some people the number of the person whose home, name and family e-mail they share."""
    lives_with = np.full(count, NO_HOUSEHOLD)
    order = rng.permutation(count)
    pairs = int(count * p.household_share / 2)
    lives_with[order[pairs : 2 * pairs]] = order[:pairs]
    lives_with[order[:pairs]] = order[:pairs]
    return lives_with


def _addresses(count: int, rng: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    house, street = rng.integers(1, 180, count), rng.integers(0, len(STREETS), count)
    city = rng.integers(0, len(CITIES), count)
    outward, inward = rng.integers(1, 30, count), rng.integers(1, 10, count)
    letters = rng.integers(0, 20, (count, 2))
    alphabet = "ABDEFGHJLNPQRSTUWXYZ"
    return (
        [f"{h} {STREETS[s]}" for h, s in zip(house, street, strict=True)],
        [CITIES[c][0] for c in city],
        [
            f"{CITIES[c][1]}{o} {i}{alphabet[x]}{alphabet[y]}"
            for c, o, i, (x, y) in zip(city, outward, inward, letters, strict=True)
        ],
    )


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())


def _address(given: str, family: str, style: int, number: int, host: str, year: int) -> str:
    first, last = _letters(given), _letters(family)
    local = (
        f"{first}.{last}",
        f"{first[0]}{last}{year:02d}",
        f"{last}.{first}{year:02d}",
        f"{first}{number}",
    )[style]
    return f"{local}@{host}"


def _unique(emails: list[str]) -> list[str]:
    """Give later holders of a taken address a number, as mail hosts do."""
    seen: dict[str, int] = {}
    result = []
    for email in emails:
        seen[email] = seen.get(email, 0) + 1
        if seen[email] > 1:
            local, host = email.split("@")
            email = f"{local}.{seen[email]}@{host}"
        result.append(email)
    return result
