"""A brand as built for a day, beside what plain Python makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ml.serve.score import score_customers
from ml.serve.tables import build_tables
from tests.conftest import Built, build_world
from tests.relationship.brand import Brand
from tests.relationship.habits_seen import Seen
from tests.relationship.known import Known
from tests.relationship.recomputed_funnel import History
from tests.relationship.recomputed_levels import levels
from tests.relationship.recomputed_referrals import Tree
from tests.relationship.recomputed_tags import tags

PARTS = ["landing", "identity", "events", "features"]
MAP = "select source, source_key, customer_id, valid_from, valid_to from identity.customer_map"


@dataclass
class Moment:
    """The brand as built for a day, and what plain Python makes of it."""

    built: Built
    brand: Brand

    @cached_property
    def at(self) -> Callable[[date], Known]:
        """What is known at any date up to the day, by the identity of the day's run."""
        customer_map: Any = self.built.rows(MAP)
        return cache(lambda day: Known(self.brand, customer_map, day))

    @property
    def known(self) -> Known:
        return self.at(self.built.run.as_of_date)

    @cached_property
    def history(self) -> History:
        return levels(self.at, self.built.run.as_of_date)

    @cached_property
    def tree(self) -> Tree:
        return Tree(self.known)

    @cached_property
    def tags(self) -> dict[tuple[str, str], tuple[str, str]]:
        return tags(Seen(self.known))

    def table(self, name: str, key: int, columns: str) -> dict[Any, tuple[Any, ...]]:
        """Rows of a published table by the first `key` of the columns, which must tell them apart."""
        rows = self.built.rows(f"select {columns} from published.{name}")
        found = {row[0] if key == 1 else row[:key]: row[key:] for row in rows}
        assert len(found) == len(rows) > 0
        return found


def built_moment(brand: Brand, landing: Path, home: Path, day: date, settings: str) -> Moment:
    """Build everything for a day but what is learned."""
    built = build_world(landing, home, day, PARTS, settings)
    score_customers(built.run)
    build_tables(built.run)
    return Moment(built, brand)


def differences(found: dict[Any, Any], expected: dict[Any, Any]) -> dict[Any, tuple[Any, Any]]:
    """The first few keys of which the two say different things: found, expected."""
    keys = sorted(found.keys() | expected.keys(), key=str)
    return {
        key: (found.get(key), expected.get(key))
        for key in [key for key in keys if found.get(key) != expected.get(key)][:5]
    }
