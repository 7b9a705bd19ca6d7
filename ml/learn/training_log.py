"""What MLflow keeps of a training: the model, its card, its figures, and what stands beside it."""

from __future__ import annotations

import json
from dataclasses import asdict

from matplotlib.figure import Figure

from ml.data.targets import Target
from ml.learn.evaluation_files import evaluation_files
from ml.learn.expected.bundle import ExpectedBundle
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
)
from ml.learn.training.result import TrainingResult
from ml.run import Run


def log_training(
    run: Run,
    registry: Registry,
    target: Target,
    result: TrainingResult,
    around: Circumstances,
    expected: ExpectedBundle | None,
) -> None:
    """Log a training that gave a model, register the model, and say how good it is."""
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
