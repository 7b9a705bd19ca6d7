"""Measures of a set of probabilities against what happened.

Everywhere ``y`` holds 0/1 outcomes and ``p`` probabilities of 1, both of shape (rows,), and no
result depends on the order of the rows: equal predictions are treated as one group.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

Floats = NDArray[np.float64]

SMALLEST_PROBABILITY = 1e-6
"""Kept distance from 0 and 1 in the log-loss: one sure mistake must stay finite."""


def auc(y: ArrayLike, p: ArrayLike) -> float:
    """Give the area under the ROC curve; NaN when only one outcome occurs."""
    outcome = np.asarray(y)
    return float(roc_auc_score(outcome, p)) if _has_both(outcome) else float("nan")


def average_precision(y: ArrayLike, p: ArrayLike) -> float:
    """Give the area under the precision-recall curve (step-wise); NaN when nothing is positive."""
    outcome = np.asarray(y)
    return float(average_precision_score(outcome, p)) if outcome.any() else float("nan")


def row_log_loss(y: ArrayLike, p: ArrayLike) -> Floats:
    """Give the log-loss of each row, in nats, shape (rows,)."""
    outcome = np.asarray(y, dtype=np.float64)
    kept = np.clip(
        np.asarray(p, dtype=np.float64), SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY
    )
    return -np.where(outcome > 0.5, np.log(kept), np.log1p(-kept))


def log_loss(y: ArrayLike, p: ArrayLike) -> float:
    """Give the mean log-loss, in nats."""
    return float(np.mean(row_log_loss(y, p)))


def brier(y: ArrayLike, p: ArrayLike) -> float:
    """Give the mean squared distance of probability and outcome."""
    return float(brier_score_loss(np.asarray(y), np.asarray(p, dtype=np.float64), pos_label=1))


def expected_calibration_error(y: ArrayLike, p: ArrayLike, bins: int = 10) -> float:
    """Give the mean distance of observed rate and mean prediction over bins of equal count.

    Perfect probabilities do not give 0: ten bins of 1,000 rows show about .03 by chance.
    Naeini, Cooper and Hauskrecht (2015), with equal-count bins as in Nixon et al. (2019).
    """
    table = calibration_table(y, p, bins)
    distance = (table["observed_rate"] - table["mean_prediction"]).abs()
    return float((distance * table["rows"]).sum() / table["rows"].sum())


def calibration_table(y: ArrayLike, p: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Give one row per bin of about equal count, the lowest predictions first.

    Columns: bin (from 1), rows, mean_prediction, observed_rate. Equal predictions share the bin of
    their first rank, so there may be fewer bins than asked for, and of unequal size.
    """
    outcome, predicted = _floats(y), _floats(p)
    first_rank = np.searchsorted(np.sort(predicted), predicted, side="left")
    frame = pd.DataFrame({"bin": first_rank * bins // len(predicted), "y": outcome, "p": predicted})
    table = (
        frame.sort_values(["bin", "p", "y"])
        .groupby("bin", as_index=False)
        .agg(rows=("y", "size"), mean_prediction=("p", "mean"), observed_rate=("y", "mean"))
    )
    return table.assign(bin=np.arange(1, len(table) + 1))


def lift_table(y: ArrayLike, p: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Give one row per tenth of the customers, the most likely first.

    Columns: decile (from 1), rows, mean_prediction, observed_rate, lift (observed rate over the
    overall one; NaN when nothing is positive), cumulative_gain (share of all positives found down
    to here). Where a tie crosses a border, each side gets its expected share of the positives.
    """
    outcome, predicted = _floats(y), _floats(p)
    order = np.argsort(-predicted, kind="stable")
    outcome, predicted = _tie_averages(outcome, predicted)[order], predicted[order]
    frame = pd.DataFrame(
        {"decile": np.arange(len(order)) * bins // len(order) + 1, "y": outcome, "p": predicted}
    )
    table = frame.groupby("decile", as_index=False).agg(
        rows=("y", "size"), mean_prediction=("p", "mean"), observed_rate=("y", "mean")
    )
    positives = float(outcome.sum()) or float("nan")
    found = table["observed_rate"] * table["rows"]
    return table.assign(
        lift=table["observed_rate"] * len(order) / positives,
        cumulative_gain=found.cumsum() / positives,
    )


def lift_top_decile(y: ArrayLike, p: ArrayLike) -> float:
    """Give the observed rate of the most likely tenth, over the overall rate."""
    return float(lift_table(y, p)["lift"].iloc[0])


def summary(y: ArrayLike, p: ArrayLike) -> dict[str, float]:
    """Give all single figures by name."""
    return {
        "rows": float(len(np.asarray(y))),
        "base_rate": float(np.mean(np.asarray(y))),
        "auc": auc(y, p),
        "average_precision": average_precision(y, p),
        "log_loss": log_loss(y, p),
        "brier": brier(y, p),
        "ece": expected_calibration_error(y, p),
        "lift_top_decile": lift_top_decile(y, p),
    }


def paired_bootstrap(
    loss_a: ArrayLike,
    loss_b: ArrayLike,
    groups: ArrayLike,
    seed: int,
    level: float = 0.8,
    draws: int = 1000,
) -> tuple[float, float]:
    """Compare two sets of losses on the same rows; positive means that b is better.

    ``groups`` names the customer of each row: the rows of one customer at neighbouring cut-offs
    share most of their label window, so whole customers are drawn (cluster bootstrap; Davison and
    Hinkley 1997, section 3.8). Returns the mean of ``loss_a - loss_b`` and its one-sided lower
    bound, the ``1 - level`` quantile of the drawn means. Raises ValueError when there is no row.
    """
    difference = _floats(loss_a) - _floats(loss_b)
    if not len(difference):
        raise ValueError("paired_bootstrap compares at least one row, found none")
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    # Sums are rounded so that they cannot depend on the order of a customer's rows.
    sums = np.round(np.bincount(code, weights=difference), 12)
    sizes = np.bincount(code).astype(np.float64)
    random = np.random.default_rng(seed)
    means = np.empty(draws)
    for draw in range(draws):
        drawn = random.integers(0, len(names), len(names))
        means[draw] = sums[drawn].sum() / sizes[drawn].sum()
    return float(sums.sum() / sizes.sum()), float(np.quantile(means, 1.0 - level))


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _has_both(outcome: NDArray[np.generic]) -> bool:
    return bool(outcome.any()) and not bool(outcome.all())


def _tie_averages(outcome: Floats, predicted: Floats) -> Floats:
    """Replace each outcome by the mean among its equals: its expectation under a random order."""
    _, code = np.unique(predicted, return_inverse=True)
    return (np.bincount(code, weights=outcome) / np.bincount(code))[code]
