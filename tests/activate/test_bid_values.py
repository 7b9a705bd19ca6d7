"""Bid values: money to expect times margin, never more, in coins that exist."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.activate.bids.table import bid_terms
from ml.activate.bids.values import BidTerms, bid_values
from ml.home import Home

MONEY = st.one_of(st.just(math.nan), st.floats(-10, 1e6, allow_nan=False))


@given(
    st.lists(MONEY, max_size=30),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([None, 5.0, 1e9]),
    st.sampled_from([0, 2, 3]),
)
def test_a_value_is_never_more_than_is_expected(
    amounts: list[float], share: float, quantile: float, most: float | None, decimals: int
) -> None:
    found = bid_values(np.array(amounts, dtype=float), BidTerms(share, quantile, most, decimals))
    positive = sorted(a * share for a in amounts if not math.isnan(a) and a * share > 0)
    cap = positive[math.floor(quantile * (len(positive) - 1))] if positive else 0.0
    cap = min(cap, most) if most is not None else cap
    assert found.cap == pytest.approx(cap)
    for amount, value, capped in zip(amounts, found.value, found.is_capped, strict=True):
        margin = 0.0 if math.isnan(amount) else max(amount, 0.0) * share
        assert 0 <= value <= min(margin, cap) + 1e-6
        assert min(margin, cap) - value < 10**-decimals + 1e-6
        assert value * 10**decimals == pytest.approx(round(value * 10**decimals), abs=1e-4)
        assert capped == (margin > found.cap)


def test_unknown_nothing_and_less_than_a_coin_are_nothing() -> None:
    amounts = np.array([np.nan, 0.0, 0.03, 100.0])
    assert bid_values(amounts, BidTerms(0.3, 1.0, None, 2)).value.tolist() == [0, 0, 0, 30]
    assert bid_values(amounts, BidTerms(0.3, 1.0, 7.5, 0)).value.tolist() == [0, 0, 0, 7]


@pytest.mark.parametrize(("currency", "decimals"), [(None, 2), ("EUR", 2), ("VND", 0), ("KWD", 3)])
def test_coins_of_the_currency(
    currency: str | None, decimals: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if currency:
        monkeypatch.setenv("KITH_CURRENCY", currency)
    assert bid_terms(Home(tmp_path)).decimals == decimals
