"""How a target is trained in a run: the arguments of `train` beyond the rows themselves.

Training and experiments both take them from here, so that an experiment's reference is what `kith train` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml.data.seeds import seed_rows
from ml.data.targets import Target
from ml.learn.catalogue import direction_of
from ml.learn.definition import SEED
from ml.learn.training_rows import feature_families
from ml.run import Run


def training_arguments(run: Run, target: Target, names: Sequence[str]) -> dict[str, Any]:
    """The keyword arguments of `train` for a target, with the features that are offered to it."""
    settings = run.home.settings
    family_of = feature_families(run)
    rules = [name for name in rule_features(target) if name in names] or list(names)[:1]
    return {
        "target": target.name,
        "horizon_days": target.horizon_days,
        # Without the entity of its rules a target has no outcome either, and any rule will do.
        "rule_columns": rules,
        "min_class_customers": settings.min_class_customers,
        "seed": SEED,
        "threads": settings.threads,
        "families": {name: family_of[name] for name in names},
        "directions": {name: direction_of(name, target.name) for name in names},
        "search_trials": settings.search_trials,
        "allowed_strong": allowed_strong_features(),
        "min_returned_customers": settings.min_returned_customers,
    }


def rule_features(target: Target) -> list[str]:
    """The features that count as simple rules for a target, from the seed."""
    return [row["feature"] for row in seed_rows("simple_rules") if row["target"] == target.name]


def allowed_strong_features() -> list[str]:
    """The features that may tell a label as well as they do, from the seed."""
    return [row["feature"] for row in seed_rows("allowed_strong_features")]
