"""Small shops as the warehouse holds them: who bought, looked at and brought back what, on which day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from ml.activate.recommend.assortment import OfferRules
from ml.activate.recommend.offer import Question

TODAY = date(2025, 7, 1)
FIRST = date(2025, 1, 1)


@dataclass(frozen=True)
class Deed:
    """Somebody's dealing with a product: bought, returned, cancelled, or the kind of an interaction.

    It counts from `visible_on` on (by default the day after); a later status of the same order has the same number.
    """

    person: int
    product: str
    day: date
    what: str = "completed"
    visible_on: date | None = None
    order: int | None = None

    @property
    def seen(self) -> date:
        return self.visible_on or self.day + timedelta(days=1)


@dataclass(frozen=True)
class Product:
    """A product of the assortment."""

    name: str
    category: str | None = "things"
    launched: date | None = None
    brand: str | None = None


@dataclass(frozen=True)
class Shop:
    """A brand: its products, the deeds of its people, and who refused to be profiled."""

    products: tuple[Product, ...] = ()
    deeds: tuple[Deed, ...] = ()
    refused: frozenset[int] = field(default_factory=frozenset)
    people: int = 0

    def plus(self, *deeds: Deed) -> Shop:
        return replace(self, deeds=(*self.deeds, *deeds))

    @contextmanager
    def warehouse(self, file: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """The tables that offers are made of, in memory or in a file."""
        connection = duckdb.connect(str(file) if file else ":memory:")
        try:
            self._write(connection)
            yield connection
        finally:
            connection.close()

    def _write(self, connection: duckdb.DuckDBPyConnection) -> None:
        for schema in ("identity", "events", "seeds"):
            connection.execute(f"create schema {schema}")
        for name, columns, rows in (
            ("identity.customer_map", _MAP, self._holders()),
            ("events.int_customer__refusals", "customer_id varchar", self._refusals()),
            ("events.dim_products", _PRODUCTS, self._products()),
            ("events.product_categories", "product_id varchar, category varchar", self._shelves()),
            ("events.fct_orders", _ORDERS, self._orders()),
            ("events.fct_order_lines", _LINES, self._lines()),
            ("events.fct_interactions", _LOOKS, self._looks()),
            ("seeds.journey_kinds", "kind varchar, stage varchar", _KINDS),
        ):
            connection.execute(f"create table {name} ({columns})")
            if rows:
                frame = pd.DataFrame(rows)  # noqa: F841 - DuckDB finds it by its name
                connection.execute(f"insert into {name} select * from frame")

    def _holders(self) -> list[tuple[object, ...]]:
        known = range(max([self.people - 1, *(deed.person for deed in self.deeds)], default=-1) + 1)
        return [(person, customer(person), date(2000, 1, 1), None) for person in known]

    def _refusals(self) -> list[tuple[object, ...]]:
        return [(customer(person),) for person in sorted(self.refused)]

    def _products(self) -> list[tuple[object, ...]]:
        return [(p.name, f"the {p.name}", p.category, p.brand, p.launched) for p in self.products]

    def _shelves(self) -> list[tuple[object, ...]]:
        return [(p.name, p.category) for p in self.products if p.category]

    def _numbered(self) -> list[tuple[int, Deed]]:
        sold = [deed for deed in self.deeds if deed.what in STATUSES]
        return [(deed.order or 10_000 + i, deed) for i, deed in enumerate(sold)]

    def _orders(self) -> list[tuple[object, ...]]:
        rows = []
        for number, deed in self._numbered():
            later = [o.seen for n, o in self._numbered() if n == number and o.seen > deed.seen]
            until = min(later, default=None)
            rows.append(("web", number, deed.person, deed.what, deed.day, deed.seen, until))
        return rows

    def _lines(self) -> list[tuple[object, ...]]:
        products = {number: deed.product for number, deed in self._numbered()}
        return [("web", number, product, 1) for number, product in products.items()]

    def _looks(self) -> list[tuple[object, ...]]:
        looks = [deed for deed in self.deeds if deed.what not in STATUSES]
        return [(d.person, d.what, d.product, d.day, d.seen) for d in looks]


STATUSES = ("completed", "returned", "cancelled")
_KINDS = [
    ("view", "interest"),
    ("cart", "interest"),
    ("return", None),
    ("visit", "attention"),
]
_MAP = "record_no bigint, customer_id varchar, valid_from date, valid_to date"
_PRODUCTS = (
    "product_id varchar, name varchar, category varchar, brand varchar, launched_at timestamp"
)
_ORDERS = (
    "source varchar, order_id varchar, record_no bigint, status varchar, occurred_at timestamp, "
    "visible_on timestamp, superseded_on timestamp"
)
_LINES = "source varchar, order_id varchar, product_id varchar, quantity decimal(18, 4)"
_LOOKS = "record_no bigint, kind varchar, product_id varchar, occurred_at timestamp, visible_on timestamp"


def customer(person: int) -> str:
    """The customer id of a person."""
    return f"c{person:06d}"


def question(rules: OfferRules | None = None, **changes: object) -> Question:
    """What is asked of a shop, on one thread."""
    asked = Question(TODAY, FIRST, TODAY, 30, rules or OfferRules(), 1)
    return replace(asked, **changes)  # type: ignore[arg-type]
