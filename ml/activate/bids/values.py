"""Bid value: what it is worth at most to reach a person, in money of the brand.

    value = margin_share x expected_amount, capped, rounded down to the currency's smallest coin

`expected_amount` is the money to expect of a person within the horizon, its probability included, so that the
product is an expected margin. The cap is the quantile `bid_cap_quantile` of the positive margins of the day, and
`most_bid_value` where it is set: expected money has a long tail, and the few greatest are the least certain. 0 means
"do not send": nothing to expect, nothing known, or less than one coin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Money = NDArray[np.float64]


@dataclass(frozen=True)
class BidTerms:
    """How values are made: share of an order's money that is margin, the caps, and decimals of the currency."""

    margin_share: float
    cap_quantile: float
    most_value: float | None
    decimals: int


@dataclass(frozen=True)
class BidValues:
    """Per person: margin to expect, value, and whether a cap was reached; one length, one order."""

    expected_margin: Money
    value: Money
    is_capped: NDArray[np.bool_]
    cap: float


def bid_values(expected_amount: Money, terms: BidTerms) -> BidValues:
    """Turn money to expect (NaN: unknown) into values.

    The quantile is one of the margins themselves (the next lower one), so that equal days have equal caps.
    """
    known = np.nan_to_num(expected_amount, nan=0.0, posinf=0.0, neginf=0.0)
    margin = np.maximum(known, 0.0) * terms.margin_share
    positive = margin[margin > 0]
    cap = float(np.quantile(positive, terms.cap_quantile, method="lower")) if positive.size else 0.0
    if terms.most_value is not None:
        cap = min(cap, terms.most_value)
    # A value is never rounded up: it would say more than is expected.
    coins = 10**terms.decimals
    value = np.floor(np.minimum(margin, cap) * coins + 1e-6) / coins
    return BidValues(margin, value, margin > cap, cap)
