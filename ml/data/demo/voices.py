"""What people say about what they bought: reviews, and complaints at the service desk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.data.demo.history import GUEST
from ml.data.demo.instants import DAY, HOUR, upload_delay
from ml.data.demo.interaction_rows import APP, REVIEW, WEB, Rows, rows_of
from ml.data.demo.orders import Orders
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.records import Records
from ml.data.demo.traits import SHOPS, SOURCES, Traits
from ml.data.demo.words import COMPLAINTS, REVIEWS
from ml.data.landing_writer import timestamps

Ints = npt.NDArray[np.int64]


def review_rows(
    orders: Orders, traits: Traits, p: DemoParameters, rng: np.random.Generator
) -> Rows:
    """A few write a review some days after an order; a failed delivery shows in the stars."""
    web, app = (traits.member[orders.person, SOURCES.index(s)] for s in ("web", "app"))
    named = (orders.outcome != GUEST) & (orders.shop != SHOPS.index("marketplace")) & (web | app)
    order = np.flatnonzero(named & (rng.random(len(orders.person)) < p.reviews))
    stars = np.where(
        orders.failed[order] == 1,
        rng.integers(1, 4, len(order)),
        rng.choice([2, 3, 4, 5], len(order), p=[0.05, 0.1, 0.35, 0.5]),
    )
    sizes = np.array([len(texts) for texts in REVIEWS])
    within = (rng.random(len(order)) * sizes[stars - 1]).astype(np.int64)
    return rows_of(
        orders.person[order],
        orders.second[order] + rng.integers(4 * DAY, 20 * DAY, len(order)),
        np.where(web[order], WEB, APP),
        np.full(len(order), REVIEW),
        product=orders.line_product[np.searchsorted(orders.line_order, order)],
        rating=stars,
        text=(np.cumsum(sizes) - sizes)[stars - 1] + within,
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
