"""What made somebody more likely to leave: the failed delivery that a grieved customer has not got over.

The hidden process says exactly how much it costs: the chance of silence as things stand, against the chance of the
same person on the same day, had the delivery not failed (content instead of grieved). For measuring reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.data.demo.history import History, State
from ml.data.demo.probabilities import CHURN_DAYS, TrueProbabilities
from ml.data.demo.process import GRIEVED

FAILED_DELIVERY = "failed_delivery"


def churn_causes(
    ids: np.ndarray,
    history: History,
    states: Mapping[date, State],
    probabilities: Mapping[date, TrueProbabilities],
    complaints: pa.Table,
    service_keys: np.ndarray,
) -> pd.DataFrame:
    """One row per day and person whom a failed delivery grieves on it.

    Columns: person_id, as_of_date, target, horizon_days, cause, occurred_date (of the order), complained_at (their
    first complaint since then that the brand knew before the day; empty for those who said nothing), probability,
    probability_without.
    """
    said = complaints.select(["source_key", "occurred_at", "known_at", "kind"]).to_pandas()
    said = said[said["kind"] == "complaint"]
    said["person_id"] = said["source_key"].map(dict(zip(service_keys, ids, strict=True)))
    parts = [
        _causes_at(day, ids, history, states[day], probabilities[day], said)
        for day in sorted(states)
    ]
    return pd.concat(parts, ignore_index=True)


def _causes_at(
    as_of_date: date,
    ids: np.ndarray,
    history: History,
    state: State,
    chances: TrueProbabilities,
    said: pd.DataFrame,
) -> pd.DataFrame:
    day = (as_of_date - history.calendar.first_day).days
    orders = history.logs["orders"]
    hurt = (orders["grieves"] == 1) & (orders["day"] < day)
    since = np.full(len(ids), -1)
    np.maximum.at(since, orders["person"][hurt], orders["day"][hurt])
    # Who has been grieved since before the history begins is left out: nothing delivered tells of it.
    person = np.flatnonzero((state.stage == GRIEVED) & (since[: len(state.stage)] >= 0))
    table = pd.DataFrame(
        {
            "person_id": ids[person],
            "as_of_date": np.datetime64(as_of_date),
            "target": "churn",
            "horizon_days": CHURN_DAYS,
            "cause": FAILED_DELIVERY,
            "occurred_date": np.datetime64(history.calendar.first_day)
            + since[person].astype("timedelta64[D]"),
        }
    )
    known = said[said["known_at"] < pd.Timestamp(as_of_date)]
    told = known.merge(table[["person_id", "occurred_date"]], on="person_id")
    told = told[told["occurred_at"] >= told["occurred_date"]]
    first = told.groupby("person_id")["occurred_at"].min()
    return table.assign(
        complained_at=table["person_id"].map(first).astype("datetime64[us]"),
        probability=chances.churn[person],
        probability_without=chances.churn_if_content[person],
    )
