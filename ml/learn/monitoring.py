"""Live monitoring: every published day whose windows have closed, held against what happened, without being asked.

It reads published versions and writes a report; it never changes what is published. One row per published day, target
and group, as the latest version of that day said it; a day that is published anew is judged anew.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ml.data.build import build_cutoffs
from ml.data.maturity import complete_until_of
from ml.data.targets import Target
from ml.errors import KithError
from ml.home import Home
from ml.learn.definition import SEED
from ml.learn.judging import metrics
from ml.learn.judging.reliability import calibration_test
from ml.learn.realised import closed_targets, groups_of, log_realised, model_of, rows_with_rule
from ml.learn.registry import Registry
from ml.run import Run, RunState
from ml.serve.monitoring_page import write_monitoring_page
from ml.serve.versions import Version, Versions

KEY = ["as_of_date", "target", "horizon_days", "group"]
MOST_DAYS = 14
"""Published days judged at once, the latest first: a home that was never monitored catches up week by week."""

SHOWN = ("auc", "average_precision", "log_loss", "brier", "ece", "lift_top_decile")


def monitor_published(run: Run, name: str | None = None) -> pd.DataFrame:
    """Judge what was published for earlier days and has come true or not by the run's date.

    Gives the rows that are new, which stand in the home's monitoring table, too: KEY, version, model_version,
    quality_grade, known_at (the run's date), rows, base_rate, mean_probability, the measures of SHOWN, chance_limit,
    badly_calibrated, rule, rule_auc and rule_log_loss (of the best simple rule). They replace rows of the same key.
    Features and labels of those days are built for it, so labels for training have to be built again afterwards.
    """
    state = RunState(run).require("events", "build")
    targets = run.target(name) if name else run.targets
    known = read_monitoring(run.home)
    complete_until = complete_until_of(run, state)
    due = [
        (version, target)
        for version in _latest_versions(run)
        for target in closed_targets(version, targets, complete_until)
        if not _is_judged(known, version, target)
    ]
    days = sorted({version.as_of_date for version, _ in due})[-MOST_DAYS:]
    due = [(version, target) for version, target in due if version.as_of_date in days]
    if not due:
        run.report("monitoring: no published day has newly come true")
        return known.head(0)
    RunState(run).forget("labels")
    build_cutoffs(run, [(t.name, t.horizon_days, version.as_of_date) for version, t in due])
    registry = Registry(run.home)
    lines = [line for version, target in due for line in _judge(run, registry, version, target)]
    found = pd.DataFrame(lines)
    _keep(run, known, found)
    return found


def read_monitoring(home: Home) -> pd.DataFrame:
    """The monitoring table of a home folder, ordered by its key; empty where nothing has come true yet."""
    path = home.monitoring / "monitoring.parquet"
    return pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=[*KEY, "version"])


def _latest_versions(run: Run) -> list[Version]:
    latest: dict[date, Version] = {}
    for version in Versions(run.home).all():
        if version.as_of_date < run.as_of_date:
            latest[version.as_of_date] = version
    return [latest[day] for day in sorted(latest)]


def _is_judged(known: pd.DataFrame, version: Version, target: Target) -> bool:
    same = (
        (known["version"] == version.name)
        & (known["target"] == target.name)
        & (known["horizon_days"] == target.horizon_days)
    )
    return bool(same.any())


def _judge(run: Run, registry: Registry, version: Version, target: Target) -> list[dict[str, Any]]:
    """The rows of one published day and target; it is logged and said aloud."""
    model = model_of(version, target)
    try:
        rows, rule = rows_with_rule(run, registry, version, target)
    except KithError as missing:
        run.report(f"monitoring: {target.key} of {version.as_of_date} cannot be judged: {missing}")
        return []
    lines = []
    for group, chosen in groups_of(rows, target).items():
        if not chosen.any():
            continue
        outcome = rows.loc[chosen, "label"].to_numpy(dtype=float)
        served, simple = (
            rows.loc[chosen, c].to_numpy(dtype=float) for c in ("probability", "rule")
        )
        test = calibration_test(outcome, served, seed=SEED)
        figures = metrics.summary(outcome, served)
        lines.append(
            {
                "as_of_date": version.as_of_date,
                "target": target.name,
                "horizon_days": target.horizon_days,
                "group": group,
                "version": version.name,
                "model_version": model["model_version"],
                "quality_grade": model["quality_grade"],
                "known_at": run.as_of_date,
                "rows": len(outcome),
                "base_rate": float(outcome.mean()),
                "mean_probability": float(served.mean()),
                **{key: figures[key] for key in SHOWN},
                "chance_limit": test.chance_limit,
                "badly_calibrated": test.badly_calibrated,
                "rule": rule,
                "rule_auc": metrics.auc(outcome, simple),
                "rule_log_loss": metrics.log_loss(outcome, simple),
            }
        )
        run.report(f"monitoring: {describe(lines[-1])}")
    if lines:
        log_realised(run, registry, target, version, rows, pd.DataFrame(lines))
    return lines


def describe(line: Any) -> str:
    """One row of the monitoring table for people."""
    trusted = "beyond chance" if line["badly_calibrated"] else "within chance"
    return (
        f"{line['target']}_{line['horizon_days']}d of {line['as_of_date']}, {line['group']}: predicted "
        f"{line['mean_probability']:.1%}, happened {line['base_rate']:.1%} of {line['rows']:,}; AUC {line['auc']:.3f} "
        f"(simple rule {line['rule_auc']:.3f}); calibration error {line['ece']:.3f}, {trusted}"
    )


def latest_lines(table: pd.DataFrame) -> list[str]:
    """What a monitoring table says of each target's latest published day that has come true."""
    everyone = table[table["group"] == "everyone"].sort_values(KEY)
    latest = everyone.groupby(["target", "horizon_days"], as_index=False).tail(1)
    return [f"came true: {describe(line)}" for line in latest.to_dict("records")]


def _keep(run: Run, known: pd.DataFrame, found: pd.DataFrame) -> None:
    if found.empty:
        return
    merged = pd.concat([known, found]) if len(known) else found
    merged = merged.drop_duplicates(KEY, keep="last").sort_values(KEY, ignore_index=True)
    merged = merged.replace([np.inf, -np.inf], np.nan)
    folder = run.home.monitoring
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "monitoring.part"
    merged.to_parquet(part, index=False)
    part.replace(folder / "monitoring.parquet")
    run.home.latest_monitoring.write_text(
        "".join(f"{line}\n" for line in latest_lines(merged)), encoding="utf-8"
    )
    page = write_monitoring_page(folder, merged)
    run.report(f"monitoring: {len(found)} rows added; see {page}")
