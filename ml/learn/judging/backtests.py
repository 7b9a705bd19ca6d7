"""How a model and the best simple rule did at each matured cut-off, side by side, with what chance leaves open."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.learn.judging import metrics
from ml.learn.judging.metrics import Floats, row_log_loss
from ml.learn.judging.reliability import calibration_test
from ml.learn.training.frames import KEYS

INTERVAL = 0.9
DRAWS = 200

MOST_WEIGHTS = 2_000_000
"""Weights drawn at once: bounds the memory at any number of rows."""

MEASURED = ("auc", "average_precision", "log_loss", "brier")
"""Measures whose difference to the rule gets an interval."""

MATERIAL_ERROR = 0.1
"""Share of the base rate from which a calibration error counts in the grade."""


def backtests(oof: pd.DataFrame, rule: str, seed: int) -> pd.DataFrame:
    """Judge the served model and the best simple rule at each cut-off of the out-of-fold predictions.

    ``oof`` holds KEYS, label, served and the column ``rule``. One row per as_of_date and contender (``served``,
    then the rule): rows, base_rate, mean_probability, the measures of metrics.summary, chance_limit and
    badly_calibrated. Rows of ``served`` also hold, per measure of MEASURED, ``<measure>_gain`` (positive: better than the
    rule) with its paired bootstrap bounds ``_low`` and ``_high``, together INTERVAL of the draws. A cut-off has one
    row per customer, so drawing rows draws customers.
    """
    lines = []
    for day, group in oof.sort_values(KEYS).groupby("as_of_date"):
        outcome = group["label"].to_numpy(dtype=np.float64)
        served, simple = (group[name].to_numpy(dtype=np.float64) for name in ("served", rule))
        for name, predicted in (("served", served), (rule, simple)):
            lines.append({"as_of_date": day, "contender": name, **_judge(outcome, predicted, seed)})
        lines[-2] |= _gains(outcome, served, simple, seed)
    return pd.DataFrame(lines)


def counts_as_badly_calibrated(
    outcome: Floats, probability: Floats, day: NDArray[np.datetime64], seed: int
) -> bool:
    """Tell whether bad calibration stands in the way of a good grade.

    It does when it is beyond chance at more than half of the cut-offs, and the mean error there is more than
    MATERIAL_ERROR of the base rate: in a large population every model is beyond chance somewhere.
    """
    tests = [
        calibration_test(outcome[day == d], probability[day == d], seed=seed)
        for d in np.unique(day)
    ]
    beyond = sum(test.badly_calibrated for test in tests)
    error = float(np.mean([test.ece for test in tests]))
    return 2 * beyond > len(tests) and error > MATERIAL_ERROR * float(outcome.mean())


def _judge(outcome: Floats, predicted: Floats, seed: int) -> dict[str, object]:
    test = calibration_test(outcome, predicted, seed=seed)
    figures = metrics.summary(outcome, predicted)
    return {
        "rows": int(figures.pop("rows")),
        "base_rate": figures.pop("base_rate"),
        "mean_probability": float(predicted.mean()),
        **figures,
        "chance_limit": test.chance_limit,
        "badly_calibrated": test.badly_calibrated,
    }


def _gains(outcome: Floats, served: Floats, simple: Floats, seed: int) -> dict[str, float]:
    """Differences to the rule, with bounds; no bounds where one outcome alone occurs."""
    whole = _weighted(outcome, served, simple, np.ones((1, len(outcome)), dtype=np.float32))
    drawn = _drawn_gains(outcome, served, simple, seed)
    told: dict[str, float] = {}
    for name in MEASURED:
        known = drawn[name][np.isfinite(drawn[name])]
        bounds = (1 - INTERVAL) / 2, (1 + INTERVAL) / 2
        low, high = np.quantile(known, bounds) if len(known) else (np.nan, np.nan)
        told |= {
            f"{name}_gain": float(whole[name][0]),
            f"{name}_gain_low": float(low),
            f"{name}_gain_high": float(high),
        }
    return told


def _drawn_gains(outcome: Floats, served: Floats, simple: Floats, seed: int) -> dict[str, Floats]:
    """Differences under DRAWS Poisson bootstrap weights (Hanley and MacGibbon 2006): name to shape (DRAWS,)."""
    random = np.random.default_rng(seed)
    at_once = max(1, MOST_WEIGHTS // len(outcome))
    parts = []
    for start in range(0, DRAWS, at_once):
        shape = (min(at_once, DRAWS - start), len(outcome))
        weights = random.poisson(1.0, shape).astype(np.float32)
        parts.append(_weighted(outcome, served, simple, weights))
    return {name: np.concatenate([part[name] for part in parts]) for name in MEASURED}


def _weighted(
    outcome: Floats, served: Floats, simple: Floats, weights: NDArray[np.float32]
) -> dict[str, Floats]:
    """Gains under each row of ``weights`` (draws, rows): name to shape (draws,)."""
    area, precision = (
        a - b
        for a, b in zip(
            _ranked(outcome, served, weights), _ranked(outcome, simple, weights), strict=True
        )
    )
    total = weights.sum(axis=1, dtype=np.float64)
    loss = row_log_loss(outcome, simple) - row_log_loss(outcome, served)
    square = (outcome - simple) ** 2 - (outcome - served) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "auc": area,
            "average_precision": precision,
            "log_loss": np.einsum("dr,r->d", weights, loss) / total,
            "brier": np.einsum("dr,r->d", weights, square) / total,
        }


def _ranked(
    outcome: Floats, predicted: Floats, weights: NDArray[np.float32]
) -> tuple[Floats, Floats]:
    """Weighted AUC and average precision under each row of weights; ties count half, as one step."""
    order = np.argsort(-predicted, kind="stable")
    edges = np.unique(-predicted[order], return_index=True)[1]
    sorted_weights = weights[:, order].astype(np.float64)
    positive = np.add.reduceat(sorted_weights * outcome[order], edges, axis=1)
    every = np.add.reduceat(sorted_weights, edges, axis=1)
    negative = every - positive
    found, passed = positive.cumsum(axis=1), negative.cumsum(axis=1)
    positives, negatives = found[:, -1], passed[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        area = (positive * (negatives[:, None] - passed + 0.5 * negative)).sum(axis=1) / (
            positives * negatives
        )
        steps = np.where(found + passed > 0, positive * found / (found + passed), 0.0)
        return area, steps.sum(axis=1) / positives
