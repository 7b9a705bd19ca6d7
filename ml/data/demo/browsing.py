"""Visits become rows: views, searches and carts online, a walk through the shop, or nothing.

A shop sees who walks through it only where that person carries the brand's app and holds a record
at the till; everybody else passes unseen, or is seen online.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.data.demo.catalogue import CATEGORIES, Products
from ml.data.demo.history import History
from ml.data.demo.instants import DAY, seconds_of_day
from ml.data.demo.interaction_rows import (
    APP,
    BAG,
    CART,
    DWELL,
    ENTER,
    LEAVE,
    SEARCH,
    TRY,
    VIEW,
    VISIT,
    WEB,
    Rows,
    rows_of,
)
from ml.data.demo.orders import TILL, Orders, home_stores
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.traits import SOURCES, Traits
from ml.data.demo.words import QUERIES

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
FAVOURITE_SHARE = 0.75
"""Of what is looked at; the rest is anything."""


@dataclass(frozen=True)
class Visits:
    """Who came when, with a wish or not (0, 1), and the order that followed that day, or -1."""

    person: Ints
    second: Ints
    wanting: Ints
    order: Ints

    def where(self, chosen: Flags) -> Visits:
        """Only some of them."""
        columns = (self.person, self.second, self.wanting, self.order)
        return Visits(*(column[chosen] for column in columns))

    def of_order(self, values: Ints, otherwise: Ints) -> Ints:
        """What holds of the order behind each visit, and something else where there is none."""
        return (
            np.where(self.order >= 0, values[self.order], otherwise) if len(values) else otherwise
        )


def browsing_rows(
    history: History,
    orders: Orders,
    traits: Traits,
    products: Products,
    rng: np.random.Generator,
) -> list[Rows]:
    """Rows of all visits that left a trace: first those online, then those in shops."""
    visits = _visits(history, orders, traits, rng)
    web, app, till = (
        traits.member[visits.person, SOURCES.index(s)] for s in ("web", "app", "till")
    )
    bought_here = visits.of_order(orders.shop, visits.order) == TILL
    drawn = rng.random(len(web)) < traits.shop_weights[visits.person, TILL]
    in_store = app & till & np.where(visits.order >= 0, bought_here, drawn)
    p = history.calendar.parameters
    return [
        _online(visits.where((web | app) & ~in_store), traits, products, p, rng),
        _in_store(visits.where(in_store), orders, traits, products, p, rng),
    ]


def _visits(history: History, orders: Orders, traits: Traits, rng: np.random.Generator) -> Visits:
    """The instants of all visits: on the day of an order the visit comes shortly before it."""
    log = history.logs["visits"]
    person, day = log["person"], log["day"]
    second = day * DAY + seconds_of_day(traits.hour[person], 2.5, rng)
    before = rng.integers(400, 3000, len(second))
    if not len(orders.person):
        return Visits(person, second, log["wanting"], np.full(len(person), -1))
    far = 100_000
    keys, order_keys = person * far + day, orders.person * far + orders.second // DAY
    by_key = np.argsort(order_keys, kind="stable")
    at = np.minimum(np.searchsorted(order_keys[by_key], keys), len(by_key) - 1)
    order = np.where(order_keys[by_key[at]] == keys, by_key[at], -1)
    second = np.where(order >= 0, orders.second[order] - before, second)
    return Visits(person, second, log["wanting"], order)


def _looked_at(
    person: Ints, traits: Traits, products: Products, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Category and product of each look: mostly the favourite."""
    other = rng.integers(0, len(CATEGORIES), len(person))
    at_home = rng.random(len(person)) < FAVOURITE_SHARE
    category = np.where(at_home, traits.favourite[person], other)
    within = (rng.random(len(person)) * products.size[category]).astype(np.int64)
    return category, products.first[category] + within


