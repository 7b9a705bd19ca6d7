"""Orders and their lines: what was bought where, for how much, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.data.demo.catalogue import CATEGORIES, Products
from ml.data.demo.history import CANCELLED, GUEST, RETURNED, History
from ml.data.demo.instants import DAY, Clock, seconds_of_day, upload_delay
from ml.data.demo.records import Records
from ml.data.demo.traits import SHOPS, Traits
from ml.data.landing_writer import decimals, timestamps

Ints = npt.NDArray[np.int64]
STORES = 12
CHANNELS = {"web": "web", "app": "app", "till": "store", "marketplace": "marketplace"}
TILL = SHOPS.index("till")
DISCOUNTS = np.array([10, 15, 20, 25])
STAFF_DISCOUNT = 30
NUTRITION = [c.name for c in CATEGORIES].index("nutrition")


@dataclass(frozen=True)
class Orders:
    """All orders as arrays, oldest first; ``changed`` is far ahead when nothing changed.

    ``line_order`` holds for each line the position of its order; money is in pence.
    """

    person: Ints
    second: Ints
    known: Ints
    changed: Ints
    outcome: Ints
    failed: Ints
    messaged: Ints
    shop: Ints
    store: Ints
    number: Ints
    amount: Ints
    discount: Ints
    coupon: npt.NDArray[np.bool_]
    line_order: Ints
    line_product: Ints
    line_quantity: Ints
    line_amount: Ints


def draw_orders(
    history: History, traits: Traits, products: Products, clock: Clock, rng: np.random.Generator
) -> Orders:
    """Give each order of the history its shop, instant, lines and fate."""
    log = history.logs["orders"]
    person, outcome = log["person"], log["outcome"]
    shop = _shops(traits.shop_weights[person], outcome == GUEST, rng)
    hour = np.where(shop == TILL, 10 + traits.hour[person] * 0.3, traits.hour[person])
    second = log["day"] * DAY + seconds_of_day(hour, 2.5, rng)
    order = np.lexsort((person, second))
    person, outcome, shop, second = person[order], outcome[order], shop[order], second[order]
    messaged = log["messaged"][order]
    known = second.copy()
    for code, name in enumerate(SHOPS):
        known[shop == code] += upload_delay(name, int((shop == code).sum()), rng)
    after = np.where(
        outcome == CANCELLED,
        rng.integers(DAY // 12, 2 * DAY, len(person)),
        rng.integers(5 * DAY, 25 * DAY, len(person)),
    )
    never = clock.end_second + DAY
    changed = np.where((outcome == CANCELLED) | (outcome == RETURNED), known + after, never)
    coupon = rng.random(len(person)) < traits.coupon[person] * np.where(messaged == 1, 1.0, 0.5)
    percent = np.where(coupon, rng.choice(DISCOUNTS, len(person)), 0)
    percent = np.where(traits.is_staff[person], STAFF_DISCOUNT, percent)
    line_order, line_product, line_quantity = _lines(person, traits, products, rng)
    full = products.price[line_product] * line_quantity
    line_amount = full * (100 - percent[line_order]) // 100
    totals = np.bincount(line_order, line_amount, len(person)).astype(np.int64)
    gross = np.bincount(line_order, full, len(person)).astype(np.int64)
    number = np.empty(len(person), dtype=np.int64)
    for code in range(len(SHOPS)):
        number[shop == code] = np.arange(int((shop == code).sum())) + 100_001
    return Orders(
        person,
        second,
        known,
        changed,
        outcome,
        log["failed"][order],
        messaged,
        shop,
        _stores(person, rng),
        number,
        totals,
        gross - totals,
        coupon,
        line_order,
        line_product,
        line_quantity,
        line_amount,
    )


def _shops(
    weights: npt.NDArray[np.float64], is_guest: npt.NDArray[np.bool_], rng: np.random.Generator
) -> Ints:
    """A shop for each order by the person's weights; nameless orders happen at the till."""
    edges = np.cumsum(weights, axis=1)
    drawn = (rng.random((len(weights), 1)) * edges[:, -1:] >= edges[:, :-1]).sum(axis=1)
    return np.where(is_guest, TILL, drawn)


