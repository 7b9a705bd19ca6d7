"""Drift: PSI against its formula, limits from history, silence of stable brands and alarms of changed ones."""

import json

import numpy as np
import pandas as pd
import pytest

from ml.learn.judging.drift import (
    MATERIAL_PSI,
    SCORE,
    TOGETHER,
    DriftProfile,
    drift_profile,
    drift_table,
    psi,
)
from tests.learn.leak_worlds import HORIZON, LAG, make_brand

ELAPSED = HORIZON + LAG


def names_of(frame):
    return [n for n in frame if n not in ("customer_id", "as_of_date", "label", "day")]


def score(frame):
    days = frame["orders_days_since_last"].fillna(400)
    return 1 / (1 + np.exp(-0.2 * frame["visits_count_28d"] + 0.02 * days + 0.5))


def compare(brand, now):
    past = brand.past
    profile = drift_profile(past, names_of(past), past.assign(served=score(past)), ELAPSED, seed=0)
    table = drift_table(profile, now, score(now).to_numpy(), seed=0)
    return profile, table.set_index("feature")


def test_psi_is_the_symmetric_divergence():
    a, b = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.4, 0.2])
    expected = (a * np.log(a / b)).sum() + (b * np.log(b / a)).sum()
    assert psi(a, b) == pytest.approx(expected)
    assert psi(b, a) == pytest.approx(expected)
    assert psi(a, a) == 0
    assert np.isfinite(psi(np.array([1.0, 0.0]), np.array([0.0, 1.0])))


def test_stable_brands_are_silent():
    alarms = 0
    for seed in range(12):
        brand = make_brand(seed)
        _, table = compare(brand, brand.now)
        alarms += bool(table["alarm"].any())
        assert "calendar_month" not in table.index
    assert alarms <= 1


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        (lambda now: now.assign(tenure_days=now["tenure_days"] / 7), "tenure_days"),
        (lambda now: now.assign(visits_count_28d=0.0, visits_count_7d=0.0), "visits_count_28d"),
        (lambda now: now.assign(person_trait=np.nan), "person_trait"),
        (lambda now: now[now["visits_count_90d"] > 3], TOGETHER),
    ],
)
def test_a_change_is_named(change, feature):
    for seed in range(3):
        brand = make_brand(seed)
        _, table = compare(brand, change(brand.now))
        assert table.loc[feature, "alarm"], seed
        assert table.loc[TOGETHER, "alarm"], seed


def test_the_score_is_judged_too():
    brand = make_brand(1)
    profile, _ = compare(brand, brand.now)
    table = drift_table(profile, brand.now, score(brand.now).to_numpy() ** 3, 0)
    assert table.set_index("feature").loc[SCORE, "alarm"]


def test_a_profile_survives_its_files_and_rows_may_come_in_any_order():
    brand = make_brand(2)
    profile, table = compare(brand, brand.now)
    back = DriftProfile.from_parts(json.loads(json.dumps(profile.to_dict())), profile.reference)
    now = brand.now.sample(frac=1, random_state=3)
    again = drift_table(back, now, score(now).to_numpy(), seed=0).set_index("feature")
    pd.testing.assert_frame_equal(again, table)
    limits = [limit for limit in profile.limits.values() if limit is not None]
    assert min(limits) >= MATERIAL_PSI


def test_a_short_history_sets_no_limit_and_raises_no_alarm():
    brand = make_brand(3)
    past = brand.past[brand.past["day"] >= brand.cutoffs[-2]]
    profile = drift_profile(past, names_of(past), past.assign(served=score(past)), ELAPSED, 0)
    assert set(profile.limits.values()) == {None}
    assert profile.together_limit is None
    table = drift_table(profile, brand.now.assign(tenure_days=0.0), score(brand.now).to_numpy(), 0)
    assert not table["alarm"].any()
    assert table["limit"].isna().all()