def _online(
    visits: Visits, traits: Traits, products: Products, p: DemoParameters, rng: np.random.Generator
) -> Rows:
    """Views, searches and carts. Wishes search more, and fill carts."""
    count = len(visits.person)
    web, app = (traits.member[visits.person, SOURCES.index(s)] for s in ("web", "app"))
    by_app = app & (~web | (rng.random(count) < 0.5))
    views = 1 + rng.poisson(np.array(p.more_views)[visits.wanting])
    searches = np.flatnonzero(rng.random(count) < np.array(p.searches)[visits.wanting])
    carts = np.flatnonzero(rng.random(count) < np.array(p.carts)[visits.wanting])
    visit = np.concatenate([np.repeat(np.arange(count), views), searches, carts])
    kind = np.repeat([VIEW, SEARCH, CART], [int(views.sum()), len(searches), len(carts)])
    at = visits.second[visit] + rng.integers(0, 240, len(visit)) + np.where(kind == CART, 300, 0)
    category, product = _looked_at(visits.person[visit], traits, products, rng)
    long = rng.gamma(1.5, 40, len(visit)).astype(np.int64) + 2
    return rows_of(
        visits.person[visit],
        at,
        np.where(by_app[visit], APP, WEB),
        kind,
        product=np.where(kind == SEARCH, -1, product),
        query=np.where(kind == SEARCH, _queries(category, rng), -1),
        seconds_long=np.where(kind == VIEW, long, -1),
    )


def _queries(category: Ints, rng: np.random.Generator) -> Ints:
    """Position of a query in the list of all; the first of a category are typed most."""
    sizes = np.array([len(queries) for queries in QUERIES])
    first = np.cumsum(sizes) - sizes
    within = (rng.random(len(category)) ** 2.5 * sizes[category]).astype(np.int64)
    position: Ints = first[category] + within
    return position


def _in_store(
    visits: Visits,
    orders: Orders,
    traits: Traits,
    products: Products,
    p: DemoParameters,
    rng: np.random.Generator,
) -> Rows:
    """The walk through a shop, as far as it goes: who buys has been in, and filled a bag."""
    count = len(visits.person)
    buys = visits.order >= 0
    chances = np.array(p.store_goes_on)[:, visits.wanting]
    goes_on = (rng.random(chances.shape) < chances) | buys
    reached = np.vstack([np.ones((1, count), dtype=bool), np.logical_and.accumulate(goes_on)])
    # Five steps of at most 70 seconds: all done before the till, 400 seconds on or later.
    step = rng.integers(15, 70, (len(chances), count))
    at = visits.second + np.vstack([np.zeros((1, count), dtype=np.int64), np.cumsum(step, axis=0)])
    last = at[reached.sum(axis=0) - 1, np.arange(count)]
    leaves = visits.of_order(orders.second, last) + rng.integers(60, 900, count)
    steps = np.arange(VISIT, BAG + 1)
    dwell, tries = DWELL - VISIT, TRY - VISIT
    looks = np.where(reached[tries], at[tries], leaves) - at[dwell]
    kind, visit = np.nonzero(reached)
    left = np.flatnonzero(reached[ENTER - VISIT])
    kinds = np.concatenate([steps[kind], np.full(len(left), LEAVE)])
    seconds = np.concatenate([at[kind, visit], leaves[left]])
    visit = np.concatenate([visit, left])
    _, product = _looked_at(visits.person, traits, products, rng)
    first_lines = np.searchsorted(orders.line_order, np.arange(len(orders.person)))
    product = visits.of_order(orders.line_product[first_lines], product)
    store = visits.of_order(orders.store, home_stores(visits.person))
    return rows_of(
        visits.person[visit],
        seconds,
        np.full(len(visit), APP),
        kinds,
        product=np.where((kinds == TRY) | (kinds == BAG), product[visit], -1),
        seconds_long=np.where(kinds == DWELL, looks[visit], -1),
        store=store[visit],
    )
