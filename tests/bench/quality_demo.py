"""The demo brand knows every true probability: how much of what can be known is told, and is it calibrated?

People of the truth and customers of Kith meet in groups (truth_groups). The log-loss to expect of a
set of probabilities needs no luck of a draw; the best simple rule is that of the run, calibrated by
it. The oracle sees hidden state, so nobody closes the whole gap.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from quality_baselines import baselines
from quality_cases import order_histories
from truth_groups import groups_of, side_by_side

from ml import flow
from ml.data.demo import DEMO_AS_OF_DATE, DEMO_SETTINGS, default_truth_folder, write_demo
from ml.data.targets import Target
from ml.data.warehouse import connect, frame
from ml.learn.judging.metrics import row_log_loss
from ml.learn.judging.reliability import calibration_test
from ml.learn.models.bundle import ModelBundle
from ml.learn.registry import RULE_FOLDER, Registry
from ml.learn.training_rows import population_features, training_frames
from ml.run import Run
from ml.serve.versions import Versions
from ml.settings import SETTINGS_FILE

Floats = npt.NDArray[np.float64]
SEED = 20_240_229
RULE, TREES_ON_RFM, KITH = "best simple rule", "LightGBM on RFM", "Kith"


@dataclass(frozen=True)
class DemoDay:
    """One target of a finished run on a demo brand, group by group: truth, approaches, slices."""

    target: Target
    groups: pd.DataFrame
    slices: pd.DataFrame


def play_demo(customers: int, work: Path, report: Callable[[str], None]) -> tuple[Run, Path]:
    """Write a demo brand and take it through its last day; the run, and where the truth lies."""
    landing, home = work / "demo", work / "home_demo"
    if not landing.exists():
        write_demo(landing, default_truth_folder(landing), customers)
    home.mkdir(parents=True, exist_ok=True)
    settings = [f"{name} = {json.dumps(value)}" for name, value in DEMO_SETTINGS.items()]
    (home / SETTINGS_FILE).write_text("\n".join(settings) + "\n", encoding="utf-8")
    run = Run.of(home, landing, DEMO_AS_OF_DATE, None, report)
    flow.run_day(run)
    return run, default_truth_folder(landing)


def demo_day(run: Run, truth_folder: Path, target: Target) -> DemoDay:
    """Put the truth beside what the run published and what simpler models say.

    The run must still hold its warehouse: labels at the cut-offs, features of its day.
    """
    features, labels = training_frames(run, target)
    today = population_features(run, target)
    said = baselines(
        features, labels, order_histories(run), today, target.name, target.horizon_days
    )
    scores = today[["customer_id"]].assign(
        **{RULE: _rule(run, target).predict(today), TREES_ON_RFM: said[TREES_ON_RFM]}
    )
    scores = scores.merge(_published(run, target), on="customer_id")
    known = pd.read_parquet(truth_folder / "probabilities.parquet")
    known = known[known["as_of_date"] == pd.Timestamp(run.as_of_date)]
    known = known[(known["target"] == target.name) & (known["horizon_days"] == target.horizon_days)]
    with connect(run.home, read_only=True) as warehouse:
        people = frame(
            warehouse,
            "select source, source_key, customer_id from identity.customer_map "
            "where valid_from <= ? and (valid_to is null or valid_to > ?)",
            [run.as_of_date, run.as_of_date],
        )
        slices = frame(
            warehouse,
            "select * from features.customer_slices where as_of_date = ?",
            [run.as_of_date],
        )
    groups = groups_of(pd.read_parquet(truth_folder / "records.parquet"), people)
    table = side_by_side(
        groups, known[["person_id", "probability"]], scores, all_must=target.name == "churn"
    )
    first = groups[groups["customer_id"].isin(scores["customer_id"])].drop_duplicates("group")
    of_group = first.merge(slices, on="customer_id", how="left").set_index("group")
    return DemoDay(target, table, of_group.loc[table.index, ["experience", "channel", "level"]])


def gap_closed(day: DemoDay, whole_only: bool) -> dict[str, float]:
    """Log-loss to expect of each approach, and the share of the way from the rule to the truth."""
    table = day.groups
    if whole_only:
        table = table[(table["people"] == 1) & (table["customers"] == 1)]
    truth = table["truth"].to_numpy()
    losses = {
        name: _expected_loss(truth, table[name].to_numpy()) for name in (RULE, TREES_ON_RFM, KITH)
    }
    oracle = _expected_loss(truth, truth)
    way = losses[RULE] - oracle
    return {
        "groups": float(len(table)),
        "mean of the truth": float(truth.mean()),
        **{f"log-loss, {name}": loss for name, loss in losses.items()},
        "log-loss, truth": oracle,
        **{f"closed, {name}": (losses[RULE] - losses[name]) / way for name in (TREES_ON_RFM, KITH)},
        "mean distance": float(np.abs(table[KITH].to_numpy() - truth).mean()),
    }


def calibration_by_slice(day: DemoDay) -> pd.DataFrame:
    """The calibration test overall and per slice, on outcomes drawn once from the truth.

    One row per slice: slice_kind, slice, rows, mean_prediction, observed_rate, ece, limit, passed.
    """
    truth, told = day.groups["truth"].to_numpy(), day.groups[KITH].to_numpy()
    outcome = (np.random.default_rng(SEED).random(len(truth)) < truth).astype(float)
    lines = []
    chosen = {("everyone", "all"): np.ones(len(truth), dtype=bool)}
    for kind in day.slices:
        for value in sorted(day.slices[kind].dropna().unique()):
            chosen[kind, str(value)] = (day.slices[kind] == value).to_numpy()
    for (kind, value), rows in chosen.items():
        if rows.sum() < 200:
            continue
        verdict = calibration_test(outcome[rows], told[rows], seed=SEED)
        lines.append(
            {
                "slice_kind": kind,
                "slice": value,
                "rows": int(rows.sum()),
                "mean_prediction": float(told[rows].mean()),
                "observed_rate": float(outcome[rows].mean()),
                "ece": verdict.ece,
                "limit": verdict.chance_limit,
                "passed": not verdict.badly_calibrated,
            }
        )
    return pd.DataFrame(lines)


def _expected_loss(truth: Floats, told: Floats) -> float:
    acts, stays = row_log_loss(np.ones(len(told)), told), row_log_loss(np.zeros(len(told)), told)
    return float(np.mean(truth * acts + (1 - truth) * stays))


def _rule(run: Run, target: Target) -> ModelBundle:
    registry = Registry(run.home)
    latest = registry.candidate(target, run.as_of_date)
    assert latest is not None
    return ModelBundle.from_files(registry.files(latest, RULE_FOLDER))


def _published(run: Run, target: Target) -> pd.DataFrame:
    version = Versions(run.home).current()
    assert version is not None
    scores = pd.read_parquet(
        run.home.published / "versions" / version.name / "customer_scores.parquet"
    )
    asked = (scores["target"] == target.name) & (scores["horizon_days"] == target.horizon_days)
    found = scores[asked & (scores["status"] == "scored")][["customer_id", "probability"]]
    return found.rename(columns={"probability": KITH})
