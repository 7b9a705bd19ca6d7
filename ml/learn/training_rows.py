"""What a training reads from the warehouse, and the digest of what gives its numbers their meaning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from ml.data.targets import Target
from ml.data.warehouse import connect, frame
from ml.run import Run


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


def feature_families(run: Run) -> dict[str, str]:
    """The family of each feature, from the tables that the features were built from."""
    with connect(run.home, read_only=True) as connection:
        rows = connection.execute(
            "select feature, family from features.feature_list order by feature"
        ).fetchall()
    return dict(rows)


def slices_at(run: Run, dates: Sequence[date]) -> pd.DataFrame:
    """The groups of customers by which models are judged, on these snapshot dates; never features.

    Returns:
        customer_id, as_of_date, experience, channel, level, gender, age_band, ordered by date and customer.
    """
    with connect(run.home, read_only=True) as connection:
        return frame(
            connection,
            "select customer_id, as_of_date, experience, channel, level, gender, age_band "
            "from features.customer_slices where list_contains(?, as_of_date) order by as_of_date, customer_id",
            [list(dates)],
        )


def feature_names(features: pd.DataFrame) -> list[str]:
    """The feature list: the columns of the feature table that are no key."""
    return [name for name in features.columns if name not in ("customer_id", "as_of_date")]


def population_features(run: Run, target: Target) -> pd.DataFrame:
    """Features at the run's date of everybody the target asks about and who may be profiled, by customer_id."""
    with connect(run.home, read_only=True) as connection:
        return frame(
            connection,
            "select features.* from features.customer_features as features "
            "inner join features.customer_population as population using (customer_id, as_of_date) "
            "left join events.int_customer__refusals as refusals using (customer_id) "
            "where features.as_of_date = ? and population.target = ? and population.horizon_days = ? "
            "and refusals.customer_id is null order by customer_id",
            [run.as_of_date, target.name, target.horizon_days],
        )
