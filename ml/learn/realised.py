"""Held against what happened: the scores published for a day, once its windows have closed.

The outcome is the label of that day as a later day knows it; beside the published probabilities stand
those of the best simple rule, fitted on the same training rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ml.data.build import build_cutoffs
from ml.data.maturity import complete_until_of
from ml.data.targets import Target
from ml.data.warehouse import connect_to_learn
from ml.errors import KithError
from ml.learn.judging import metrics
from ml.learn.judging.plots import calibration_plot, lift_plot
from ml.learn.models.bundle import ModelBundle
from ml.learn.registry import RULE_FOLDER, RegisteredModel, Registry
from ml.learn.training_rows import BATCH_ROWS
from ml.run import Run, RunState
from ml.serve.versions import Version, Versions

JUDGED = ("customer_id", "as_of_date", "probability", "label")
SHARED_BEFORE = "shares_sent_count_all"
SHOWN = ("auc", "log_loss", "ece", "brier", "average_precision", "lift_top_decile")


def evaluate_published(run: Run, published: date, name: str | None = None) -> pd.DataFrame:
    """Compare what was published for `published` with what happened, as far as the run's date knows it.

    Returns:
        One row per target, group (everyone, and for `share` those who had shared before) and
        contender (served model, best simple rule) with rows, base_rate and metrics. It is also
        logged to MLflow.

    Raises:
        KithError: nothing was published for that day, or its windows have not closed yet.
    """
    state = RunState(run).require("events", "build")
    version = _version_of(run, published)
    targets = _closed(
        run, version, run.target(name) if name else run.targets, complete_until_of(run, state)
    )
    RunState(run).forget("labels")
    build_cutoffs(run, [(target.name, target.horizon_days, published) for target in targets])
    registry = Registry(run.home)
    tables = [_evaluate_target(run, registry, version, target) for target in targets]
    return pd.concat(tables, ignore_index=True)


def _version_of(run: Run, published: date) -> Version:
    found = [version for version in Versions(run.home).all() if version.as_of_date == published]
    if not found:
        raise KithError(
            f"Nothing is published in {run.home.root} for {published}, so there is nothing to hold against what "
            "happened. `kith status` lists the versions."
        )
    return found[-1]


def closed_targets(
    version: Version, targets: Sequence[Target], complete_until: datetime
) -> list[Target]:
    """The targets scored in a version whose windows lie before the instant until which facts are complete."""
    return [
        target
        for target in _scored(version, targets)
        if datetime.combine(
            version.as_of_date + timedelta(days=target.horizon_days), datetime.min.time()
        )
        <= complete_until
    ]


def _scored(version: Version, targets: Sequence[Target]) -> list[Target]:
    scored = {
        (model["target"], model["horizon_days"])
        for model in version.manifest["models"]
        if model["status"] == "scored"
    }
    return [target for target in targets if (target.name, target.horizon_days) in scored]


def _closed(
    run: Run, version: Version, targets: Sequence[Target], complete_until: datetime
) -> list[Target]:
    closed = closed_targets(version, targets, complete_until)
    if not closed:
        known = ", ".join(target.key for target in _scored(version, targets)) or "none was scored"
        raise KithError(
            f"No target published for {version.as_of_date} can be judged as of {run.as_of_date} ({known}): facts count "
            f"as complete only before {complete_until:%Y-%m-%d}. Evaluate with a later --as-of-date."
        )
    return closed


def model_of(version: Version, target: Target) -> dict[str, Any]:
    """What the manifest of a version says of the model of one target."""
    return next(
        model
        for model in version.manifest["models"]
        if (model["target"], model["horizon_days"]) == (target.name, target.horizon_days)
    )


def rows_with_rule(
    run: Run, registry: Registry, version: Version, target: Target
) -> tuple[pd.DataFrame, str]:
    """Published probability, label known by now, and what the best simple rule of that model's training says.

    Gives the rows, with what `groups_of` asks, and the name of the rule. Features are read in batches, as in scoring.

    Raises:
        KithError: the registry no longer has the model.
    """
    registered = _registered(registry, version, target)
    rule = ModelBundle.from_files(registry.files(registered, RULE_FOLDER))
    kept = [*JUDGED, "rule", SHARED_BEFORE]
    parts = [
        batch.assign(rule=rule.predict(batch)).filter(kept)
        for batch in _batches(run, version, target)
    ]
    rows = pd.concat(parts) if parts else pd.DataFrame(columns=kept)
    return rows.sort_values("customer_id", ignore_index=True), registered.tags["best_rule"]


def _registered(registry: Registry, version: Version, target: Target) -> RegisteredModel:
    sha256 = model_of(version, target)["sha256"]
    for found in reversed(registry.versions(target, version.as_of_date)):
        if found.tags["sha256"] == sha256:
            return found
    raise KithError(
        f"The model registry no longer has the model that scored {target.key} for {version.as_of_date} "
        f"({sha256[:12]}…), so its simple rule is not known."
    )


def groups_of(rows: pd.DataFrame, target: Target) -> dict[str, np.ndarray]:
    """The groups that are judged: everyone, and for `share` those who had shared before."""
    groups = {"everyone": np.ones(len(rows), dtype=bool)}
    if target.name == "share" and SHARED_BEFORE in rows:
        groups["shared before"] = (rows[SHARED_BEFORE] > 0).to_numpy()
    return groups


def _evaluate_target(
    run: Run, registry: Registry, version: Version, target: Target
) -> pd.DataFrame:
    rows, rule = rows_with_rule(run, registry, version, target)
    served = _registered(registry, version, target).tags["served"]
    table = _figures(
        rows, groups_of(rows, target), {"probability": f"Kith ({served})", "rule": rule}
    )
    table.insert(0, "target", target.key)
    log_realised(run, registry, target, version, rows, table)
    for line in table.to_dict("records"):
        run.report(
            f"{target.key} of {version.as_of_date}, {line['group']}, {line['contender']}: "
            f"n {line['rows']:,}, base rate "
            f"{line['base_rate']:.3f}, AUC {line['auc']:.3f}, log-loss {line['log_loss']:.4f}, ECE {line['ece']:.4f}"
        )
    return table


def _figures(
    rows: pd.DataFrame, groups: dict[str, np.ndarray], contenders: dict[str, str]
) -> pd.DataFrame:
    lines = []
    for group, chosen in groups.items():
        outcome = rows.loc[chosen, "label"].to_numpy()
        if len(set(outcome)) < 2:
            continue
        for column, contender in contenders.items():
            figures = metrics.summary(outcome, rows.loc[chosen, column].to_numpy())
            lines.append(
                {
                    "group": group,
                    "contender": contender,
                    "rows": len(outcome),
                    "base_rate": float(outcome.mean()),
                    **{key: figures[key] for key in SHOWN},
                }
            )
    return pd.DataFrame(lines)


def _batches(run: Run, version: Version, target: Target) -> Iterator[pd.DataFrame]:
    """Published probabilities with the label known by now and the features of that day, some people at a time."""
    scores = Versions(run.home).folder / version.name / "customer_scores.parquet"
    with connect_to_learn(run.home) as connection:
        reader = connection.execute(
            "select scores.probability, labels.label, features.* "
            "from read_parquet(?) as scores "
            "inner join labels.customer_labels as labels using (customer_id, as_of_date, target, horizon_days) "
            "inner join features.customer_features as features using (customer_id, as_of_date) "
            "where scores.target = ? and scores.horizon_days = ? and scores.status = 'scored'",
            [str(scores), target.name, target.horizon_days],
        ).to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            yield batch.to_pandas(date_as_object=False)


def log_realised(
    run: Run,
    registry: Registry,
    target: Target,
    version: Version,
    rows: pd.DataFrame,
    table: pd.DataFrame,
) -> None:
    """Log to MLflow what became of a target's scores: `table` has rows of figures, `rows` the people."""
    outcome, probability = rows["label"].to_numpy(), rows["probability"].to_numpy()
    title = f"{target.key} of {version.as_of_date}, realised"
    registry.log_run(
        target,
        f"realised {version.as_of_date}",
        tags={"published": version.name, "as_of_date": run.as_of_date.isoformat()},
        parameters={"as_of_date": version.as_of_date, "known_at": run.as_of_date},
        metrics={
            f"{_short_name(line)}.{key}": line[key]
            for line in table.to_dict("records")
            for key in SHOWN
            if np.isfinite(line[key])
        },
        texts={"realised.csv": table.to_csv(index=False)},
        figures={
            "plots/calibration.png": calibration_plot(
                metrics.calibration_table(outcome, probability), title
            ),
            "plots/lift.png": lift_plot(metrics.lift_table(outcome, probability), title),
        },
    )


def _short_name(line: Mapping[Hashable, Any]) -> str:
    contender = "served" if line.get("contender", "Kith").startswith("Kith") else "rule"
    return f"{contender}.{line['group'].replace(' ', '_')}"
