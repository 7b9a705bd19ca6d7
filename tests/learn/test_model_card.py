"""A model's card: its figures are those of the training, and it names nobody."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ml.data.questions import question_of
from ml.data.targets import Target, known_targets
from ml.home import Home
from ml.learn.fit import top_features
from ml.learn.judging.model_card import GRADES, Circumstances, model_card, short_card
from ml.learn.judging.plots import backtest_plot, feature_plot
from ml.learn.registry import MODEL_FOLDER, Registry
from ml.learn.training.result import TrainingResult
from ml.learn.training.train import train
from tests.learn.worlds import HORIZON, World, make_world

RULES = ["visits_count_30d", "complaints_count_30d"]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world("logistic", customers=400, cutoffs=8, noise_columns=2)


def trained(world: World, days: int = 8) -> TrainingResult:
    features, labels = world.until(days)
    return train(
        features, world.names, labels, target="share", horizon_days=HORIZON, rule_columns=RULES,
        min_class_customers=50, seed=3,
    )  # fmt: skip


@pytest.fixture(scope="module")
def result(world: World) -> TrainingResult:
    return trained(world)


def around(result: TrainingResult, world: World) -> Circumstances:
    assert result.bundle is not None
    question = question_of(Target("share", HORIZON, 365))
    return Circumstances(
        name="propensity_share_14d",
        asked=question.asked,
        of_whom=question.of_whom,
        as_of_date=date(2024, 4, 1),
        definition_hash="d" * 16,
        landing_digest="e" * 64,
        top_features=top_features(result.bundle, world.features),
    )


def test_the_card_tells_the_figures_of_the_training(result: TrainingResult, world: World) -> None:
    card = model_card(result, around(result, world))
    assert result.bundle is not None
    assert result.grade in "AB"
    assert f"Grade **{result.grade}**: {GRADES[str(result.grade)]}." in card
    assert "Will the customer send a share, whatever becomes of it, within 14 days?" in card
    assert f"{result.parameters['rows']:,} rows at 8 cut-offs, 2024-01-01 to 2024-02-19" in card
    assert f"ended before {result.trained_until}" in card
    assert f"{result.customers_with:,} customers had the outcome" in card
    for name in ("served", "logistic", "trees", str(result.best_rule)):
        figures = result.metrics[name]
        line = f"| {figures['auc']:.3f} | {figures['average_precision']:.3f} | {figures['log_loss']:.4f} |"
        assert line in card, name
    assert card.count("| what is served |") == 1 + result.oof["as_of_date"].nunique()
    assert "kith train --landing LANDING --home HOME --as-of-date 2024-04-01 --target share" in card
    for said in (
        "d" * 16,
        "e" * 64,
        "seed 3",
        result.bundle.sha256,
        "Not for decisions about a person",
    ):
        assert said in card
    assert "{" not in card
    assert not {name for name in world.features["customer_id"] if name in card}


def test_the_registry_keeps_the_short_card_whole(
    result: TrainingResult, world: World, tmp_path: Path
) -> None:
    from mlflow.store.model_registry.dbmodels.models import SqlModelVersion, SqlRegisteredModel

    circumstances = around(result, world)
    assert result.bundle is not None
    card = short_card(result, circumstances)
    assert (
        len(card)
        < SqlModelVersion.description.type.length
        == SqlRegisteredModel.description.type.length
    )
    assert model_card(result, circumstances).startswith(card[: card.index("## Meant for")])
    registry, target = Registry(Home(tmp_path)), Target("share", HORIZON, 365)
    files = {f"{MODEL_FOLDER}/{name}": text for name, text in result.bundle.to_files().items()}
    tags = {"as_of_date": "2024-04-01", "definition_hash": "d", "best_rule": str(result.best_rule)}
    run_id = registry.log_run(target, "t", tags=tags, parameters={}, metrics={}, files=files)
    version = registry.register(target, run_id, result.bundle, tags)
    registry.describe(version, circumstances.asked, card)
    client = registry._client
    assert client.get_model_version(version.name, version.number).description == card
    assert client.get_registered_model(version.name).description == circumstances.asked


def test_what_the_model_leans_on_is_planted(result: TrainingResult, world: World) -> None:
    table = around(result, world).top_features
    assert table["feature"].iloc[0] == "visits_count_30d"
    assert set(table["feature"][:3]) == {
        "visits_count_30d",
        "complaints_count_30d",
        "days_since_last_share",
    }
    assert table["contribution"].is_monotonic_decreasing
    assert table.set_index("feature")["words"]["complaints_count_30d"].startswith("… complaint")
    bars = feature_plot(table, "t").axes[0].patches
    assert [bar.get_width() for bar in bars] == list(table["contribution"][::-1])


def test_the_backtest_is_drawn_for_what_serves_and_the_rule(result: TrainingResult) -> None:
    panels = backtest_plot(result.backtest, "t").axes
    assert [panel.get_ylabel().split()[0] for panel in panels] == ["log-loss", "AUC"]
    for panel, measure in zip(panels, ("log_loss", "auc"), strict=True):
        drawn = {str(line.get_label()): list(line.get_ydata()) for line in panel.lines}
        assert set(drawn) == {"served", result.best_rule}
        for contender, values in drawn.items():
            rows = result.backtest[result.backtest["contender"] == contender]
            assert values == list(rows[measure])


def test_a_short_history_and_an_unknown_figure_are_told(world: World) -> None:
    result = trained(world, days=1)
    assert not result.out_of_time
    metrics = {**result.metrics, "served": {**result.metrics["served"], "auc": float("nan")}}
    card = short_card(dataclasses.replace(result, metrics=metrics), around(result, world))
    assert "on other customers at the same time" in card
    assert "| what is served | – |" in card
    assert f"Grade **{result.grade}**" in card
    assert result.grade in "CD"


def test_there_is_no_card_of_nothing(result: TrainingResult, world: World) -> None:
    thin = TrainingResult("thin_data", "share", HORIZON, 3, 400, 50)
    with pytest.raises(ValueError, match="share is thin_data"):
        model_card(thin, around(result, world))


@pytest.mark.parametrize("name", known_targets())
def test_every_target_has_its_words(name: str) -> None:
    question = question_of(Target(name, 17, 170))
    assert "within 17 days?" in question.asked
    assert "in the 170 days before" in question.of_whom


def test_the_explained_rows_are_few_and_of_the_latest_cutoff(result: TrainingResult) -> None:
    assert result.bundle is not None
    asked: list[pd.DataFrame] = []

    class Spy:
        def contributions(self, frame: pd.DataFrame) -> pd.DataFrame:
            asked.append(frame)
            return pd.DataFrame({"visits_count_30d": 1.0, "bias": 0.0}, index=frame.index)

    days = [pd.Timestamp("2024-01-01")] * 3 + [pd.Timestamp("2024-02-01")] * 9_000
    features = pd.DataFrame({"as_of_date": days, "row": range(9_003)})
    table = top_features(Spy(), features)  # type: ignore[arg-type]
    assert list(table["feature"]) == ["visits_count_30d"]
    (rows,) = asked
    assert 1_000 < len(rows) <= 2_000
    assert rows["row"].min() == 3
