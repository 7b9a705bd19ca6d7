"""The two arms of an experiment: the champion's configuration, and the variant, on the same folds."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import duckdb
import pandas as pd

from ml.data.targets import Target
from ml.data.warehouse import connect, frame
from ml.errors import KithError
from ml.experiments.variant import Variant
from ml.learn.configuration import training_arguments
from ml.learn.definition import definition_hash
from ml.learn.registry import EVALUATION_FOLDER, OOF_FILE, Registry
from ml.learn.training.result import TrainingResult
from ml.learn.training.train import train
from ml.learn.training_rows import feature_families, feature_names, training_frames
from ml.run import Run


def stored_predictions(run: Run, target: Target) -> pd.DataFrame | None:
    """The out-of-fold predictions that this day's training kept, or None where there was none of this definition."""
    registry = Registry(run.home)
    version = registry.candidate(target, run.as_of_date)
    if version is None or version.as_of_date != run.as_of_date:
        return None
    if version.definition_hash != definition_hash(run, target):
        return None
    files = registry.files(version, EVALUATION_FOLDER)
    return pd.read_parquet(BytesIO(files[OOF_FILE])) if OOF_FILE in files else None


def train_arm(run: Run, target: Target, variant: Variant) -> TrainingResult:
    """Train one arm on a run whose warehouse holds its labels.

    Raises:
        KithError: nothing could be learned, because outcomes are too few or a number makes no sense; or the
            condition on rows cannot be read, or holds for nobody.
    """
    features, labels = training_frames(run, target)
    features, labels = _where(run, variant.rows, features, labels)
    names = feature_names(features)
    arguments = training_arguments(run, target, names)
    base = arguments["families"][arguments["rule_columns"][0]]
    own = feature_families(run)
    arguments |= variant.changes({name: own[name] for name in names}, base)
    offered = [name for name in names if name in arguments["families"]]
    arguments["rule_columns"] = [rule for rule in arguments["rule_columns"] if rule in offered]
    arguments["directions"] = {name: arguments["directions"][name] for name in offered}
    if not arguments["rule_columns"]:
        raise KithError(
            f"Without {', '.join(variant.without_families)} no simple rule is left for {target.name} (seed "
            "simple_rules.csv) to hold a model against. Leave out fewer families."
        )
    result = _train(run, features, offered, labels, arguments)
    if result.oof.empty:
        raise KithError(
            f"{target.key}, {variant.in_words()}: there is nothing to compare, because {result.customers_with:,} "
            f"customers with the outcome and {result.customers_without:,} without were found and "
            f"{result.customers_needed:,} of each are needed. Choose more rows, or a home with more customers."
        )
    return result


def families_on_offer(run: Run) -> dict[str, str]:
    """The features of a run's warehouse, each with its family."""
    return feature_families(run)


def reference_of(variant: Variant) -> Variant:
    """The champion's configuration; without the families that the variant adds, so that they are seen to add."""
    return replace(Variant(), without_families=variant.with_families)


def _train(
    run: Run,
    features: pd.DataFrame,
    names: list[str],
    labels: pd.DataFrame,
    arguments: dict[str, Any],
) -> TrainingResult:
    try:
        return train(features, names, labels, **arguments, on_progress=run.report)
    except ValueError as error:
        raise KithError(f"The training refuses this variant: {error}.") from error


def _where(
    run: Run, condition: str | None, features: pd.DataFrame, labels: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if condition is None:
        return features, labels
    with connect(run.home, read_only=True) as connection:
        connection.register("rows", features)
        try:
            chosen = frame(
                connection, f"select customer_id, as_of_date from rows where ({condition})"
            )
        except duckdb.Error as error:
            raise KithError(
                f'--rows takes a condition in SQL on the features, such as "orders_count_all >= 3"; found '
                f'"{condition}", of which the database says: {str(error).splitlines()[0]}'
            ) from error
    if chosen.empty:
        raise KithError(
            f'--rows "{condition}" holds for no row; {len(features):,} rows were looked at.'
        )
    keys = ["customer_id", "as_of_date"]
    return features.merge(chosen, on=keys), labels.merge(chosen, on=keys)
