"""Every planted leak is told by name, and a hundred clean brands are silent."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from ml.learn.training.leak_traces import Sample, strengths
from ml.learn.training.leaks import LeakFound, check_for_leaks
from tests.learn.leak_worlds import (
    HORIZON,
    Brand,
    arguments,
    make_brand,
)

Values = Callable[[Brand, int, pd.DataFrame], np.ndarray]
"""A column as somebody would compute it at a cut-off from everything known on the run's own day."""

CLEAN_BRANDS = 100
SEEDS = range(1000, 1003)
PLANTED_CUSTOMERS = 2400


def _ahead(brand: Brand, day: int) -> np.ndarray:
    return brand.orders[:, day : day + HORIZON].sum(axis=1)


def _label(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    return (_ahead(brand, day) > 0).astype(float)


def _noisy_label(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    wrong = np.random.default_rng(day).random(len(brand.orders)) < 0.05
    return np.where(
        wrong & (day < brand.today), 1 - _label(brand, day, rows), _label(brand, day, rows)
    )


def _days_until(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    ahead = brand.orders[:, day:] > 0
    if not ahead.size:
        return np.full(len(brand.orders), np.nan)
    return np.where(ahead.any(axis=1), ahead.argmax(axis=1), np.nan)


def _amount(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    prices = np.random.default_rng(day).lognormal(3, 1, len(brand.orders))
    return _ahead(brand, day) * prices


def _straddling(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    return brand.counted(brand.orders, day + HORIZON // 2, HORIZON)


def _last_as_of_today(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    return brand.since(brand.orders, brand.today) - (brand.today - day)


def _lifetime_as_of_today(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    return brand.orders.sum(axis=1)


def _null_unless(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    noise = np.random.default_rng(day).random(len(brand.orders))
    return np.where(_ahead(brand, day) > 0, noise, np.nan)


def _row_number(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    return np.argsort(np.argsort(_ahead(brand, day) > 0, kind="stable"))


def _returned_later(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    returned = np.random.default_rng(day).random(len(brand.orders)) < 0.4
    return ((_ahead(brand, day) > 0) & returned).astype(float)


def _mean_label(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    means = brand.past.groupby("customer_id")["label"].mean()
    return means.reindex(np.arange(len(brand.orders))).to_numpy()


def _future_model(brand: Brand, day: int, rows: pd.DataFrame) -> np.ndarray:
    """The probability that a forest gives which was fitted on every cut-off, this one's label among them."""
    from sklearn.ensemble import RandomForestClassifier

    names = [n for n in brand.past if n not in ("customer_id", "as_of_date", "label", "day")]
    forest = RandomForestClassifier(20, random_state=0, max_depth=12)
    forest.fit(brand.past[names].fillna(-1), brand.past["label"])
    told = np.full(len(brand.orders), np.nan)
    told[rows["customer_id"]] = forest.predict_proba(rows[names].fillna(-1))[:, 1]
    return told


PLANTED: dict[str, Values] = {
    "the label itself": _label,
    "the label with 5 % noise": _noisy_label,
    "days until the next order": _days_until,
    "number of orders in the window": lambda brand, day, rows: _ahead(brand, day),
    "amount in the window": _amount,
    "a count over a window straddling the cut-off": _straddling,
    "last order as known today": _last_as_of_today,
    "lifetime orders as of today": _lifetime_as_of_today,
    "missing unless the label": _null_unless,
    "a row number after sorting by label": _row_number,
    "a status known later": _returned_later,
    "the customer's mean label over all cut-offs": _mean_label,
    "the probability of a model that saw the future": _future_model,
}


def plant(brand: Brand, values: Values) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of past and today with the planted column."""

    def planted(rows: pd.DataFrame) -> pd.DataFrame:
        (day,) = rows["day"].unique()
        column = np.asarray(values(brand, int(day), rows), dtype=float)[rows["customer_id"]]
        return rows.assign(planted_column=column)

    parts = [planted(rows) for _, rows in brand.past.groupby("day")]
    return pd.concat(parts, ignore_index=True), planted(brand.now)


def told(past: pd.DataFrame, now: pd.DataFrame) -> set[str]:
    """The features that are named, whether the training stops or goes on."""
    positional, keywords = arguments(past, now)
    try:
        return {alarm.feature for alarm in check_for_leaks(*positional, **keywords)}
    except LeakFound as stop:
        return {name for name in past if f"'{name}'" in str(stop)}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_leak_is_named(kind: str) -> None:
    for seed in SEEDS:
        brand = make_brand(seed, PLANTED_CUSTOMERS, strong=seed % 3 == 0)
        assert told(*plant(brand, PLANTED[kind])) == {"planted_column"}, seed


def test_clean_brands_are_silent() -> None:
    strongest = []
    for seed in range(CLEAN_BRANDS):
        brand = make_brand(seed, strong=seed % 3 == 0)
        assert told(brand.past, brand.now) == set(), seed
        table = arguments(brand.past, brand.now)[0][1]
        strongest.append(
            strengths(
                Sample(table.values, table.outcome, table.day, table.customer, None, None)
            ).max()
        )
    # The silence is worth something only where honest features are strong.
    assert np.quantile(strongest, 0.8) > 0.88
