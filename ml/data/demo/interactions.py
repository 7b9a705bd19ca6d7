"""What people did besides buying: looking, searching, filling carts, reviewing, complaining."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.data.demo.catalogue import CATEGORIES, Products
from ml.data.demo.instants import DAY, HOUR, seconds_of_day, upload_delay
from ml.data.demo.orders import Orders
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.records import Records
from ml.data.demo.simulate import GUEST, History
from ml.data.demo.traits import SHOPS, SOURCES, Traits
from ml.data.landing_writer import timestamps

Ints = npt.NDArray[np.int64]
VIEW, SEARCH, CART, REVIEW = range(4)
KINDS = np.array(["view", "search", "cart", "review"])
QUERIES = np.array([category.nouns[0].lower() for category in CATEGORIES])
REVIEW_TEXTS = np.array(["Fell apart.", "Not what I hoped for.", "It does.", "Good.", "Love it!"])
COMPLAINTS = ("Parcel came late", "Arrived damaged", "Wrong item sent", "Refund still missing")


def interaction_tables(
    history: History,
    orders: Orders,
    traits: Traits,
    records: Records,
    products: Products,
    rng: np.random.Generator,
) -> dict[str, pa.Table]:
    """Visits of web and app as rows of views, searches and carts, and reviews of orders."""
    log = history.logs["visits"]
    online = traits.member[:, [SOURCES.index("web"), SOURCES.index("app")]]
    seen = online[log["person"]].any(axis=1)
    person, day, wanting = log["person"][seen], log["day"][seen], log["wanting"][seen]
    second = day * DAY + seconds_of_day(traits.hour[person], 2.5, rng)
    second = _before_the_order(person, day, second, orders, rng)
    in_app = online[person, 1] & (~online[person, 0] | (rng.random(len(person)) < 0.5))
    visit, kind = _rows_of_visits(wanting, rng)
    rating = np.zeros(len(visit), dtype=np.int64)
    at = second[visit] + rng.integers(0, 240, len(visit)) + np.where(kind == CART, 300, 0)
    who, app = person[visit], in_app[visit]
    category = np.where(
        rng.random(len(who)) < 0.75,
        traits.favourite[who],
        rng.integers(0, len(CATEGORIES), len(who)),
    )
    product = products.first[category] + (rng.random(len(who)) * products.size[category]).astype(
        np.int64
    )
    reviews = _reviews(orders, rng)
    reviewer = orders.person[reviews["order"]]
    keep = online[reviewer].any(axis=1)
    columns = {
        "person": np.concatenate([who, reviewer[keep]]),
        "second": np.concatenate([at, reviews["second"][keep]]),
        "kind": np.concatenate([kind, np.full(int(keep.sum()), REVIEW)]),
        "product": np.concatenate([product, reviews["product"][keep]]),
        "category": np.concatenate([category, np.zeros(int(keep.sum()), dtype=np.int64)]),
        "rating": np.concatenate([rating, reviews["rating"][keep]]),
        "app": np.concatenate([app, ~online[reviewer[keep], 0]]).astype(np.int64),
    }
    columns["duration"] = rng.gamma(1.5, 40, len(columns["kind"])).astype(np.int64) + 2
    visible = columns["second"] < records.clock.end_second
    order = np.lexsort((columns["kind"], columns["person"], columns["second"]))
    order = order[visible[order]]
    columns = {name: column[order] for name, column in columns.items()}
    return {
        source: _table(source, columns, columns["app"] == code, records, products)
        for code, source in enumerate(("web", "app"))
    }


def _rows_of_visits(wanting: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The rows of each visit: its position and kinds. Wishes search more, and fill carts."""
    count = len(wanting)
    views = 1 + rng.poisson(np.where(wanting == 1, 1.0, 0.5))
    searches = np.flatnonzero(rng.random(count) < np.where(wanting == 1, 0.35, 0.15))
    carts = np.flatnonzero(rng.random(count) < np.where(wanting == 1, 0.40, 0.03))
    visit = np.concatenate([np.repeat(np.arange(count), views), searches, carts])
    kind = np.repeat([VIEW, SEARCH, CART], [int(views.sum()), len(searches), len(carts)])
    return visit, kind


