"""The plain mistakes of labelled rows stop a training; what is listed as honest does not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.learn.training.crossfit import Split, Table
from ml.learn.training.leak_rows import TWIN_ROWS
from ml.learn.training.leaks import LeakFound, check_for_leaks
from ml.learn.training.train import train
from tests.learn.leak_worlds import HORIZON, Brand, arguments, make_brand
from tests.learn.worlds import make_world


@pytest.fixture(scope="module")
def brand() -> Brand:
    return make_brand(7)


def test_the_brand_itself_is_in_order(brand: Brand) -> None:
    positional, keywords = arguments(brand.past, brand.now)
    assert check_for_leaks(*positional, **keywords) == []
    assert check_for_leaks(*positional) == []  # without today, too


def test_blocks_in_the_wrong_order_stop(brand: Brand) -> None:
    (task, table, splits, forward), keywords = arguments(brand.past, brand.now)
    assert forward
    turned = [Split(split.judge, split.fit) for split in splits]
    with pytest.raises(LeakFound, match="wrong order"):
        check_for_leaks(task, table, turned, True, **keywords)


def test_a_label_that_has_not_matured_stops(brand: Brand) -> None:
    (task, table, splits, forward), _ = arguments(brand.past, brand.now)
    early = brand.now.assign(as_of_date=table.day.max() + np.timedelta64(HORIZON - 1, "D"))
    with pytest.raises(LeakFound, match="has not matured"):
        check_for_leaks(task, table, splits, forward, today=early)


def test_rows_repeated_with_the_outcome_stop(brand: Brand) -> None:
    bought = brand.past[brand.past["label"] == 1].groupby("day").head(TWIN_ROWS)
    twins = bought.assign(customer_id=bought["customer_id"] + 1_000_000)
    positional, keywords = arguments(pd.concat([brand.past, twins]), brand.now)
    with pytest.raises(LeakFound, match="repeated under several customer ids"):
        check_for_leaks(*positional, **keywords)


def test_people_of_whom_nothing_is_known_are_alike_and_no_twins() -> None:
    random = np.random.default_rng(0)
    rows = 4000
    day = np.repeat(np.datetime64("2024-01-01") + 28 * np.arange(4), 1000)
    values = random.integers(0, 3, (rows, 6)).astype(np.float32)
    outcome = (random.random(rows) < 0.3).astype(float)
    (task, _, _, _), _ = arguments(make_brand(8).past, make_brand(8).now)
    task = replace(task, feature_names=tuple(f"count_{n}" for n in range(6)))
    table = Table(values, outcome, day, np.tile(np.arange(1000), 4), None)
    splits = [Split(np.arange(2000), np.arange(2000, rows))]
    assert check_for_leaks(task, table, splits, True) == []


def test_rows_fitted_and_judged_at_once_stop(brand: Brand) -> None:
    (task, table, _, _), _ = arguments(brand.past, brand.now)
    everything = np.arange(len(table.outcome))
    with pytest.raises(LeakFound, match="labels shuffled among customers can be told"):
        check_for_leaks(task, table, [Split(everything, everything)], False)


def test_shuffled_labels_give_a_half() -> None:
    for seed in range(12):
        world = make_brand(100 + seed)
        check_for_leaks(*arguments(world.past, world.now)[0])


def test_training_stops_at_a_leak_by_its_name_unless_it_is_allowed() -> None:
    world = make_world("logistic", customers=500)
    features, labels = world.until(6)
    leaked = features.assign(orders_next=labels["label"].to_numpy())
    names = [*world.names, "orders_next"]
    options = {"target": "share", "horizon_days": 14, "rule_columns": names[:1], "threads": 1}
    with pytest.raises(LeakFound, match="'orders_next' alone tells the label with AUC"):
        train(leaked, names, labels, **options)
    result = train(leaked, names, labels, allowed_strong=["orders_next"], **options)
    assert result.status == "trained"
    assert result.leak_alarms == ()


def test_two_copies_in_two_families_do_not_hide_each_other(brand: Brand) -> None:
    past = brand.past.assign(orders_next=brand.past["label"], visits_next=brand.past["label"])
    now = brand.now.assign(orders_next=0.0, visits_next=0.0, label=0.0)
    (task, table, splits, forward), _ = arguments(past, now.drop(columns="label"))
    with pytest.raises(LeakFound, match="'orders_next' alone"):
        check_for_leaks(
            task, table, splits, forward, families={"orders_next": "a", "visits_next": "b"}
        )
