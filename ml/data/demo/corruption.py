"""How true contact data turns into what a form, a till or a marketplace recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.data.demo.names import NICKNAMES
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.people import NO_HOUSEHOLD, People

JUNK_EMAILS = ("test@test.com", "none@none.com", "noreply@example.com")
SHOP_PHONES = tuple(f"01632960{number}" for number in range(100, 112))
"""One of each shop: the clerk types it in where the form wants a number."""
JUNK_PHONES = ("0000000000", "1111111111", "0123456789")
JUNK_BIRTHDAY = "1900-01-01"
UNITED_KINGDOM = ("GB", "United Kingdom", "UK")


@dataclass(frozen=True)
class Habits:
    """What one island asks for, and how carelessly it is filled in."""

    asks: frozenset[str]
    errors: float
    in_latin: float
    """Share of people who write their name in Latin letters there."""


HABITS = {
    "web": Habits(frozenset({"name", "email", "phone", "address"}), 1.0, 0.6),
    "app": Habits(frozenset({"name", "email", "phone", "birth"}), 0.8, 0.4),
    "till": Habits(frozenset({"name", "phone"}), 2.5, 0.9),
    "loyalty": Habits(frozenset({"name", "email", "phone", "birth", "address"}), 0.6, 0.5),
    "marketplace": Habits(frozenset({"name", "phone", "address"}), 1.3, 0.7),
    "social": Habits(frozenset({"name", "email"}), 1.8, 0.3),
    "service": Habits(frozenset({"name", "email", "phone"}), 1.5, 0.8),
}


class Forms:
    """Fills in forms for people; one generator, so the order of calls is part of the seed."""

    def __init__(self, people: People, p: DemoParameters, rng: np.random.Generator):
        self.people, self.p, self.rng = people, p, rng

    def fill(self, source: str, who: np.ndarray) -> dict[str, list[str | None]]:
        """Contact columns of one record per person of ``who`` in that source."""
        habits = HABITS[source]
        draws = self.rng.random((len(who), 16))
        rows = [
            self._record(int(i), source, habits, draw.tolist())
            for i, draw in zip(who, draws, strict=True)
        ]
        return {
            name: [row.get(name) for row in rows]
            for name in (
                "name",
                "given_name",
                "family_name",
                "email",
                "phone",
                "birth_date",
                "gender",
                "street",
                "city",
                "postcode",
                "country",
            )
        }

    def _record(self, i: int, source: str, habits: Habits, u: list[float]) -> dict[str, str | None]:
        missing = self.p.missing_field
        record = self._name(i, source, habits, u)
        if "email" in habits.asks and u[5] > missing:
            record["email"] = self._email(i, habits, u[6], u[7])
        if "phone" in habits.asks and u[8] > 2 * missing:
            record["phone"] = self._phone(i, source, u[9], u[10])
        if "birth" in habits.asks and u[11] > missing:
            record["birth_date"] = self._birthday(i, habits, u[12])
            record["gender"] = "f" if self.people.is_woman[i] else "m"
        if "address" in habits.asks and u[13] > missing:
            people = self.people
            street = people.street[i]
            record["street"] = (
                street if u[14] > 0.2 else street.replace("Street", "St").replace("Road", "Rd")
            )
            record["city"], record["postcode"] = people.city[i], people.postcode[i]
            record["country"] = UNITED_KINGDOM[int(u[15] * 1.3) + int(u[15] > 0.95)]
        return record

    def _name(self, i: int, source: str, habits: Habits, u: list[float]) -> dict[str, str | None]:
        people, p = self.people, self.p
        latin = u[0] < habits.in_latin
        given = people.given_latin[i] if latin else people.given[i]
        family = people.family_latin[i] if latin else people.family[i]
        if u[1] < p.nickname * habits.errors:
            given = NICKNAMES.get(given, given)
        if u[2] < p.typo * habits.errors:
            family = misspell(family, u[2] / (p.typo * habits.errors))
        if u[3] < p.swapped_names:
            given, family = family, given
        if source == "till":
            return {"name": f"{given[0]}. {family}".upper() if u[4] < 0.4 else f"{given} {family}"}
        if source == "social":
            return {"name": given if u[4] < 0.5 else f"{given}_{family}".lower().replace(" ", "_")}
        if source == "marketplace":
            return {"name": f"{family} {given}" if u[4] < 0.3 else f"{given} {family}"}
        return {"given_name": given, "family_name": family}

    def _email(self, i: int, habits: Habits, u: float, v: float) -> str:
        people, p = self.people, self.p
        if u < p.junk_value * habits.errors:
            return JUNK_EMAILS[int(v * len(JUNK_EMAILS))]
        if people.lives_with[i] != NO_HOUSEHOLD and v < p.family_email:
            return people.family_email[i]
        email = people.second_email[i] if u > 1 - p.second_email else people.email[i]
        if v > 1 - p.typo * habits.errors / 2:
            local, host = email.split("@")
            return f"{misspell(local, (1 - v) * 10)}@{host}"
        return email.upper() if 0.48 < v < 0.52 else email

    def _phone(self, i: int, source: str, u: float, v: float) -> str:
        people, p = self.people, self.p
        if u < p.junk_value:
            return JUNK_PHONES[int(v * len(JUNK_PHONES))]
        if source == "till" and u < p.junk_value + p.shop_phone:
            return SHOP_PHONES[int(v * len(SHOP_PHONES))]
        number = people.mobile[i]
        if u > 1 - p.typo / 2:
            number = number[:-2] + number[-1] + number[-2]
        if v < p.country_code:
            return f"+44{number}" if v < p.country_code / 2 else f"+44 {number[:4]} {number[4:]}"
        return f"0{number}" if v < 0.8 else f"0{number[:4]} {number[4:7]} {number[7:]}"

    def _birthday(self, i: int, habits: Habits, u: float) -> str:
        born = str(self.people.birth_date[i])
        if u < self.p.junk_value * habits.errors:
            return JUNK_BIRTHDAY
        year, month, day = born.split("-")
        if u > 1 - self.p.typo / 2 and int(day) <= 12:
            return f"{year}-{day}-{month}"
        return born


def misspell(word: str, u: float) -> str:
    """One slip of the finger: two letters swapped, one dropped, or one doubled."""
    if len(word) < 3:
        return word
    kind, at = divmod(int(u * 3 * (len(word) - 2)) % (3 * (len(word) - 2)), len(word) - 2)
    at += 1
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]
