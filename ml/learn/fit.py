"""Training in a run: a candidate for each target, and what MLflow keeps of it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
from matplotlib.figure import Figure

from ml.data.build import build_labels
from ml.data.questions import question_of
from ml.data.targets import Target
from ml.home import SEEDS
from ml.learn.definition import SEED, definition_hash
from ml.learn.expected.bundle import ExpectedBundle
from ml.learn.fit_expected import learn_expectations
from ml.learn.judging.model_card import Circumstances, model_card, short_card
from ml.learn.judging.plots import backtest_plot, calibration_plot, feature_plot, lift_plot
from ml.learn.models.bundle import ModelBundle
from ml.learn.registry import (
    EVALUATION_FOLDER,
    EXPECTED_FOLDER,
    MODEL_FOLDER,
    OOF_FILE,
    RULE_FOLDER,
    Registry,
    model_name,
)
from ml.learn.training.result import TrainingResult
from ml.learn.training.train import train
from ml.learn.training_rows import feature_names, training_frames
from ml.run import Run, RunState
from ml.serve.reasons import phrase_for

TOP_FEATURES = 15
# Of how many rows a model's contributions are averaged: trees explain a few thousand in a second.
EXPLAINED_ROWS = 2_000


def train_models(run: Run, targets: Sequence[Target]) -> None:
    """Train a candidate for each of these targets and log it.

    Thin data is a result: it is kept in the run's state with the counts found and needed.
    """
    registry = Registry(run.home)
    state = RunState(run).require("events", "build")
    if "labels" not in state["done"]:
        build_labels(run)
        state = RunState(run).require("labels", "train")
    for target in targets:
        result, leaned_on, expected = _train_one(run, target)
        outcome = {
            "status": result.status,
            "customers_with": result.customers_with,
            "customers_without": result.customers_without,
            "customers_needed": result.customers_needed,
        }
        RunState(run).note("train", **{f"training_{target.key}": outcome})
        if result.bundle is None:
            run.report(
                f"{target.key}: not trained, thin data: {result.customers_with:,} customers with the outcome and "
                f"{result.customers_without:,} without were found, {result.customers_needed:,} of each are needed"
            )
            continue
        around = _circumstances(run, target, leaned_on, str(state["landing_digest"]))
        _log_training(run, registry, target, result, around, expected)


def rule_features(target: Target) -> list[str]:
    """The features that count as simple rules for a target, from the seed."""
    with (SEEDS / "simple_rules.csv").open(encoding="utf-8", newline="") as lines:
        return [row["feature"] for row in csv.DictReader(lines) if row["target"] == target.name]


def _train_one(
    run: Run, target: Target
) -> tuple[TrainingResult, pd.DataFrame, ExpectedBundle | None]:
    """A target's training, the features that its model leans on, and what stands beside its probability.

    The last two are empty where nothing was trained.
    """
    features, labels = training_frames(run, target)
    settings = run.home.settings
    result = train(
        features,
        feature_names(features),
        labels,
        target=target.name,
        horizon_days=target.horizon_days,
        rule_columns=rule_features(target),
        min_class_customers=settings.min_class_customers,
        seed=SEED,
        threads=settings.threads,
        on_progress=run.report,
    )
    if result.bundle is None:
        return result, pd.DataFrame(), None
    expected = learn_expectations(run, target, features, result)
    return result, top_features(result.bundle, features), expected


def top_features(bundle: ModelBundle, features: pd.DataFrame) -> pd.DataFrame:
    """What a model leans on at the latest cut-off: feature, words, and mean absolute contribution, greatest first."""
    latest = features[features["as_of_date"] == features["as_of_date"].max()]
    rows = latest.iloc[:: len(latest) // EXPLAINED_ROWS + 1]
    terms = bundle.contributions(rows).drop(columns="bias").abs().mean()
    told = pd.DataFrame({"feature": terms.index, "contribution": terms.to_numpy()})
    told = told[told["contribution"] > 0]
    told = told.sort_values(["contribution", "feature"], ascending=[False, True], ignore_index=True)
    words = [re.sub(r"\{\w+\}", "…", phrase_for(name).words) for name in told["feature"]]
    return told.assign(words=words).head(TOP_FEATURES)


def _circumstances(
    run: Run, target: Target, leaned_on: pd.DataFrame, landing_digest: str
) -> Circumstances:
    question = question_of(target)
    return Circumstances(
        name=model_name(target),
        asked=question.asked,
        of_whom=question.of_whom,
        as_of_date=run.as_of_date,
        definition_hash=definition_hash(run, target),
        landing_digest=landing_digest,
        top_features=leaned_on,
    )


def _log_training(
    run: Run,
    registry: Registry,
    target: Target,
    result: TrainingResult,
    around: Circumstances,
    expected: ExpectedBundle | None,
) -> None:
    assert result.bundle is not None
    assert result.rule_bundle is not None
    tags = {
        "as_of_date": run.as_of_date.isoformat(),
        "definition_hash": around.definition_hash,
        "landing_digest": around.landing_digest,
        "trained_until": str(result.trained_until),
        "served": str(result.served),
        "best_rule": str(result.best_rule),
    }
    run_id = registry.log_run(
        target,
        f"train {run.as_of_date}",
        tags=tags,
        parameters={
            **result.parameters,
            "cutoffs": len(result.cutoffs),
            "sha256": result.bundle.sha256,
        },
        metrics=_flat_metrics(result),
        texts=_texts(target, result, around),
        figures=_figures(target, result, around),
        files=_files(result.bundle, result.rule_bundle, result.oof, expected),
    )
    version = registry.register(target, run_id, result.bundle, tags, expected)
    registry.describe(version, about=around.asked, card=short_card(result, around))
    served, rule = result.metrics["served"], result.metrics[str(result.best_rule)]
    run.report(
        f"{target.key}: {result.served} serves, grade {result.grade}; out of fold AUC {served['auc']:.3f}, log-loss "
        f"{served['log_loss']:.4f} (best simple rule {result.best_rule}: {rule['auc']:.3f}, {rule['log_loss']:.4f})"
    )


def _texts(target: Target, result: TrainingResult, around: Circumstances) -> dict[str, str]:
    assert result.bundle is not None
    return {
        "model_card.md": model_card(result, around),
        f"{EVALUATION_FOLDER}/backtest.csv": result.backtest.to_csv(index=False),
        f"{EVALUATION_FOLDER}/calibration.csv": result.calibration_table.to_csv(index=False),
        f"{EVALUATION_FOLDER}/lift.csv": result.lift_table.to_csv(index=False),
        "features.json": json.dumps(list(result.bundle.feature_names), indent=1),
        "targets.json": json.dumps(asdict(target), indent=1),
    }


def _figures(target: Target, result: TrainingResult, around: Circumstances) -> dict[str, Figure]:
    out_of_fold = f"{target.key}, out of fold"
    return {
        "plots/calibration.png": calibration_plot(result.calibration_table, out_of_fold),
        "plots/lift.png": lift_plot(result.lift_table, out_of_fold),
        "plots/backtest.png": backtest_plot(result.backtest, out_of_fold),
        "plots/features.png": feature_plot(around.top_features, f"{target.key}, latest cut-off"),
    }


def _files(
    bundle: ModelBundle, rule: ModelBundle, oof: pd.DataFrame, expected: ExpectedBundle | None
) -> dict[str, bytes]:
    beside = expected.to_files() if expected else {}
    return {
        **{f"{EXPECTED_FOLDER}/{name}": content for name, content in beside.items()},
        **{f"{MODEL_FOLDER}/{name}": content for name, content in bundle.to_files().items()},
        **{f"{RULE_FOLDER}/{name}": content for name, content in rule.to_files().items()},
        f"{EVALUATION_FOLDER}/{OOF_FILE}": oof.to_parquet(index=False),
    }


def _flat_metrics(result: TrainingResult) -> dict[str, float]:
    flat = {
        f"{contender.replace('rule:', 'rule_')}.{metric}": value
        for contender, metrics in result.metrics.items()
        for metric, value in metrics.items()
    }
    for name in ("gain", "gain_lower", "base_rate", "customers_with", "customers_without"):
        value = getattr(result, name)
        if value is not None:
            flat[name] = value
    return flat
