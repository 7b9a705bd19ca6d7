"""One experiment: train the variant, hold it against the champion's configuration, keep what was found.

What is found goes to a run of the kind "experiment" in MLflow and to a report in the home folder. Nothing is
registered, nothing serves, nothing published is touched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ml.data.targets import Target
from ml.errors import KithError
from ml.experiments.arms import families_on_offer, reference_of, stored_predictions, train_arm
from ml.experiments.questions import ensure_labels, run_that_asks
from ml.experiments.report import (
    DIFFERENT_QUESTION,
    pictures_of,
    report_of,
    side_by_side_report,
    verdict_of,
)
from ml.experiments.variant import Variant
from ml.learn.definition import SEED, definition_hash
from ml.learn.judging.trials import Trial, judge_trial
from ml.learn.models.trees import TREE_PARAMETERS
from ml.learn.registry import EVALUATION_FOLDER, OOF_FILE, Registry
from ml.learn.training.result import TrainingResult
from ml.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KIND = "experiment"


@dataclass(frozen=True)
class Outcome:
    """What an experiment found: the verdict, the paired trial (None for another horizon), and the report."""

    verdict: str
    trial: Trial | None
    report: Path


@dataclass(frozen=True)
class _Found:
    """What is kept of an experiment, wherever it is kept."""

    verdict: str
    trial: Trial | None
    text: str
    tables: dict[str, str]
    pictures: dict[str, Figure]
    metrics: dict[str, float]


def run_experiment(run: Run, target: Target, variant: Variant, name: str | None = None) -> Outcome:
    """Try a variant of a target's training on a built home.

    Args:
        run: the run whose day the home was built for.
        target: what is predicted, as the targets file lists it.
        variant: what is changed.
        name: of the report's folder and of the run in MLflow; made from the variant when absent.

    Raises:
        KithError: the home is not built for the day, the variant cannot be tried, or there is too little to
            learn from.
    """
    name = _checked_name(name or variant.slug(target))
    ensure_labels(run)
    variant.check(families_on_offer(run).values(), TREE_PARAMETERS)
    if variant.horizon_days not in (None, target.horizon_days):
        found, result = _ask_another_question(run, target, variant, name)
    else:
        found, result = _hold_against_reference(run, target, variant, name)
    folder = _write(run, name, found)
    _log(run, target, variant, name, found, result)
    run.report(found.verdict)
    run.report(f"report: {folder / 'report.md'}")
    return Outcome(found.verdict, found.trial, folder / "report.md")


def _hold_against_reference(
    run: Run, target: Target, variant: Variant, name: str
) -> tuple[_Found, TrainingResult]:
    predictions, told = _reference(run, target, variant)
    with run_that_asks(run, target, variant.target(target)) as asking:
        run.report(f"variant: {variant.in_words()}")
        result = train_arm(asking, variant.target(target), variant)
    try:
        trial = judge_trial(predictions, result.oof, SEED)
    except ValueError as error:
        raise KithError(f"The variant and the reference cannot be compared: {error}.") from error
    text = report_of(trial, name, variant.in_words(), told)
    metrics = {
        f"{measure}.{column}": value
        for measure, row in trial.figures.set_index("measure").to_dict("index").items()
        for column, value in row.items()
        if not isnan(value)
    }
    tables = {
        "figures.csv": trial.figures.to_csv(index=False),
        "by_cutoff.csv": trial.by_cutoff.to_csv(index=False),
    }
    if not result.families.empty:
        text += f"\n## Families of the variant\n\n{_families(result.families)}\n"
        tables["families.csv"] = result.families.to_csv(index=False)
    found = _Found(verdict_of(trial), trial, text, tables, pictures_of(trial, name), metrics)
    return found, result


def _reference(run: Run, target: Target, variant: Variant) -> tuple[pd.DataFrame, str]:
    """Out-of-fold predictions of the reference, and what it is in words."""
    reference = reference_of(variant)
    if not reference.without_families:
        stored = stored_predictions(run, target)
        if stored is not None:
            run.report("reference: the predictions that this day's training kept")
            return stored, "what `kith train` made of this day"
    run.report(f"reference: the champion's configuration, {reference.in_words()}")
    told = f"the champion's configuration ({reference.in_words()}), trained anew"
    return train_arm(run, target, reference).oof, told


def _ask_another_question(
    run: Run, target: Target, variant: Variant, name: str
) -> tuple[_Found, TrainingResult]:
    other = variant.target(target)
    run.report(f"reference: the champion's configuration, {target.horizon_days} days")
    reference = train_arm(run, target, reference_of(variant))
    with run_that_asks(run, target, other) as asking:
        run.report(f"variant: {variant.in_words()}")
        result = train_arm(asking, other, variant)
    arms = {f"{target.horizon_days} days": reference, f"{other.horizon_days} days": result}
    text = side_by_side_report(
        {days: arm.metrics["served"] for days, arm in arms.items()},
        {days: arm.gain or 0.0 for days, arm in arms.items()},
        name,
        variant.in_words(),
    )
    gains = " and ".join(
        f"{arm.gain or 0:.1%} at {days}".replace("%", " %") for days, arm in arms.items()
    )
    metrics = {f"{key}.variant": value for key, value in result.metrics["served"].items()}
    verdict = f"{DIFFERENT_QUESTION} They save {gains}."
    return _Found(verdict, None, text, {}, {}, metrics), result


def _families(table: pd.DataFrame) -> str:
    lines = [
        "| family | features | log-loss saved alone | at least | kept |",
        "|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        gains = ("" if isnan(row[name]) else f"{row[name]:+.4f}" for name in ("gain", "gain_lower"))
        kept = "yes" if row["kept"] else "no"
        lines.append(f"| {row['family']} | {row['features']} | {' | '.join(gains)} | {kept} |")
    return "\n".join(lines)


def _write(run: Run, name: str, found: _Found) -> Path:
    """The report as files; it holds counts and figures and nobody's row."""
    folder = run.home.experiment_report(name)
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in {"report.md": found.text, **found.tables}.items():
        (folder / file).write_text(text, encoding="utf-8")
    for file, figure in found.pictures.items():
        figure.savefig(folder / file, metadata={"Software": None})
    return folder


def _log(
    run: Run,
    target: Target,
    variant: Variant,
    name: str,
    found: _Found,
    result: TrainingResult,
) -> None:
    asked = variant.target(target)
    tags = {
        "kind": KIND,
        "as_of_date": run.as_of_date.isoformat(),
        "definition_hash": definition_hash(run, asked),
        "variant": variant.in_words(),
        "verdict": found.verdict,
    }
    parameters = {
        **result.parameters,
        "horizon_days": asked.horizon_days,
        "population_days": asked.population_days,
    }
    out_of_fold = result.oof.to_parquet(index=False)
    Registry(run.home).log_run(
        target,
        f"experiment {name}",
        tags=tags,
        parameters=parameters,
        metrics=found.metrics,
        texts={"report.md": found.text, **found.tables},
        figures=found.pictures,
        files={f"{EVALUATION_FOLDER}/{OOF_FILE}": out_of_fold},
    )


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[\w][\w.\-]*", name):
        raise KithError(
            f"--name is a name for a folder: letters, digits, dots, dashes and underscores; found '{name}'."
        )
    return name
