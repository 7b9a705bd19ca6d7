"""Whether a new model replaces the champion."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from ml.learn.judging.metrics import paired_bootstrap, row_log_loss
from ml.learn.training.frames import KEYS, with_plain_keys


@dataclass(frozen=True)
class Comparison:
    """Champion and candidate on the same rows, later than the training of both.

    ``gain`` is the champion's mean log-loss less the candidate's (positive: the candidate is
    better), ``lower_bound`` its paired one-sided bound by customer; both None when no such row
    exists, and then nothing is promoted.
    """

    status: Literal["compared", "no_later_rows"]
    rows: int
    customers: int
    cutoffs: tuple[date, ...]
    gain: float | None
    lower_bound: float | None
    promote: bool


def compare(
    candidate_oof: pd.DataFrame,
    champion_predictions: pd.DataFrame,
    champion_trained_until: date,
    *,
    seed: int = 0,
    level: float = 0.8,
) -> Comparison:
    """Compare a candidate with the champion.

    ``candidate_oof`` is the ``oof`` frame of its TrainingResult. ``champion_predictions`` holds
    customer_id, as_of_date and prediction (a probability), one row per key; rows without a
    counterpart are ignored. Judged are the cut-offs from ``champion_trained_until`` on, where the
    champion had seen no label; the candidate is judged by its out-of-fold predictions there, and
    only if these were made forward in time. Raises ValueError on repeated keys.
    """
    candidate = with_plain_keys(candidate_oof)[[*KEYS, "label", "served", "out_of_time"]]
    champion = with_plain_keys(champion_predictions)[[*KEYS, "prediction"]]
    rows = candidate.merge(champion, on=KEYS, validate="one_to_one")
    later = rows["as_of_date"] >= pd.Timestamp(champion_trained_until)
    rows = rows[later & rows["out_of_time"]].sort_values(KEYS)
    if rows.empty:
        return Comparison("no_later_rows", 0, 0, (), None, None, promote=False)
    gain, bound = paired_bootstrap(
        row_log_loss(rows["label"], rows["prediction"]),
        row_log_loss(rows["label"], rows["served"]),
        rows["customer_id"].to_numpy(dtype=np.str_),
        seed,
        level,
    )
    days = tuple(stamp.date() for stamp in sorted(rows["as_of_date"].unique()))
    customers = rows["customer_id"].nunique()
    return Comparison("compared", len(rows), customers, days, gain, bound, promote=bound >= 0)
