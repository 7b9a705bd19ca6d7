"""Training in a run: a candidate for each target, and what MLflow keeps of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
from matplotlib.figure import Figure

from ml.data.build import build_labels
from ml.data.questions import question_of
from ml.data.targets import Target
from ml.errors import KithError
from ml.learn.configuration import training_arguments
from ml.learn.definition import definition_hash
from ml.learn.evaluation_files import evaluation_files
from ml.learn.expectations import learn_expectations
from ml.learn.expected.bundle import ExpectedBundle
from ml.learn.judging.fairness import TRAITS
from ml.learn.judging.model_card import Circumstances, model_card, short_card
from ml.learn.judging.plots import backtest_plot, calibration_plot, feature_plot, lift_plot
from ml.learn.judging.unjudged_card import unjudged_card
from ml.learn.models.bundle import ModelBundle
from ml.learn.registry import (
    EVALUATION_FOLDER,
    EXPECTED_FOLDER,
    MODEL_FOLDER,
    OOF_FILE,
    RULE_FOLDER,
    UNJUDGED,
    Registry,
    model_name,
)
from ml.learn.training.leaks import LeakFound
from ml.learn.training.result import TrainingResult
from ml.learn.training.returning import IS_LEAVING
from ml.learn.training.train import train
from ml.learn.training_rows import (
    feature_names,
    population_features,
    slices_at,
    training_frames,
)
from ml.run import Run, RunState
from ml.serve.phrases import phrase_for

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
        today = population_features(run, target) if "features" in state["done"] else None
        result, leaned_on, expected = _train_one(run, target, today)
        outcome = {
            "status": result.status,
            "customers_with": result.customers_with,
            "customers_without": result.customers_without,
            "customers_needed": result.customers_needed,
        }
        RunState(run).note("train", **{f"training_{target.key}": outcome})
        if result.bundle is None:
            run.report(_thin_data(target, result))
            continue
        groups = _groups(run, result)
        around = _circumstances(run, target, leaned_on, groups, str(state["landing_digest"]))
        _log_training(run, registry, target, result, around, expected)


def _thin_data(target: Target, result: TrainingResult) -> str:
    told = (
        f"{target.key}: not trained, thin data: {result.customers_with:,} customers with the outcome and "
        f"{result.customers_without:,} without were found, {result.customers_needed:,} of each are needed"
    )
    if target.name not in IS_LEAVING:
        return told
    return (
        f"{told}; or {result.returned_needed:,} who bought on two days, of whom there are "
        f"{result.customers_returned:,}"
    )


def _train_one(
    run: Run, target: Target, today: pd.DataFrame | None
) -> tuple[TrainingResult, pd.DataFrame, ExpectedBundle | None]:
    """A target's training, the features that its model leans on, and what stands beside its probability.

    The last two are empty where nothing was trained.
    """
    features, labels = training_frames(run, target)
    names = feature_names(features)
    cutoffs = pd.to_datetime(labels["as_of_date"]).unique()
    slices = slices_at(run, [stamp.date() for stamp in cutoffs])
    arguments = training_arguments(run, target, names)
    try:
        result = train(
            features,
            names,
            labels,
            **arguments,
            slices=slices,
            today=today,
            on_progress=run.report,
        )
    except LeakFound as found:
        raise KithError(f"Training of {target.key} stopped by a leak alarm. {found}") from None
    if result.bundle is None:
        return result, pd.DataFrame(), None
    rows = features if today is None or today.empty else today
    is_judged = result.rule_bundle is not None
    expected = learn_expectations(run, target, features, result) if is_judged else None
    return result, top_features(result.bundle, rows), expected


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


def _groups(run: Run, result: TrainingResult) -> pd.DataFrame:
    """Gender and age band of those who were judged, where they are known; for the card only."""
    days = sorted({stamp.date() for stamp in pd.to_datetime(result.oof["as_of_date"])})
    return slices_at(run, days)[["customer_id", "as_of_date", *TRAITS]]


def _circumstances(
    run: Run,
    target: Target,
    leaned_on: pd.DataFrame,
    groups: pd.DataFrame,
    landing_digest: str,
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
        groups=groups,
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
    is_judged = result.rule_bundle is not None
    tags = {
        "as_of_date": run.as_of_date.isoformat(),
        "definition_hash": around.definition_hash,
        "landing_digest": around.landing_digest,
        "trained_until": str(result.trained_until),
        "served": str(result.served),
        "best_rule": str(result.best_rule),
        "judged": "yes" if is_judged else UNJUDGED,
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
        figures=_figures(target, result, around) if is_judged else {},
        files=_files(result.bundle, result.rule_bundle, result, expected),
    )
    version = registry.register(target, run_id, result.bundle, tags, expected)
    card = short_card(result, around) if is_judged else unjudged_card(result, around)
    registry.describe(version, about=around.asked, card=card)
    if not is_judged:
        run.report(
            f"{target.key}: {result.served} serves, grade {result.grade}; too few outcomes to judge it by"
        )
        return
    served, rule = result.metrics["served"], result.metrics[str(result.best_rule)]
    run.report(
        f"{target.key}: {result.served} serves, grade {result.grade}; out of fold AUC {served['auc']:.3f}, log-loss "
        f"{served['log_loss']:.4f} (best simple rule {result.best_rule}: {rule['auc']:.3f}, {rule['log_loss']:.4f})"
    )


def _texts(target: Target, result: TrainingResult, around: Circumstances) -> dict[str, str]:
    assert result.bundle is not None
    always = {
        "features.json": json.dumps(list(result.bundle.feature_names), indent=1),
        "families.csv": result.families.to_csv(index=False),
        "targets.json": json.dumps(asdict(target), indent=1),
    }
    if result.rule_bundle is None:
        return {**always, "model_card.md": unjudged_card(result, around)}
    return {
        **always,
        "model_card.md": model_card(result, around),
        f"{EVALUATION_FOLDER}/calibration.csv": result.calibration_table.to_csv(index=False),
        f"{EVALUATION_FOLDER}/lift.csv": result.lift_table.to_csv(index=False),
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
    bundle: ModelBundle,
    rule: ModelBundle | None,
    result: TrainingResult,
    expected: ExpectedBundle | None,
) -> dict[str, bytes]:
    # What nothing was held against stands in for the rule that it could not be compared with.
    rule_files = (rule or bundle).to_files()
    beside = expected.to_files() if expected else {}
    return {
        **{f"{EXPECTED_FOLDER}/{name}": content for name, content in beside.items()},
        **{f"{MODEL_FOLDER}/{name}": content for name, content in bundle.to_files().items()},
        **{f"{RULE_FOLDER}/{name}": content for name, content in rule_files.items()},
        f"{EVALUATION_FOLDER}/{OOF_FILE}": result.oof.to_parquet(index=False),
        **{
            f"{EVALUATION_FOLDER}/{name}": content
            for name, content in evaluation_files(result).items()
        },
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