def _before_the_order(
    person: Ints, day: Ints, second: Ints, orders: Orders, rng: np.random.Generator
) -> Ints:
    """On the day of an order the visit comes shortly before it."""
    far = 100_000
    order_keys = orders.person * far + orders.second // DAY
    by_key = np.argsort(order_keys, kind="stable")
    keys = person * far + day
    at = np.minimum(np.searchsorted(order_keys[by_key], keys), max(len(by_key) - 1, 0))
    if not len(by_key):
        return second
    hit = by_key[at]
    same = order_keys[hit] == keys
    return np.where(same, orders.second[hit] - rng.integers(400, 3000, len(second)), second)


def _reviews(orders: Orders, rng: np.random.Generator) -> dict[str, Ints]:
    """A few write a review some days after an order; a failed delivery shows in the stars."""
    named = (orders.outcome != GUEST) & (orders.shop != SHOPS.index("marketplace"))
    order = np.flatnonzero(named & (rng.random(len(orders.person)) < 0.04))
    first_line = np.searchsorted(orders.line_order, order)
    stars = np.where(
        orders.failed[order] == 1,
        rng.integers(1, 4, len(order)),
        rng.choice([2, 3, 4, 5], len(order), p=[0.05, 0.1, 0.35, 0.5]),
    )
    return {
        "order": order,
        "rating": stars,
        "product": orders.line_product[first_line],
        "second": orders.second[order] + rng.integers(4 * DAY, 20 * DAY, len(order)),
    }


def _table(
    source: str,
    columns: dict[str, Ints],
    mask: npt.NDArray[np.bool_],
    records: Records,
    products: Products,
) -> pa.Table:
    rows = {name: column[mask] for name, column in columns.items()}
    kind = rows["kind"]
    keys = pa.array(records.keys[source].tolist(), pa.string())
    ids = pa.array(products.product_id.tolist(), pa.string())
    is_search, is_review = kind == SEARCH, kind == REVIEW
    return pa.table(
        {
            "source": pa.array(np.full(len(kind), source, dtype=object), pa.string()),
            "source_key": keys.take(pa.array(rows["person"])),
            "occurred_at": timestamps(records.clock.instants(rows["second"])),
            "kind": pa.array(KINDS.tolist()).take(pa.array(kind)),
            "channel": pa.array(np.full(len(kind), source, dtype=object), pa.string()),
            "product_id": ids.take(pa.array(rows["product"], mask=is_search)),
            "query": pa.array(QUERIES.tolist()).take(pa.array(rows["category"], mask=~is_search)),
            "duration_seconds": pa.array(rows["duration"], pa.int32(), mask=kind != VIEW),
            "rating": pa.array(rows["rating"], pa.int32(), mask=~is_review),
            "text": pa.array(REVIEW_TEXTS.tolist()).take(
                pa.array(np.maximum(rows["rating"] - 1, 0), mask=~is_review)
            ),
        }
    )


def complaint_table(
    orders: Orders, records: Records, p: DemoParameters, rng: np.random.Generator
) -> pa.Table:
    """Complaints about failed orders, and the service's answers; opens records of `service`."""
    bad = np.flatnonzero((orders.failed == 1) & (orders.outcome != GUEST))
    bad = bad[rng.random(len(bad)) < p.complains]
    person = orders.person[bad]
    at = orders.second[bad] + rng.integers(6 * HOUR, 6 * DAY, len(bad))
    answered = rng.random(len(bad)) < 0.8
    who = np.concatenate([person, person[answered]])
    second = np.concatenate([at, at[answered] + rng.integers(HOUR, 3 * DAY, int(answered.sum()))])
    kind = np.repeat(["complaint", "service"], [len(person), int(answered.sum())])
    words = rng.integers(0, len(COMPLAINTS), len(who))
    known = second + upload_delay("service", len(who), rng)
    order = np.lexsort((kind, who, second))
    order = order[known[order] < records.clock.end_second]
    who, second, known, kind = who[order], second[order], known[order], kind[order]
    np.minimum.at(records.since["service"], who, second)
    return pa.table(
        {
            "source": pa.array(["service"] * len(who), pa.string()),
            "source_key": pa.array(records.key("service", who).tolist(), pa.string()),
            "occurred_at": timestamps(records.clock.instants(second)),
            "known_at": timestamps(records.clock.instants(known)),
            "kind": pa.array(kind.tolist(), pa.string()),
            "channel": pa.array(["phone"] * len(who), pa.string()),
            "text": pa.array(
                [
                    COMPLAINTS[w] if k == "complaint" else None
                    for w, k in zip(words[order], kind, strict=True)
                ],
                pa.string(),
            ),
        }
    )
