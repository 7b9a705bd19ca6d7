"""What a published version says that a list asks for: the audience, its members, the people, the plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from ml.activate.channels import PEACE_AUDIENCE
from ml.activate.export.facts import Member, Person, Planned
from ml.activate.tables import BID_VALUES, NEXT_BEST_ACTIONS
from ml.data.sql_text import literal
from ml.errors import KithError
from ml.home import SEEDS, Home
from ml.serve.versions import Version, Versions

AUDIENCE_KEY = re.compile(r"[a-z][a-z0-9_]*")
CONTACT_LIMITS = SEEDS / "contact_limits.csv"
_TEXTS = ("email", "phone", "given_name", "family_name", "city", "postcode", "country")
_PURPOSES = ("profiling", "email", "sms", "push", "ad_user_data", "ad_personalization")


@dataclass(frozen=True)
class AudienceTerms:
    """What a version says of an audience; `is_retired`: it knows none of that name (any more)."""

    key: str
    channel: str
    purpose: str
    size_cap: int | None
    is_retired: bool = False


class PublishedVersion:
    """The tables of one published version, and the decisions made on it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, home: Home, version: Version) -> None:
        self._connection = connection
        self._home = home
        self.version = version
        self._folder = Versions(home).folder / version.name

    def audience(self, key: str, was_exported: Callable[[], bool]) -> AudienceTerms:
        """What the version says of an audience; of a retired one, that it is.

        Raises:
            KithError: nobody knows it.
        """
        known = self._rows("audiences", "*", f"audience = {literal(key)}")
        if known:
            (row,) = known
            cap = row.get("size_cap")
            return AudienceTerms(
                key,
                str(row.get("channel") or "email"),
                str(row.get("purpose") or key),
                None if cap is None else int(cap),
            )
        if AUDIENCE_KEY.fullmatch(key) and was_exported():
            return AudienceTerms(key, "none", key, None, is_retired=True)
        listed = ", ".join(row["audience"] for row in self._rows("audiences", "audience", "true"))
        raise KithError(
            f"The version {self.version.name} knows no audience '{key}', and none of that name was ever exported. "
            f"Audiences: {listed or 'none'}."
        )

    def members(self, audience: str) -> tuple[Member, ...]:
        """The people of an audience, by customer_id."""
        rows = self._rows("audience_members", "*", f"audience = {literal(audience)}")
        found = [
            Member(
                row["customer_id"],
                row["group"],
                None if row.get("place") is None else int(row["place"]),
                str(row.get("gesture") or ""),
            )
            for row in rows
        ]
        return tuple(sorted(found, key=lambda member: member.customer_id))

    def in_peace(self) -> frozenset[str]:
        """Who asked to be left in peace, or seems to wish it."""
        return frozenset(member.customer_id for member in self.members(PEACE_AUDIENCE))

    def holdout(self, purpose: str) -> tuple[frozenset[str], frozenset[str]]:
        """Who is held out of a purpose, and who stood in both its groups; nobody where no holdout is published."""
        if not (self._folder / "holdouts.parquet").exists():
            return frozenset(), frozenset()
        rows = self._rows("holdouts", "*", f"purpose = {literal(purpose)}")
        held = {row["customer_id"] for row in rows if row["group"] == "holdout"}
        return frozenset(held), frozenset(r["customer_id"] for r in rows if r["is_mixed"])

    def people(self, ids: Iterable[str]) -> dict[str, Person]:
        """Those of the ids that are customers."""
        self._wanted(ids)
        columns = ", ".join(["customer_id", *_TEXTS, *(f"consent_{one}" for one in _PURPOSES)])
        rows = self._connection.execute(
            f"select {columns} from {self._table('customers')} semi join wanted using (customer_id)"
        ).fetchall()
        split = 1 + len(_TEXTS)
        # Many people, few ways to have answered: those who answered alike share one mapping.
        answers: dict[tuple[bool | None, ...], dict[str, bool]] = {}
        found = {}
        for row in rows:
            texts = {name: text for name, text in zip(_TEXTS, row[1:split], strict=True) if text}
            consents = answers.setdefault(row[split:], _said(row[split:]))
            found[row[0]] = Person(row[0], texts, consents)
        return found

    def surviving(self) -> dict[str, str]:
        """The id that each retired one belongs to now."""
        rows = self._rows("customer_merges", "retired_id, surviving_id, merged_at", "true")
        once = {
            row["retired_id"]: row["surviving_id"]
            for row in sorted(rows, key=lambda row: (row["retired_id"], row["merged_at"]))
        }
        return {retired: _last(retired, once) for retired in once}

    def customers_of(self) -> dict[tuple[str, str], str]:
        """The customer of each record."""
        rows = self._connection.execute(
            f"select source, source_key, customer_id from {self._table('identity_map')} where valid_to is null"
        ).fetchall()
        return {(source, key): customer for source, key, customer in rows}

    def planned(self, audience: str, channel: str) -> dict[str, Planned]:
        """Whom today's plan chose for an audience on a channel.

        Raises:
            KithError: no plan was made on this version.
        """
        path = self._home.activation_version(self.version.name) / NEXT_BEST_ACTIONS
        if not path.exists():
            raise KithError(
                f"--planned asks for the plan of version {self.version.name}, and {path} is not there. Make the plan "
                "for this version first (kith plan), or export without --planned."
            )
        rows = self._connection.execute(
            f"select customer_id, reason, offer, item from read_parquet({literal(path)}) "
            "where audience = ? and channel = ?",
            [audience, channel],
        ).fetchall()
        return {row[0]: Planned(*(str(text or "") for text in row[1:])) for row in rows}

    def values(self, ids: Iterable[str]) -> dict[str, float]:
        """Bid values above 0."""
        path = self._home.activation_version(self.version.name) / BID_VALUES
        self._wanted(ids)
        rows = self._connection.execute(
            f"select customer_id, value from read_parquet({literal(path)}) semi join wanted using (customer_id) "
            "where value > 0"
        ).fetchall()
        return dict(rows)

    def _wanted(self, ids: Iterable[str]) -> None:
        self._connection.execute(
            "create or replace temp table wanted as select distinct unnest(?::varchar[]) as customer_id",
            [sorted(ids)],
        )

    def _table(self, name: str) -> str:
        return f"read_parquet({literal(self._folder / f'{name}.parquet')})"

    def _rows(self, table: str, columns: str, condition: str) -> list[dict[str, Any]]:
        found = self._connection.execute(
            f"select {columns} from {self._table(table)} where {condition} order by all"
        )
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def fresh_version(home: Home, day: date | None) -> tuple[Version, date]:
    """The version that readers see, and the day of the export (default: the version's own).

    Raises:
        KithError: nothing is published, or the version is too old for the day, or younger than it.
    """
    version = Versions(home).current()
    if version is None:
        raise KithError(
            f"Nothing is published in {home.root}, so there is nothing to export. Run `kith run` first."
        )
    if day is None:
        return version, version.as_of_date
    age, most = (day - version.as_of_date).days, home.settings.max_score_age_days
    if age < 0:
        raise KithError(
            f"The current version {version.name} knows more than --as-of-date {day} may: a list is never made of facts "
            "from after its day. Go back with `kith rollback`, or give a later day."
        )
    if age > most:
        raise KithError(
            f"The scores are too old: on {day} the current version {version.name} is {age} days old, and at most "
            f"{most} are allowed (setting max_score_age_days). Nothing was exported. Run `kith run` for that day first."
        )
    return version, day


def _said(answers: tuple[bool | None, ...]) -> dict[str, bool]:
    return {
        purpose: said for purpose, said in zip(_PURPOSES, answers, strict=True) if said is not None
    }


def _last(retired: str, once: dict[str, str]) -> str:
    seen, now = {retired}, once[retired]
    while now in once and now not in seen:
        seen.add(now)
        now = once[now]
    return now
