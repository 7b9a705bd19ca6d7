"""The models that may serve: which are due, candidate against champion, promotion.

What reads rows is imported where a comparison asks for it: most days only look at two tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

from ml.data.targets import Target
from ml.learn.definition import SEED, definition_hash
from ml.learn.registry import EVALUATION_FOLDER, OOF_FILE, UNJUDGED, RegisteredModel, Registry
from ml.run import Run, RunState

if TYPE_CHECKING:
    from ml.learn.judging.promotion import Comparison


def due_targets(run: Run, name: str | None = None) -> list[Target]:
    """The targets (or those of one name) that no model serves on this day, or whose last training is too old."""
    registry = _registry(run)
    targets = run.target(name) if name else run.targets
    due = [target for target in targets if _is_due(run, registry, target)]
    if not due:
        run.report("training: not due")
    return due


def _registry(run: Run) -> Registry:
    """The models, once there are features that tell which of them this day may use."""
    RunState(run).require("features", "build")
    return Registry(run.home)


def _is_due(run: Run, registry: Registry, target: Target) -> bool:
    definition = definition_hash(run, target)
    latest = registry.candidate(target, run.as_of_date)
    if latest is None or registry.champion(target, run.as_of_date, definition) is None:
        return True
    return run.as_of_date - latest.as_of_date >= timedelta(
        days=run.home.settings.retrain_after_days
    )


def evaluate_candidates(run: Run, name: str | None = None) -> None:
    """Say of each candidate how it does out of fold, and against the champion on later rows."""
    registry = _registry(run)
    for target in run.target(name) if name else run.targets:
        verdict = judge(run, registry, target)
        run.report(verdict.text)


def promote_candidates(run: Run, name: str | None = None) -> None:
    """Let each candidate serve that is the first of its definition, or proved better on later rows."""
    registry = _registry(run)
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
    if comparison.gain is None and champion.tags.get("judged") == UNJUDGED:
        text = f"{described} replaces a champion that was fitted on fewer histories and judged by no outcome either"
        return Verdict(candidate, True, text)
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


def _compare(
    run: Run,
    registry: Registry,
    target: Target,
    candidate: RegisteredModel,
    champion: RegisteredModel,
) -> Comparison:
    """Candidate (out of fold) and champion on the rows that are later than the champion's training."""
    import pandas as pd

    from ml.learn.judging.promotion import compare
    from ml.learn.training_rows import training_frames

    oof = pd.read_parquet(BytesIO(registry.files(candidate, EVALUATION_FOLDER)[OOF_FILE]))
    features, _ = training_frames(run, target)
    bundle = registry.load(champion)
    predictions = features[["customer_id", "as_of_date"]].assign(
        prediction=bundle.predict(features)
    )
    return compare(oof, predictions, date.fromisoformat(champion.tags["trained_until"]), seed=SEED)
