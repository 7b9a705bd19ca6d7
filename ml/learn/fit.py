"""Training in a run: a candidate for each target that is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from ml.data.build import build_labels
from ml.data.questions import question_of
from ml.data.targets import Target
from ml.errors import KithError
from ml.learn.configuration import training_arguments
from ml.learn.definition import definition_hash
from ml.learn.expected.bundle import ExpectedBundle
from ml.learn.fit_expected import learn_expectations
from ml.learn.judging.fairness import TRAITS
from ml.learn.judging.model_card import Circumstances
from ml.learn.models.bundle import ModelBundle
from ml.learn.registry import (
    Registry,
    model_name,
)
from ml.learn.training.leaks import LeakFound
from ml.learn.training.result import TrainingResult
from ml.learn.training.returning import IS_LEAVING
from ml.learn.training.train import train
from ml.learn.training_log import log_training
from ml.learn.training_rows import (
    feature_names,
    population_sample,
    slices_of,
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
        today = population_sample(run, target) if "features" in state["done"] else None
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
        log_training(run, registry, target, result, around, expected)


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
    arguments = training_arguments(run, target, names)
    try:
        result = train(
            features,
            names,
            labels,
            **arguments,
            slices=slices_of(run, labels),
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
    return slices_of(run, result.oof)[["customer_id", "as_of_date", *TRAITS]]


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
