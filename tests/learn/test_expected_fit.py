"""All of it at once: planted timing and money through one bundle, its files, and what it says of customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.learn.expected.bundle import ExpectedBundle, Own
from ml.learn.expected.fit import ExpectedTask, fit_expected

HORIZON, SEEN = 30, 200
TASK = ExpectedTask("next_purchase", HORIZON, ("orders", "noise"), Own("money", "orders"), 1, 2)


def world(
    customers: int = 1_500, cutoffs: int = 8, seed: int = 3
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Features, outcomes and true probabilities out of fold of customers with constant rates and sizes."""
    draw = np.random.default_rng(seed)
    rate, size = draw.gamma(1.0, 0.02, customers), draw.lognormal(3, 0.6, customers)
    first = date(2024, 1, 1)
    parts = []
    for number in range(cutoffs):
        past = draw.poisson(rate * (300 + 14 * number))
        money = size * past * draw.lognormal(0, 0.1, customers)
        days = draw.exponential(1 / rate)
        later = 1 + draw.poisson(rate * np.maximum(HORIZON - days, 0))
        observed = SEEN - 14 * number
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": [f"c{n:05d}" for n in range(customers)],
                    "as_of_date": first + timedelta(days=14 * number),
                    "orders": past,
                    "money": money,
                    "noise": draw.normal(size=customers),
                    "days_until_order": np.where(days < observed, np.floor(days), np.nan),
                    "days_observed": observed,
                    "window_amount": np.where(days < HORIZON, size * later, 0.0),
                    "people_reached": np.nan,
                    "label": (days < HORIZON).astype(int),
                    "served": -np.expm1(-rate * HORIZON),
                    "rate": rate,
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    keys = ["customer_id", "as_of_date"]
    features = rows[[*keys, "orders", "money", "noise", "rate"]]
    outcomes = rows[[*keys, "days_until_order", "days_observed", "window_amount", "people_reached"]]
    return features, outcomes, rows[[*keys, "label", "served"]]


@pytest.fixture(scope="module")
def frames() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return world()


@pytest.fixture(scope="module")
def bundle(frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> ExpectedBundle:
    return fit_expected(TASK, *frames, weights=(0.2, 0.2, 0.6))


def test_planted_rates_give_their_medians(
    bundle: ExpectedBundle, frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
) -> None:
    features, _, oof = frames
    curve = bundle.survival(features, oof["served"].to_numpy())
    days = bundle.days(curve, 365)
    assert days is not None
    truth = np.minimum(np.log(2) / features["rate"].to_numpy(), 365)
    inside = truth < 90
    assert inside.sum() > 1_000
    assert np.median(np.abs(days - truth)[inside] / truth[inside]) < 0.08


def test_totals_of_the_planted_money_hold(
    bundle: ExpectedBundle, frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
) -> None:
    features, _, oof = world(seed=3)
    _, outcomes, _ = frames
    expected = bundle.amount(features, oof["served"].to_numpy())
    assert expected is not None
    assert expected.sum() == pytest.approx(outcomes["window_amount"].sum(), rel=0.05)
    assert np.corrcoef(expected, outcomes["window_amount"])[0, 1] > 0.4


def test_files_bring_it_back_and_equal_rows_give_equal_bytes(
    bundle: ExpectedBundle, frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
) -> None:
    features, outcomes, oof = frames
    again = ExpectedBundle.from_files(bundle.to_files())
    assert again.to_files() == bundle.to_files()
    served = oof["served"].to_numpy()
    assert (again.amount(features, served) == bundle.amount(features, served)).all()
    assert (again.survival(features, served) == bundle.survival(features, served)).all()
    shuffled = fit_expected(
        replace(TASK, threads=1),
        features.sample(frac=1, random_state=1),
        outcomes.sample(frac=1, random_state=2),
        oof.sample(frac=1, random_state=3),
        weights=(0.2, 0.2, 0.6),
    )
    assert shuffled.sha256 == bundle.sha256


def test_a_customer_is_told_the_same_in_any_company(
    bundle: ExpectedBundle, frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
) -> None:
    features, _, oof = frames
    served = oof["served"].to_numpy()
    alone = features.iloc[7:8]
    assert bundle.survival(alone, served[7:8])[0] == pytest.approx(
        bundle.survival(features, served)[7], abs=1e-12
    )
    assert bundle.amount(alone, served[7:8])[0] == pytest.approx(bundle.amount(features, served)[7])


def test_churn_puts_a_price_on_who_stays(
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    features, outcomes, oof = frames
    leaving = oof.assign(label=1 - oof["label"], served=1 - oof["served"])
    churn = fit_expected(replace(TASK, target="churn"), features, outcomes, leaving)
    assert churn.timing is None
    probability = leaving["served"].to_numpy()
    loss = churn.amount(features, probability)
    assert loss is not None
    stays = loss / probability * (1 - probability)
    assert stays.sum() == pytest.approx(outcomes["window_amount"].sum(), rel=0.05)
    assert churn.amount(features.head(2), np.array([0.0, 1.0])).tolist()[0] == 0.0


def test_reach_counts_people(frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> None:
    features, outcomes, oof = frames
    people = np.where(oof["label"] == 1, 1 + features["orders"] % 3, 0)
    reached = outcomes.assign(people_reached=people, window_amount=np.nan)
    share = fit_expected(replace(TASK, target="share", own=Own()), features, reached, oof)
    expected = share.amount(features, oof["served"].to_numpy())
    assert share.timing is None
    assert expected is not None
    assert expected.sum() == pytest.approx(people.sum(), rel=0.05)
    nobody = outcomes.assign(people_reached=0, window_amount=np.nan)
    assert fit_expected(replace(TASK, target="share"), features, nobody, oof).value is None


def test_without_a_word_out_of_fold_the_rate_is_constant(
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    features, outcomes, oof = frames
    bare = fit_expected(TASK, features, outcomes, oof.head(0))
    assert bare.timing is not None
    assert bare.timing.kind == "constant"
    assert bare.value is None
    assert bare.amount(features, oof["served"].to_numpy()) is None
    days = bare.days(bare.survival(features.head(1), np.array([0.5])), 365)
    assert days is not None
    assert days[0] == pytest.approx(HORIZON)
    assert (
        fit_expected(replace(TASK, target="churn"), features, outcomes, oof.head(0)).timing is None
    )


def test_rows_without_an_outcome_and_features_that_are_missing_are_told(
    bundle: ExpectedBundle, frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
) -> None:
    features, outcomes, oof = frames
    with pytest.raises(ValueError, match="1 of 12000 have none"):
        fit_expected(TASK, features, outcomes.iloc[1:], oof)
    with pytest.raises(ValueError, match="1 are not in the table: noise"):
        bundle.survival(features.drop(columns="noise"), oof["served"].to_numpy())
    with pytest.raises(ValueError, match="format 1"):
        ExpectedBundle.from_files({})
