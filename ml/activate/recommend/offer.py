"""From a home to its offers: which kind of thing, which method, three places for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ml.activate.recommend.assortment import OfferRules
from ml.activate.recommend.choose import Choice, Past, choose, window_starts
from ml.activate.recommend.facts import read_history
from ml.activate.recommend.quality import FIRST
from ml.activate.recommend.queries import CATEGORY, KINDS, PRODUCT
from ml.activate.recommend.ranking import NOTHING, Offers
from ml.activate.recommend.tables import OFFER_COLUMNS
from ml.activate.recommend.why import Reasons
from ml.settings import Settings

REACHABLE = 0.5
"""Where less than this of what people take could have been offered, as with single pieces, categories are offered."""


@dataclass(frozen=True)
class Plan:
    """What will be offered on a day: the kind, the method, and how the methods did. No kind: nothing, and why."""

    kind: str | None
    reason: str
    choice: Choice | None = None
    offers: Offers | None = None


@dataclass(frozen=True)
class Question:
    """Of which day, with which rules, and what counts as complete."""

    today: date
    first_fact: date | None
    complete_until: date
    horizon_days: int
    rules: OfferRules
    threads: int

    @classmethod
    def of(
        cls, settings: Settings, today: date, first_fact: date | None, complete_until: date
    ) -> Question:
        """The question as the settings of a home put it."""
        rules = OfferRules(
            settings.recommend_unsold_days,
            settings.recommend_new_days,
            settings.recommend_repeat_share,
            settings.recommend_rest_days,
        )
        horizon = settings.recommend_horizon_days
        return cls(today, first_fact, complete_until, horizon, rules, settings.threads)

    def starts(self) -> list[date]:
        """The first days of the windows that the past has room for, the latest first."""
        if self.first_fact is None:
            return []
        return window_starts(self.first_fact, self.complete_until, self.horizon_days)

    def past(self, connection: duckdb.DuckDBPyConnection, kind: str) -> Past:
        """The past as methods are tried on it."""
        return Past(connection, self.today, kind, self.horizon_days, self.rules, self.threads)


def plan_offers(connection: duckdb.DuckDBPyConnection, question: Question) -> Plan:
    """Choose the kind and the method for a day, and prepare its offers."""
    found: dict[str, tuple[Offers, Choice]] = {}
    for kind in KINDS:
        history = read_history(connection, question.today, question.today, kind)
        offers = Offers.of(history, question.rules, question.threads)
        if int(offers.assortment.may_offer.sum()) < FIRST:
            continue
        found[kind] = offers, choose(question.past(connection, kind), question.starts())
        if not _slips_away(found[kind][1]):
            break
    if not found:
        return Plan(None, _why_nothing(connection, question))
    kind = CATEGORY if CATEGORY in found else PRODUCT
    offers, choice = found[kind]
    return Plan(kind, choice.reason, choice, offers)


def offered(
    offers: Offers, weights: Mapping[str, float], customer_ids: NDArray[np.object_]
) -> Iterator[pa.Table]:
    """Three places for each of these customers that the day knows, in ascending order of customer_id."""
    history = offers.history
    numbers = np.flatnonzero(pd.Index(history.customers).isin(customer_ids)).astype(np.int64)
    reasons = Reasons(offers, weights)
    names = history.items["item"].to_numpy(dtype=object)
    titles = history.items["title"].fillna(history.items["item"]).to_numpy(dtype=object)
    for batch, things, scores in offers.best(weights, numbers, FIRST):
        words = reasons.of(batch, things)
        row, place = np.nonzero(things != NOTHING)
        thing = things[row, place]
        columns = [
            history.customers[batch[row]],
            (place + 1).astype(np.int32),
            np.full(len(row), history.kind, dtype=object),
            names[thing],
            titles[thing],
            np.round(scores[row, place].astype(np.float64), 6),
            words[row, place],
        ]
        yield pa.Table.from_arrays(
            [pa.array(c, type=f.type) for c, f in zip(columns, OFFER_COLUMNS, strict=True)],
            schema=OFFER_COLUMNS,
        )


def _slips_away(choice: Choice) -> bool:
    """Are most things that people take gone before they could be offered?"""
    return choice.judged is not None and choice.judged.offerable_share < REACHABLE


def _why_nothing(connection: duckdb.DuckDBPyConnection, question: Question) -> str:
    history = read_history(connection, question.today, question.today, PRODUCT)
    if not len(history.items):
        return (
            "neither order lines nor interactions name a product, so there is nothing to offer: "
            "land `order_lines`, or `interactions` with product_id"
        )
    return (
        f"of {len(history.items)} products known, fewer than {FIRST} were sold in the last "
        f"{question.rules.unsold_days} days or are new, and there are no {FIRST} categories either"
    )
