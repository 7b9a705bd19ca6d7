"""Training in a run: which targets are due, their candidates, and what MLflow keeps of them."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from datetime import timedelta

from ml.data.build import build_labels
from ml.data.targets import Target
from ml.home import SEEDS
from ml.learn.definition import SEED, definition_hash
from ml.learn.plots import calibration_plot, lift_plot
from ml.learn.registry import (
    EVALUATION_FOLDER,
    MODEL_FOLDER,
    OOF_FILE,
    RULE_FOLDER,
    Registry,
)
from ml.learn.result import TrainingResult
from ml.learn.training import train
from ml.learn.training_rows import feature_names, training_frames
from ml.run import Run, RunState


def training_is_due(run: Run, registry: Registry, target: Target) -> bool:
    """No model serves this day, or the last training is older than `retrain_after_days`."""
    definition = definition_hash(run, target)
    latest = registry.candidate(target, run.as_of_date)
    if latest is None or registry.champion(target, run.as_of_date, definition) is None:
        return True
    return run.as_of_date - latest.as_of_date >= timedelta(
        days=run.home.settings.retrain_after_days
    )


def train_models(run: Run, only_when_due: bool = False, name: str | None = None) -> None:
    """Train a candidate for each target (or for those of one name) and log it.

    Thin data is a result: it is kept in the run's state with the counts found and needed.
    """
    registry = Registry(run.home)
    targets = run.target(name) if name else run.targets
    if only_when_due:
        targets = [target for target in targets if training_is_due(run, registry, target)]
        if not targets:
            run.report("training: not due")
            return
    state = RunState(run).require("events", "build")
    if "labels" not in state["done"]:
        build_labels(run)
        state = RunState(run).require("labels", "train")
    for target in targets:
        result = _train_one(run, target)
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
        _log_training(run, registry, target, result, str(state["landing_digest"]))


def rule_features(target: Target) -> list[str]:
    """The features that count as simple rules for a target, from the seed."""
    with (SEEDS / "simple_rules.csv").open(encoding="utf-8", newline="") as lines:
        return [row["feature"] for row in csv.DictReader(lines) if row["target"] == target.name]


def _train_one(run: Run, target: Target) -> TrainingResult:
    features, labels = training_frames(run, target)
    settings = run.home.settings
    return train(
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


def _log_training(
    run: Run, registry: Registry, target: Target, result: TrainingResult, landing_digest: str
) -> None:
    assert result.bundle is not None
    assert result.rule_bundle is not None
    tags = {
        "as_of_date": run.as_of_date.isoformat(),
        "definition_hash": definition_hash(run, target),
        "landing_digest": landing_digest,
        "trained_until": str(result.trained_until),
        "served": str(result.served),
        "best_rule": str(result.best_rule),
    }
    files = {
        f"{MODEL_FOLDER}/{name}": content for name, content in result.bundle.to_files().items()
    }
    files |= {
        f"{RULE_FOLDER}/{name}": content for name, content in result.rule_bundle.to_files().items()
    }
    files[f"{EVALUATION_FOLDER}/{OOF_FILE}"] = result.oof.to_parquet(index=False)
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
        texts={
            f"{EVALUATION_FOLDER}/backtest.csv": result.backtest.to_csv(index=False),
            f"{EVALUATION_FOLDER}/calibration.csv": result.calibration_table.to_csv(index=False),
            f"{EVALUATION_FOLDER}/lift.csv": result.lift_table.to_csv(index=False),
            "features.json": json.dumps(list(result.bundle.feature_names), indent=1),
            "targets.json": json.dumps(asdict(target), indent=1),
        },
        figures={
            "plots/calibration.png": calibration_plot(
                result.calibration_table, f"{target.key}, out of fold"
            ),
            "plots/lift.png": lift_plot(result.lift_table, f"{target.key}, out of fold"),
        },
        files=files,
    )
    registry.register(target, run_id, result.bundle, tags)
    served, rule = result.metrics["served"], result.metrics[str(result.best_rule)]
    run.report(
        f"{target.key}: {result.served} serves, grade {result.grade}; out of fold AUC {served['auc']:.3f}, log-loss "
        f"{served['log_loss']:.4f} (best simple rule {result.best_rule}: {rule['auc']:.3f}, {rule['log_loss']:.4f})"
    )


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
