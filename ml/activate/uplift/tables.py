"""The tables of effects: `uplift.parquet` and `uplift_quality.parquet` of one published version."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.activate.uplift.bundle import EffectModel
from ml.activate.uplift.segments import UNCLEAR, deciles_of, segments_of
from ml.serve.digits import nine_digits

NOT_ELIGIBLE = "not_eligible"

UPLIFT_COLUMNS = pa.schema(
    [
        ("customer_id", pa.string()),
        ("channel", pa.string()),
        ("outcome", pa.string()),
        ("horizon_days", pa.int32()),
        ("effect", pa.float64()),
        ("effect_low", pa.float64()),
        ("effect_high", pa.float64()),
        ("rate_without", pa.float64()),
        ("decile", pa.int32()),
        ("segment", pa.string()),
        ("is_causal", pa.bool_()),
        ("status", pa.string()),
        ("reason_code", pa.string()),
    ]
)
QUALITY_COLUMNS = pa.schema(
    [
        ("channel", pa.string()),
        ("outcome", pa.string()),
        ("horizon_days", pa.int32()),
        ("measure", pa.string()),
        ("decile", pa.int32()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("predicted", pa.float64()),
        ("contacts", pa.int64()),
        ("is_causal", pa.bool_()),
        ("reason_code", pa.string()),
    ]
)


def uplift_rows(
    model: EffectModel, scored: pd.DataFrame, eligible: set[str], least_effect: float
) -> pa.Table:
    """One model's rows of `uplift`: everybody in `scored` (customer_id and the features), by customer_id.

    Only whom the coin could have chosen gets an effect: of the others the experiment says nothing. Decile and segment
    tell people apart, so they stand only where the ranking is proved.
    """
    rows = scored[["customer_id"]].copy()
    rows["effect"] = rows["effect_low"] = rows["effect_high"] = rows["rate_without"] = float("nan")
    rows["decile"], rows["segment"] = pd.array([pd.NA] * len(rows), dtype="Int32"), None
    rows["status"], rows["reason_code"] = "not_scored", model.reason
    if model.line is not None:
        reachable = rows["customer_id"].isin(eligible)
        rows.loc[~reachable, "reason_code"] = NOT_ELIGIBLE
        rows.loc[reachable, "status"] = "scored"
        found = model.effects(scored[reachable])
        for column in ("effect", "effect_low", "effect_high"):
            rows.loc[reachable, column] = found[column]
        rows.loc[reachable, "rate_without"] = found["without"]
        rows.loc[reachable, "segment"] = UNCLEAR
        if model.is_ranked:
            rows.loc[reachable, "segment"] = segments_of(found, model.sign, least_effect)
            benefit = (model.sign * found["effect"]).to_numpy()
            rows.loc[reachable, "decile"] = deciles_of(benefit, rows.loc[reachable, "customer_id"])
    for column in ("effect", "effect_low", "effect_high", "rate_without"):
        rows[column] = nine_digits(rows[column].to_numpy(np.float64))
    rows["channel"], rows["outcome"] = model.channel, model.outcome
    rows["horizon_days"] = model.horizon_days or None
    rows["is_causal"] = model.is_causal & (rows["status"] == "scored")
    return pa.Table.from_pandas(rows[UPLIFT_COLUMNS.names], UPLIFT_COLUMNS, preserve_index=False)


def quality_rows(models: Sequence[EffectModel]) -> pa.Table:
    """What was found of each model; a model of which nothing is known has one row that says so."""
    rows = [
        {
            "channel": model.channel,
            "outcome": model.outcome,
            "horizon_days": model.horizon_days or None,
            "is_causal": model.is_causal,
            "reason_code": model.reason,
            **row,
        }
        for model in models
        for row in (model.quality or ({"measure": "contacts", "value": 0.0},))
    ]
    return pa.Table.from_pylist(rows, QUALITY_COLUMNS)
