"""Small brands whose facts arrive in any order: early, on the day, late, twice, or corrected, over three days.

Every brand has a source of its own, so that one landing zone holds many of them and one build tries them all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from ml.data.warehouse import connect
from ml.home import Home
from tests.conftest import write_csv

Row = dict[str, Any]
# The first is built whole; on the second people come to light who are older than others; the third skips a day.
DAYS = (date(2024, 6, 10), date(2024, 6, 11), date(2024, 6, 13))
BEGIN = datetime(2024, 4, 1)
LAST_INSTANT = datetime(2024, 6, 16)  # some facts are not seen by any of the days
SCHEMAS = ("staging", "identity", "resolved", "events")


class Arrivals:
    """The rows of a landing zone by day of delivery and entity."""

    def __init__(self, seed: int, brands: int = 25) -> None:
        self.delivered: dict[date, dict[str, list[Row]]] = {day: defaultdict(list) for day in DAYS}
        self._draw = Random(seed)
        self._assortment()
        for number in range(brands):
            self._brand(f"brand{number}")

    def write(self, landing: Path, days: Iterable[date] = DAYS) -> None:
        """Add the files that are delivered for these days."""
        for day in days:
            for entity, rows in self.delivered[day].items():
                write_csv(landing, entity, self._draw.sample(rows, len(rows)), f"{day}.csv")

    def _assortment(self) -> None:
        """Now and then a product moves to another category, or loses it."""
        for day in DAYS:
            for number in range(6):
                if day == DAYS[0] or self._draw.random() < 0.3:
                    category = self._draw.choice(["tea", "cups", ""])
                    row = {"product_id": f"p{number}", "category": category, "name": f"n{number}"}
                    self.delivered[day]["products"].append(row)

    def _brand(self, source: str) -> None:
        draw = self._draw
        keys = [f"k{number}" for number in range(draw.randint(2, 6))]
        for key in keys:  # known before everything else, and so numbered first whatever comes
            known = BEGIN - timedelta(days=draw.randint(1, 9), seconds=draw.randint(0, 9))
            day = DAYS[0] if draw.random() < 0.8 else DAYS[1]
            self._profile(source, key, known, day)
        for _ in range(draw.randint(0, 2)):  # people of the last day
            key = f"new{draw.randint(0, 9)}"
            known = datetime.combine(DAYS[1], datetime.min.time()) + timedelta(
                hours=draw.randint(0, 47)
            )
            self._profile(source, key, known, DAYS[2])
        for make in (
            self._order,
            self._order,
            self._interaction,
            self._interaction,
            self._share,
            self._message,
            self._consent,
            self._reading,
            self._identifier,
            self._decision,
            self._state,
        ):
            for _ in range(draw.randint(0, 6)):
                make(source, keys)

    def _profile(self, source: str, key: str, known: datetime, day: date) -> None:
        draw = self._draw
        row = {
            "source": source,
            "source_key": key,
            "known_at": known,
            "name": draw.choice(["Ann Lee", "Bob Ray", "", "Cid Poe"]),
            "email": f"{draw.choice('abc')}@{source}.org" if draw.random() < 0.5 else "",
            "phone": draw.choice(["", "020 7946 0000", f"07700 9000{draw.randint(10, 99)}"]),
            "birth_date": draw.choice(["", "1980-02-03", "1991-05-06", "no day"]),
        }
        self.delivered[day]["profiles"].append(row)

    def _instant(self, first: datetime = BEGIN) -> datetime:
        seconds = int((LAST_INSTANT - first).total_seconds())
        recent = self._draw.random() < 0.5
        least = max(0, seconds - 8 * 86400) if recent else 0
        return first + timedelta(seconds=self._draw.randint(least, max(least, seconds)))

    def _known(self, occurred: datetime) -> datetime:
        """Mostly at once, or days later; now and then a clock that goes before the fact."""
        late = self._draw.choice([0, 0, 60, 3600, 2 * 86400, 9 * 86400, -3600])
        return occurred + timedelta(seconds=late)

    def _deliver(self, entity: str, known: datetime, row: Row) -> None:
        """Mostly the first day that can see it; sooner or later than that as well, and twice."""
        draw = self._draw
        on_time = [day for day in DAYS if day > known.date()] or [DAYS[-1]]
        day = draw.choice(DAYS) if draw.random() < 0.3 else on_time[0]
        self.delivered[day][entity].append(row)
        if draw.random() < 0.15:
            self.delivered[draw.choice(DAYS)][entity].append(row)

    def _versions(self, entity: str, column: str, stages: list[str], row: Row) -> None:
        """One fact told up to three times; now and then so that the row is refused."""
        known = self._known(row["occurred_at"])
        for _ in range(self._draw.randint(1, 3)):
            told = {**row, column: self._draw.choice(stages), "known_at": known}
            if self._draw.random() < 0.08:
                told[self._draw.choice(["occurred_at", column])] = "unheard of"
            if self._draw.random() < 0.1:
                told["occurred_at"] = self._instant()
            self._deliver(entity, known, told)
            known += timedelta(seconds=self._draw.choice([0, 5, 86400, 5 * 86400]))

    def _order(self, source: str, keys: list[str]) -> None:
        draw = self._draw
        order = {"source": source, "order_id": f"o{draw.randint(0, 15)}"}
        row = {
            **order,
            "source_key": draw.choice([*keys, ""]),
            "seller_key": draw.choice([*keys, "", ""]),
            "occurred_at": self._instant(),
            "amount": draw.choice(["10", "20.5", "0.1"]),
            "channel": draw.choice(["web", "shop", ""]),
        }
        self._versions("orders", "status", ["completed", "completed", "cancelled", "returned"], row)
        for line in range(draw.randint(0, 3)):
            row = {
                **order,
                "line_no": draw.choice([line, line, "x"]) if draw.random() < 0.2 else line,
                "product_id": f"p{draw.randint(0, 7)}",
                "quantity": draw.choice([1, 2, -1]),
                "amount": draw.choice(["3", "4.25"]),
            }
            self._deliver("order_lines", self._instant(), row)

    def _interaction(self, source: str, keys: list[str]) -> None:
        draw = self._draw
        occurred = self._instant() if draw.random() < 0.7 else BEGIN
        row = {
            "source": source,
            "source_key": draw.choice(keys),
            "occurred_at": occurred,
            "kind": draw.choice(["view", "search", "visit"]),
            "product_id": draw.choice(["", "p1", "p2"]),
            "rating": draw.choice(["", "", "4", "good"]),
        }
        for _ in range(
            draw.choice([1, 1, 2])
        ):  # the same again is known when it was first delivered
            known = self._known(occurred)
            self._deliver("interactions", known, {**row, "known_at": known})

    def _share(self, source: str, keys: list[str]) -> None:
        draw = self._draw
        row = {
            "source": source,
            "share_id": f"s{draw.randint(0, 9)}",
            "inviter_key": draw.choice(keys),
            "invitee_key": draw.choice([*keys, ""]),
            "occurred_at": self._instant(),
        }
        self._versions("shares", "outcome", ["sent", "opened", "joined", "ordered"], row)

    def _message(self, source: str, keys: list[str]) -> None:
        draw = self._draw
        row = {
            "source": source,
            "contact_id": f"m{draw.randint(0, 9)}",
            "source_key": draw.choice(keys),
            "channel": "email",
            "occurred_at": self._instant(),
        }
        self._versions("contacts", "outcome", ["delivered", "opened", "unsubscribed"], row)

    def _consent(self, source: str, keys: list[str]) -> None:
        draw = self._draw
        occurred = self._instant()
        known = self._known(occurred)
        row = {
            "source": source,
            "source_key": draw.choice(keys),
            "purpose": draw.choice(["profiling", "email"]),
            "granted": draw.choice(["yes", "no", "maybe"]),
            "occurred_at": occurred,
            "known_at": known,
        }
        self._deliver("consents", known, row)

    def _reading(self, source: str, keys: list[str]) -> None:
        occurred = self._instant()
        known = self._known(occurred)
        row = {
            "source": source,
            "source_key": self._draw.choice(keys),
            "metric": "steps",
            "value": self._draw.choice(["1", "2.5", "many"]),
            "occurred_at": occurred,
            "known_at": known,
        }
        self._deliver("measurements", known, row)

    def _identifier(self, source: str, keys: list[str]) -> None:
        draw = self._draw
        known = self._instant()
        row = {
            "source": source,
            "source_key": draw.choice(keys),
            "id_type": draw.choice(["card", "email"]),
            "id_value": f"{draw.choice('abcd')}@{source}.org",
            "known_at": known,
        }
        self._deliver("identifiers", known, row)

    def _decision(self, source: str, keys: list[str]) -> None:
        draw = self._draw
        known = self._instant()
        left, right = draw.sample(keys, 2)
        row = {
            "left_source": source,
            "left_key": left,
            "right_source": source,
            "right_key": right,
            "decision": draw.choice(["same", "different"]),
            "known_at": known,
        }
        self._deliver("links", known, row)

    def _state(self, source: str, keys: list[str]) -> None:
        """A later version of a profile, delivered in its own time."""
        known = self._instant()
        on_time = [day for day in DAYS if day > known.date()] or [DAYS[-1]]
        self._profile(source, self._draw.choice(keys), known, self._draw.choice(on_time))


def rows_of_all_tables(
    home: Path, schemas: Iterable[str] = SCHEMAS, day: date | None = None
) -> dict[str, list[Any]]:
    """Every table and view of these schemas, as its rows in a fixed order; with a day, what snapshots hold of it."""
    with connect(Home(home), read_only=True) as connection:
        found = connection.execute(
            "select table_schema || '.' || table_name, bool_or(column_name = 'as_of_date') "
            "from information_schema.columns where list_contains(?, table_schema) group by all order by all",
            [list(schemas)],
        ).fetchall()
        return {
            table: connection.execute(
                f"select * from {table} {f'where as_of_date = {str(day)!r}' if day and has_date else ''} order by all"
            ).fetchall()
            for table, has_date in found
        }
