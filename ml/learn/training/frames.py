"""Rows of features, labels and predictions: their keys in one form, and how they meet."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

KEYS = ["as_of_date", "customer_id"]
"""Rows are always ordered by these two."""


def with_plain_keys(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the frame with customer_id as text and as_of_date as a timestamp of whole seconds."""
    return frame.assign(
        customer_id=frame["customer_id"].astype(str),
        as_of_date=pd.to_datetime(frame["as_of_date"]).astype("datetime64[s]"),
    )


def labelled_rows(
    features: pd.DataFrame,
    feature_names: Sequence[str],
    labels: pd.DataFrame,
    target: str,
    horizon_days: int,
) -> pd.DataFrame:
    """Join the labels of one target to their features: KEYS, label, features, ordered by KEYS.

    Raises ValueError on repeated keys, labels other than 0 and 1, a label without features, and
    feature names that the table lacks.
    """
    unknown = [name for name in feature_names if name not in features.columns]
    if unknown:
        raise ValueError(f"features not in the table: {', '.join(unknown[:10])}")
    chosen = labels
    for column, value in (("target", target), ("horizon_days", horizon_days)):
        if column in chosen.columns:
            chosen = chosen[chosen[column] == value]
    if not chosen["label"].isin([0, 1]).all():
        raise ValueError(f"labels of {target} must be 0 or 1")
    left = with_plain_keys(chosen[[*KEYS, "label"]])
    right = with_plain_keys(features[KEYS])
    for name, frame in (("labels", left), ("features", right)):
        if frame.duplicated(KEYS).any():
            raise ValueError(f"{name} of {target} repeat a customer at one as_of_date")
    # The keys are joined alone: the features are many, and each step would copy them all.
    met = left.merge(right.assign(place=np.arange(len(right))), on=KEYS, how="inner")
    if len(met) != len(left):
        raise ValueError(
            f"every label of {target} needs a row of features; "
            f"{len(left) - len(met)} of {len(left)} have none"
        )
    met = met.sort_values(KEYS, ignore_index=True)
    values = features[list(feature_names)].take(met["place"].to_numpy()).reset_index(drop=True)
    return pd.concat([met[[*KEYS, "label"]], values], axis=1)
