"""How a target is trained in a run: the arguments of `train` beyond the rows themselves.

Training and experiments both take them from here, so that an experiment's reference is what `kith train` does.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

from ml.data.targets import Target
from ml.data.warehouse import connect, table_exists
from ml.home import SEEDS
from ml.learn.definition import SEED
from ml.run import Run
from ml.serve.phrases import phrase_for

FEATURE_LIST = "features.feature_list"


def training_arguments(run: Run, target: Target, names: Sequence[str]) -> dict[str, Any]:
    """The keyword arguments of `train` for a target, with the features that are offered to it."""
    settings = run.home.settings
    return {
        "target": target.name,
        "horizon_days": target.horizon_days,
        "rule_columns": rule_features(target),
        "min_class_customers": settings.min_class_customers,
        "seed": SEED,
        "threads": settings.threads,
        "families": families_of(run, names),
    }


def rule_features(target: Target) -> list[str]:
    """The features that count as simple rules for a target, from the seed."""
    with (SEEDS / "simple_rules.csv").open(encoding="utf-8", newline="") as lines:
        return [row["feature"] for row in csv.DictReader(lines) if row["target"] == target.name]


def families_of(run: Run, names: Sequence[str]) -> dict[str, str]:
    """The family of each feature, as the warehouse lists them; of one that it does not list, as its phrase says."""
    listed: dict[str, str] = {}
    with connect(run.home, read_only=True) as connection:
        if table_exists(connection, FEATURE_LIST):
            query = f"select feature, family from {FEATURE_LIST}"
            listed = dict(connection.execute(query).fetchall())
    return {name: listed.get(name) or phrase_for(name).family for name in names}