def _lines(
    person: Ints, traits: Traits, products: Products, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    counts = 1 + rng.poisson(traits.basket[person])
    line_order = np.repeat(np.arange(len(person)), counts)
    who = person[line_order]
    other = rng.choice(len(CATEGORIES), len(who), p=[c.share for c in CATEGORIES])
    category = np.where(rng.random(len(who)) < 0.6, traits.favourite[who], other)
    # Products lie from cheap to dear; a person's taste moves the choice along.
    taste = 1 / (1 + np.exp(-(0.9 * traits.price_level[who] + rng.normal(-0.3, 1.1, len(who)))))
    product = products.first[category] + (taste * products.size[category]).astype(np.int64)
    more = rng.poisson(np.where(category == NUTRITION, 1.0, 0.12))
    return line_order, product, 1 + more


def order_tables(
    orders: Orders, traits: Traits, records: Records, rng: np.random.Generator
) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    """First versions and later versions of the orders, by shop; money with two decimal places."""
    end = records.clock.end_second
    seller = _sellers(orders, traits, records, rng)
    store = np.array(store_names(), dtype=object)[orders.store]
    first, later = {}, {}
    for code, shop in enumerate(SHOPS):
        rows = np.flatnonzero((orders.shop == code) & (orders.known < end))
        table = _table(orders, shop, rows, orders.known[rows], records)
        if shop == "till":
            table = table.append_column("store_id", pa.array(store[rows].tolist(), pa.string()))
            table = table.append_column("seller_key", pa.array(seller[rows].tolist(), pa.string()))
        first[shop] = table.append_column("status", pa.array(["completed"] * len(rows)))
        rows = rows[orders.changed[rows] < end]
        became = np.where(orders.outcome[rows] == CANCELLED, "cancelled", "returned")
        table = _table(orders, shop, rows, orders.changed[rows], records)
        later[shop] = table.append_column("status", pa.array(became.tolist(), pa.string()))
    return first, later


def _table(orders: Orders, shop: str, rows: Ints, known: Ints, records: Records) -> pa.Table:
    keys = records.key(shop, orders.person[rows]).copy()
    keys[orders.outcome[rows] == GUEST] = None
    week = orders.second[rows] // (7 * DAY)
    coupons = [
        f"SAVE-{w:03d}" if used else None for w, used in zip(week, orders.coupon[rows], strict=True)
    ]
    return pa.table(
        {
            "source": pa.array([shop] * len(rows), pa.string()),
            "order_id": order_ids(orders, shop, rows),
            "occurred_at": timestamps(records.clock.instants(orders.second[rows])),
            "known_at": timestamps(records.clock.instants(known)),
            "amount": decimals(orders.amount[rows], 2),
            "source_key": pa.array(keys.tolist(), pa.string()),
            "currency": pa.array(["GBP"] * len(rows), pa.string()),
            "channel": pa.array([CHANNELS[shop]] * len(rows), pa.string()),
            "coupon_id": pa.array(coupons, pa.string()),
            "discount": decimals(orders.discount[rows], 2),
        }
    )


def order_ids(orders: Orders, shop: str, rows: Ints) -> pa.Array:
    """Order numbers as the shop prints them."""
    return pa.array([f"{shop[0].upper()}{n}" for n in orders.number[rows]], pa.string())


def _sellers(
    orders: Orders, traits: Traits, records: Records, rng: np.random.Generator
) -> npt.NDArray[np.object_]:
    """Who sold at the till: some of the staff sell far more than others."""
    staff = np.flatnonzero(traits.is_staff)
    skill = rng.gamma(1.0, 1.0, len(staff)) + 0.05
    count = len(orders.person)
    sold_by = rng.choice(staff, count, p=skill / skill.sum())
    named = rng.random(count) < 0.9
    seller: npt.NDArray[np.object_] = records.keys["till"][sold_by]
    seller[~named] = None
    return seller


def home_stores(person: Ints) -> Ints:
    """The shop around the corner."""
    return (person * 7919) % STORES


def store_names() -> list[str]:
    """Names of all shops, by number."""
    return [f"store-{number + 1:02d}" for number in range(STORES)]


def _stores(person: Ints, rng: np.random.Generator) -> Ints:
    near = rng.random(len(person)) < 0.85
    return np.where(near, home_stores(person), rng.integers(0, STORES, len(person)))


def line_tables(orders: Orders, products: Products, records: Records) -> dict[str, pa.Table]:
    """The lines of all delivered orders, by shop."""
    starts = np.searchsorted(orders.line_order, np.arange(len(orders.person)))
    line_no = np.arange(len(orders.line_order)) - starts[orders.line_order] + 1
    delivered = orders.known[orders.line_order] < records.clock.end_second
    tables = {}
    for code, shop in enumerate(SHOPS):
        rows = np.flatnonzero(delivered & (orders.shop[orders.line_order] == code))
        tables[shop] = pa.table(
            {
                "source": pa.array([shop] * len(rows), pa.string()),
                "order_id": order_ids(orders, shop, orders.line_order[rows]),
                "line_no": pa.array(line_no[rows], pa.int32()),
                "product_id": pa.array(
                    products.product_id[orders.line_product[rows]].tolist(), pa.string()
                ),
                "quantity": decimals(orders.line_quantity[rows] * 100, 2),
                "amount": decimals(orders.line_amount[rows], 2),
            }
        )
    return tables
