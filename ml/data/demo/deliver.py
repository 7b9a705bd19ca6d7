"""Which island delivers what, and how: the demo brand's exports, entity by entity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ml.data.demo.browsing import browsing_rows
from ml.data.demo.catalogue import Products
from ml.data.demo.consents import consent_rows
from ml.data.demo.contacts import contact_tables, measurement_table
from ml.data.demo.corruption import Forms
from ml.data.demo.decisions import link_rows
from ml.data.demo.history import History
from ml.data.demo.instants import Clock
from ml.data.demo.interaction_rows import tables_of
from ml.data.demo.landing_files import Delivery, with_offset
from ml.data.demo.orders import Orders, line_tables, order_tables
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.people import People
from ml.data.demo.records import Records, identifier_rows, profile_rows
from ml.data.demo.shares import Shares, draw_shares
from ml.data.demo.traits import SOURCES, Traits
from ml.data.demo.voices import complaint_table, review_rows
from ml.data.landing_writer import timestamps

INSTANT_COLUMNS = ("known_at", "occurred_at", "registered_at")


@dataclass(frozen=True)
class Brand:
    """Everything that is true about the demo brand, and its generators by topic."""

    parameters: DemoParameters
    clock: Clock
    traits: Traits
    history: History
    people: People
    products: Products
    records: Records
    orders: Orders
    rng: dict[str, np.random.Generator]


def deliver_people(brand: Brand, delivery: Delivery) -> None:
    """Profiles, identifiers, links and consents."""
    records, traits, rng = brand.records, brand.traits, brand.rng["records"]
    forms = Forms(brand.people, brand.parameters, brand.rng["forms"])
    for source in SOURCES:
        frame = profile_rows(records, source, forms, traits, brand.parameters, rng)
        frame.insert(0, "source", source)
        table = _table(frame, brand.clock)
        if source in ("till", "marketplace"):
            delivery.csv("profiles", source, table, bad=source == "till")
        else:
            delivery.parquet("profiles", source, table)
    identifiers = identifier_rows(records, brand.people, brand.parameters, rng)
    _split(delivery, "identifiers", _table(identifiers, brand.clock), "till")
    links = link_rows(records, brand.parameters, rng)
    delivery.csv("links", "service-desk", _table(links, brand.clock), bad=True)
    consents = consent_rows(records, traits, brand.history, brand.parameters, rng)
    _split(delivery, "consents", _table(consents, brand.clock), "loyalty")


def deliver_purchases(brand: Brand, delivery: Delivery) -> None:
    """Products, orders with their later versions, and order lines."""
    delivery.csv("products", "catalogue", brand.products.table, bad=True)
    first, later = order_tables(brand.orders, brand.traits, brand.records, brand.rng["orders"])
    # Shops of one's own know an order at once; their export does not even say so.
    web, app = (first[shop].drop_columns(["known_at"]) for shop in ("web", "app"))
    delivery.parquet("orders", "web", web)
    delivery.parquet("orders", "app", app)
    delivery.csv("orders", "till", first["till"], bad=True)
    delivery.parquet("orders", "marketplace", with_offset(first["marketplace"]))
    for shop in ("web", "app", "till"):
        delivery.parquet("orders", f"{shop}-changes", later[shop])
    delivery.parquet("orders", "marketplace-changes", with_offset(later["marketplace"]))
    delivery.again("orders", "web", web)
    lines = line_tables(brand.orders, brand.products, brand.records)
    for shop, table in lines.items():
        if shop == "till":
            delivery.csv("order_lines", shop, table, bad=True)
        else:
            delivery.parquet("order_lines", shop, table)
    delivery.again("order_lines", "web", lines["web"])


def deliver_behaviour(brand: Brand, delivery: Delivery, complaints: pa.Table) -> Shares:
    """Interactions, shares, contacts and measurements; returns the shares for the truth."""
    rng, records, traits, history = brand.rng, brand.records, brand.traits, brand.history
    parts = browsing_rows(history, brand.orders, traits, brand.products, rng["interactions"])
    parts.append(review_rows(brand.orders, traits, brand.parameters, rng["interactions"]))
    interactions = tables_of(parts, records, brand.products)
    for source, table in interactions.items():
        delivery.parquet("interactions", source, table, parts=4)
    delivery.again("interactions", "app", interactions["app"])
    delivery.csv("interactions", "service", complaints, bad=True)
    shares = draw_shares(history, brand.orders, traits, records, brand.products, rng["shares"])
    delivery.parquet("shares", "app", shares.tables["app"])
    delivery.csv("shares", "social", shares.tables["social"], bad=True)
    messages = contact_tables(history, brand.orders, traits, records, rng["contacts"])
    delivery.parquet("contacts", "web", messages["web"], parts=2)
    delivery.parquet("contacts", "app", messages["app"])
    delivery.csv("contacts", "loyalty", messages["loyalty"], bad=True)
    readings = measurement_table(history, traits, records, rng["measurements"])
    older = readings.num_rows - readings.num_rows // 8
    delivery.parquet("measurements", "watch", readings.slice(0, older))
    delivery.csv("measurements", "watch-recent", readings.slice(older), bad=True)
    return shares


def draw_complaints(brand: Brand) -> pa.Table:
    """Complaints come before the profiles: who complains gets a record at the service desk."""
    return complaint_table(brand.orders, brand.records, brand.parameters, brand.rng["interactions"])


def _split(delivery: Delivery, entity: str, table: pa.Table, csv_source: str) -> None:
    """One source of a table as CSV with bad rows, the others together as Parquet."""
    in_csv = pc.equal(table["source"], csv_source)
    delivery.csv(entity, csv_source, table.filter(in_csv), bad=True)
    delivery.parquet(entity, "online", table.filter(pc.invert(in_csv)))


def _table(frame: pd.DataFrame, clock: Clock) -> pa.Table:
    """Text columns as text, truth values as such, seconds as instants of the brand's clock."""
    columns = {}
    for name in frame.columns:
        if name in INSTANT_COLUMNS:
            columns[name] = timestamps(clock.instants(frame[name].to_numpy(dtype=np.int64)))
        elif frame[name].dtype == bool:
            columns[name] = pa.array(frame[name].to_numpy())
        else:
            values = frame[name].astype(object)
            columns[name] = pa.array(values.where(values.notna(), None).tolist(), pa.string())
    return pa.table(columns)
