"""The training steps of a run: train when due, compare with the champion, promote."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from io import BytesIO

import pandas as pd

from ml.data.build import build_labels
from ml.data.targets import Target
from ml.data.warehouse import connect, frame
from ml.home import SEEDS
from ml.learn.plots import calibration_plot, lift_plot
from ml.learn.promotion import Comparison, compare
from ml.learn.registry import ARTIFACT_FOLDER, RegisteredModel, Registry
from ml.learn.result import TrainingResult
from ml.learn.training import train
from ml.run import Run, RunState, code_digest, digest_of

RULE_FOLDER = "best_rule"
OOF_FILE = "out_of_fold.parquet"
SEED = 20_240_229


def definition_hash(run: Run, target: Target) -> str:
    """Digest of what gives a target's numbers their meaning: the SQL, the settings, the target itself."""
    sql = code_digest(("dbt_project",))
    key = f"{target.name}|{target.horizon_days}|{target.population_days}"
    return digest_of([sql, run.home.settings.fingerprint(), key])[:16]


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


def evaluate_candidates(run: Run, name: str | None = None) -> None:
    """Say of each candidate how it does out of fold, and against the champion on later rows."""
    registry = Registry(run.home)
    for target in run.target(name) if name else run.targets:
        verdict = judge(run, registry, target)
        run.report(verdict.text)


def promote_candidates(run: Run, name: str | None = None) -> None:
    """Let each candidate serve that is the first of its definition, or proved better on later rows."""
    registry = Registry(run.home)
    for target in run.target(name) if name else run.targets:
        verdict = judge(run, registry, target)
        if verdict.promote and verdict.candidate is not None:
            registry.promote(target, verdict.candidate, run.as_of_date)
        run.report(verdict.text)


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate may replace the champion, and why, in words."""

    candidate: RegisteredModel | None
    promote: bool
    text: str


def judge(run: Run, registry: Registry, target: Target) -> Verdict:
    """Compare a target's candidate with the champion of this day."""
    definition = definition_hash(run, target)
    candidate = registry.candidate(target, run.as_of_date)
    if candidate is None or candidate.definition_hash != definition:
        return Verdict(None, False, f"{target.key}: no candidate to look at")
    champion = registry.champion(target, run.as_of_date, definition)
    described = (
        f"{target.key}: candidate {candidate.tags['sha256'][:12]} (grade {candidate.tags['grade']})"
    )
    if champion is None:
        return Verdict(
            candidate, True, f"{described} is the first of its definition and serves from now on"
        )
    if champion.number == candidate.number:
        return Verdict(None, False, f"{described} serves already")
    if candidate.as_of_date != run.as_of_date:
        text = f"{described} was judged on {candidate.as_of_date}, its own day; the champion still serves"
        return Verdict(None, False, text)
    comparison = _compare(run, registry, target, candidate, champion)
    if comparison.gain is None or comparison.lower_bound is None:
        return Verdict(
            candidate,
            False,
            f"{described} waits: no outcome has matured yet that is later than the champion's training",
        )
    text = (
        f"{described} against the champion on {comparison.rows:,} later rows: log-loss lower by {comparison.gain:.4f} "
        f"(80 % bound {comparison.lower_bound:+.4f}), so it {'replaces it' if comparison.promote else 'does not serve'}"
    )
    return Verdict(candidate, comparison.promote, text)


def rule_features(target: Target) -> list[str]:
    """The features that count as simple rules for a target, from the seed."""
    with (SEEDS / "simple_rules.csv").open(encoding="utf-8", newline="") as lines:
        return [row["feature"] for row in csv.DictReader(lines) if row["target"] == target.name]


def training_frames(run: Run, target: Target) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and labels of a target's matured cut-offs, capped to the same people at every cut-off."""
    with connect(run.home, read_only=True) as connection:
        key = [target.name, target.horizon_days]
        counted = connection.execute(
            "select count(*) from labels.customer_labels where target = ? and horizon_days = ?", key
        ).fetchone()
        rows = counted[0] if counted else 0
        share = min(1.0, run.home.settings.max_training_rows / max(rows, 1))
        labels = frame(
            connection,
            "select customer_id, as_of_date, target, horizon_days, label from labels.customer_labels "
            "where target = ? and horizon_days = ? "
            "and cast('0x' || substr(md5('training rows|' || customer_id), 1, 8) as bigint) < ? "
            "order by as_of_date, customer_id",
            [*key, int(share * 2**32)],
        )
        connection.register("wanted", labels)
        features = frame(
            connection,
            "select features.* from features.customer_features as features "
            "inner join wanted using (customer_id, as_of_date) order by as_of_date, customer_id",
        )
    return features, labels


def feature_names(features: pd.DataFrame) -> list[str]:
    """The feature list: the columns of the feature table that are no key."""
    return [name for name in features.columns if name not in ("customer_id", "as_of_date")]


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
        f"{ARTIFACT_FOLDER}/{name}": content for name, content in result.bundle.to_files().items()
    }
    files |= {
        f"{RULE_FOLDER}/{name}": content for name, content in result.rule_bundle.to_files().items()
    }
    files[f"evaluation/{OOF_FILE}"] = result.oof.to_parquet(index=False)
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
            "evaluation/backtest.csv": result.backtest.to_csv(index=False),
            "evaluation/calibration.csv": result.calibration_table.to_csv(index=False),
            "evaluation/lift.csv": result.lift_table.to_csv(index=False),
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


def _compare(
    run: Run,
    registry: Registry,
    target: Target,
    candidate: RegisteredModel,
    champion: RegisteredModel,
) -> Comparison:
    """Candidate (out of fold) and champion on the rows that are later than the champion's training."""
    oof = pd.read_parquet(BytesIO(registry.files(candidate, "evaluation")[OOF_FILE]))
    features, _ = training_frames(run, target)
    bundle = registry.load(champion)
    predictions = features[["customer_id", "as_of_date"]].assign(
        prediction=bundle.predict(features)
    )
    return compare(oof, predictions, date.fromisoformat(champion.tags["trained_until"]), seed=SEED)
