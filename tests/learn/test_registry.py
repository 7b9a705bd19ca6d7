"""The model registry: two homes in one process keep apart, and tampered files are refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.data.targets import Target
from ml.errors import KithError
from ml.home import Home
from ml.learn.expected.amount import ValueModel
from ml.learn.expected.bundle import ExpectedBundle, Own
from ml.learn.expected.timing import constant_rate
from ml.learn.models.bundle import ModelBundle
from ml.learn.registry import EXPECTED_FOLDER, MODEL_FOLDER, RegisteredModel, Registry
from ml.learn.training.train import train

TARGET = Target("next_purchase", 7, 365)
DAY = date(2024, 6, 1)


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    draw = np.random.default_rng(1)
    days = [date(2024, 3, day) for day in (4, 11, 18, 25)]
    rows = [(f"c{number}", day) for day in days for number in range(120)]
    features = pd.DataFrame(rows, columns=["customer_id", "as_of_date"])
    features["orders_count_all"] = draw.poisson(3, len(rows)).astype("float32")
    chance = 1 / (1 + np.exp(2 - features["orders_count_all"]))
    labels = features[["customer_id", "as_of_date"]].assign(
        label=(draw.random(len(rows)) < chance) * 1
    )
    result = train(
        features, ["orders_count_all"], labels, target=TARGET.name, horizon_days=TARGET.horizon_days,
        rule_columns=["orders_count_all"], min_class_customers=20,
    )  # fmt: skip
    assert result.bundle is not None
    return result.bundle


def registered(
    home: Path, bundle: ModelBundle, day: date = DAY, expected: ExpectedBundle | None = None
) -> tuple[Registry, RegisteredModel]:
    registry = Registry(Home(home))
    files = {f"{MODEL_FOLDER}/{name}": content for name, content in bundle.to_files().items()}
    for name, content in (expected.to_files() if expected else {}).items():
        files[f"{EXPECTED_FOLDER}/{name}"] = content
    tags = {"as_of_date": day.isoformat(), "definition_hash": "d"}
    run_id = registry.log_run(
        TARGET, "train", tags=tags, parameters={"a": 1}, metrics={"auc": 0.7}, files=files
    )
    return registry, registry.register(TARGET, run_id, bundle, tags, expected)


def test_two_homes_in_one_process_do_not_see_each_other(
    tmp_path: Path, bundle: ModelBundle
) -> None:
    first, _ = registered(tmp_path / "one", bundle)
    second = Registry(Home(tmp_path / "two"))
    assert len(first.versions(TARGET, DAY)) == 1
    assert second.versions(TARGET, DAY) == []
    assert list((tmp_path / "one" / "mlflow" / "artifacts").rglob("bundle.json"))


def test_a_champion_serves_from_its_day_on_and_no_earlier(
    tmp_path: Path, bundle: ModelBundle
) -> None:
    registry, model = registered(tmp_path, bundle)
    assert registry.champion(TARGET, DAY, "d") is None
    registry.promote(TARGET, model, DAY)
    champion = registry.champion(TARGET, DAY, "d")
    assert champion is not None
    assert champion.number == model.number
    assert registry.champion(TARGET, date(2024, 5, 31), "d") is None
    assert registry.champion(TARGET, DAY, "another definition") is None
    assert registry.load(champion).version == bundle.version


def test_files_that_somebody_changed_are_refused(tmp_path: Path, bundle: ModelBundle) -> None:
    registry, model = registered(tmp_path, bundle)
    (stored,) = (tmp_path / "mlflow" / "artifacts").rglob("bundle.json")
    stored.write_text(stored.read_text().replace('"base_rate": 0', '"base_rate": 0.1'))
    with pytest.raises(KithError, match="do not match the SHA-256"):
        registry.load(model)


def expectations(level: float) -> ExpectedBundle:
    value = ValueModel("mean", 20.0, 0.0, level)
    timing = constant_rate(TARGET.horizon_days)
    names = ("orders_count_all",)
    return ExpectedBundle(TARGET.name, TARGET.horizon_days, names, Own(), True, timing, value)


def test_what_is_expected_is_part_of_a_version(tmp_path: Path, bundle: ModelBundle) -> None:
    registry, bare = registered(tmp_path, bundle)
    _, one = registered(tmp_path, bundle, expected=expectations(1.0))
    _, other = registered(tmp_path, bundle, expected=expectations(1.1))
    assert len({model.tags["sha256"] for model in (bare, one, other)}) == 3
    assert registry.load_expected(bare) is None
    assert registry.load_expected(one) == expectations(1.0)
    assert registry.load(one).sha256 == bundle.sha256


def test_expectations_that_somebody_changed_are_refused(
    tmp_path: Path, bundle: ModelBundle
) -> None:
    registry, model = registered(tmp_path, bundle, expected=expectations(1.0))
    (stored,) = (tmp_path / "mlflow" / "artifacts").rglob("expected.json")
    stored.write_text(stored.read_text().replace('"brand_mean": 20.0', '"brand_mean": 21.0'))
    assert registry.load(model).sha256 == bundle.sha256
    with pytest.raises(KithError, match="do not match the SHA-256"):
        registry.load_expected(model)
