"""The islands' records of people: profiles, identifiers and links."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.data.demo.corruption import Forms
from ml.data.demo.history import NOBODY, History
from ml.data.demo.instants import DAY, Clock
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.people import NO_HOUSEHOLD, People
from ml.data.demo.traits import CONSENT_SOURCES, SHOPS, SOURCES, Traits

Ints = npt.NDArray[np.int64]
KEY_PREFIX = {
    "web": "W",
    "app": "A",
    "till": "T",
    "loyalty": "L",
    "marketplace": "M",
    "social": "S",
    "service": "C",
}


@dataclass(frozen=True)
class Records:
    """Who has a record where: keys by person and source, and since when (seconds; far if never)."""

    keys: dict[str, npt.NDArray[np.object_]]
    since: dict[str, Ints]
    clock: Clock

    def key(self, source: str, people: Ints) -> npt.NDArray[np.object_]:
        """Keys of these people in that source."""
        return self.keys[source][people]

    def holders(self, source: str) -> Ints:
        """People with a profile in that source before the end."""
        return np.flatnonzero(self.since[source] < self.clock.end_second)


def open_records(
    traits: Traits, history: History, clock: Clock, rng: np.random.Generator
) -> Records:
    """Give each person keys, and each record the instant the brand first had it."""
    count = len(traits.wishes)
    never = clock.end_second + DAY
    joined = history.state.joined * DAY
    keys, since = {}, {}
    main_shop = np.array([SOURCES.index(shop) for shop in SHOPS])[
        traits.shop_weights.argmax(axis=1)
    ]
    # A message needs a consent, and a consent a record: the one it is sent from opens first.
    asking = [SOURCES.index(source) for source in CONSENT_SOURCES]
    main_consent = np.array(asking)[traits.member[:, asking].argmax(axis=1)]
    # Who is brought joins where the share came in.
    came_in = np.where(history.brought_by == NOBODY, NOBODY, traits.brings_in(history.brought_by))
    for column, source in enumerate(SOURCES):
        numbers = rng.permutation(count)
        keys[source] = np.array([f"{KEY_PREFIX[source]}{n:06d}" for n in numbers], dtype=object)
        at_once = (rng.random(count) < 0.55) | (main_shop == column) | (main_consent == column)
        at_once |= came_in == column
        later = (rng.exponential(150, count) * DAY).astype(np.int64)
        opened = joined + rng.integers(8 * 3600, 22 * 3600, count) + np.where(at_once, 0, later)
        since[source] = np.where(traits.member[:, column], opened, never)
    return Records(keys, since, clock)


def profile_rows(
    records: Records,
    source: str,
    forms: Forms,
    traits: Traits,
    p: DemoParameters,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Profiles of one source: one row per record, a second one for those who move."""
    who = records.holders(source)
    frame = pd.DataFrame(forms.fill(source, who), dtype=object)
    frame.insert(0, "source_key", records.key(source, who))
    known = records.since[source][who]
    is_staff = traits.is_staff[who] & (source in ("till", "loyalty"))
    is_partner = traits.is_partner[who] & (source in ("app", "social"))
    frame["role"] = [
        "staff" if staff else "partner" if partner else None
        for staff, partner in zip(is_staff, is_partner, strict=True)
    ]
    frame["registered_at"] = known
    # The form filled in again: other slips, or a moved person's same data.
    again = np.flatnonzero(rng.random(len(who)) < p.changed_profile)
    second = pd.DataFrame(forms.fill(source, who[again]), dtype=object)
    for column in ("source_key", "role", "registered_at"):
        second[column] = frame[column].to_numpy()[again]
    new_home = forms.people.postcode
    second["postcode"] = [
        new_home[(i * 31 + 7) % len(new_home)] if home else None
        for i, home in zip(who[again], second["postcode"], strict=True)
    ]
    frame["known_at"] = known
    second["known_at"] = known[again] + rng.integers(5 * DAY, 500 * DAY, len(again))
    both = pd.concat([frame, second], ignore_index=True)
    both = both[both["known_at"] < records.clock.end_second]
    return both.sort_values(["known_at", "source_key"], kind="stable", ignore_index=True)


def identifier_rows(
    records: Records,
    people: People,
    p: DemoParameters,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Cards, members' numbers, devices, cookies and openids, some held in two islands."""
    parts = []

    def add(source: str, who: Ints, id_type: str, values: npt.NDArray[np.object_]) -> None:
        known = records.since[source][who] + rng.integers(0, 20 * DAY, len(who))
        parts.append(
            pd.DataFrame(
                {
                    "source": source,
                    "source_key": records.key(source, who),
                    "id_type": id_type,
                    "id_value": values[who],
                    "known_at": known,
                }
            )
        )

    count = len(people)
    lives_with = np.where(people.lives_with == NO_HOUSEHOLD, np.arange(count), people.lives_with)
    numbers = {kind: rng.permutation(count) for kind in ("card", "device", "cookie", "openid")}
    named = {
        kind: np.array([f"{kind[:3]}-{n:08x}" for n in values * 2_654_435 + 99_991], dtype=object)
        for kind, values in numbers.items()
    }
    # One in three households shares a tablet: a device is not a person.
    shared = rng.random(count) < p.shared_tablet
    named["device"] = np.where(shared, named["device"][lives_with], named["device"])
    for source, id_type, share in (
        ("till", "card", 0.8),
        ("web", "card", 0.45),
        ("web", "cookie", 0.9),
        ("app", "device", 1),
        ("web", "device", 0.4),
        ("app", "openid", 0.5),
        ("social", "openid", 0.9),
    ):
        who = records.holders(source)
        add(source, who[rng.random(len(who)) < share], id_type, named[id_type])
    members = np.intersect1d(records.holders("loyalty"), records.holders("till"))
    shown = members[rng.random(len(members)) < 0.6]
    add("till", shown, "member", records.keys["loyalty"])
    add("loyalty", records.holders("loyalty"), "member", records.keys["loyalty"])
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["known_at"] < records.clock.end_second].reset_index(drop=True)
