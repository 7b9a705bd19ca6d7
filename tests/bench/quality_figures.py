"""Figures of several sets of probabilities for the same people, with intervals from one paired bootstrap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from ml.learn.judging import metrics

Floats = npt.NDArray[np.float64]

DRAWS = 1_000
SEED = 20_240_229
LOWER_80, LOWER_95, UPPER_95 = 0.2, 0.025, 0.975


def figures(outcome: npt.ArrayLike, contenders: pd.DataFrame) -> pd.DataFrame:
    """Judge every column of `contenders`, "Kith" among them, against what came true (0 or 1).

    Returns one row per contender: rows, base_rate, the metrics of `metrics.summary`, and how much
    more AUC Kith has (auc_lead, its 95 % interval, and its lower 80 % bound), by a bootstrap over
    people that draws the same people for both.
    """
    y = np.asarray(outcome, dtype=np.float64)
    drawn = _drawn_aucs(y, contenders)
    lines = []
    for name in contenders.columns:
        line = {"contender": name, **metrics.summary(y, contenders[name].to_numpy())}
        lead = drawn["Kith"] - drawn[name]
        line["auc_lead"] = metrics.auc(y, contenders["Kith"]) - line["auc"]
        for label, share in (
            ("lead_lower_80", LOWER_80),
            ("lead_lower_95", LOWER_95),
            ("lead_upper_95", UPPER_95),
        ):
            line[label] = float(np.quantile(lead, share))
        lines.append(line)
    return pd.DataFrame(lines)


def _drawn_aucs(y: Floats, contenders: pd.DataFrame) -> dict[str, Floats]:
    random = np.random.default_rng(SEED)
    found: dict[str, list[float]] = {name: [] for name in contenders}
    columns = {name: contenders[name].to_numpy(dtype=np.float64) for name in contenders}
    for _ in range(DRAWS):
        people = random.integers(0, len(y), len(y))
        drawn = y[people]
        if not 0 < drawn.sum() < len(drawn):
            continue
        for name, p in columns.items():
            found[name].append(_auc(drawn, p[people]))
    return {name: np.array(values) for name, values in found.items()}


def _auc(y: Floats, p: Floats) -> float:
    """The area under the ROC curve from mid-ranks (Mann and Whitney), quicker than sorting a curve."""
    positives = y.sum()
    ranks = rankdata(p)
    above = float(ranks[y > 0].sum() - positives * (positives + 1) / 2)
    return above / float(positives * (len(y) - positives))
