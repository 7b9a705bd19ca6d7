"""Two ways to train, judged out of fold on the same rows: which is better, and by how much.

Whole customers are drawn (cluster bootstrap), the same for both, so that what is hard for both cancels out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.learn.judging import metrics
from ml.learn.judging.resampling import RankedAuc, customer_weights, interval
from ml.learn.training.frames import KEYS, with_plain_keys

Floats = NDArray[np.float64]

MEASURES = {
    "log_loss": ("log-loss", False),
    "auc": ("AUC", True),
    "average_precision": ("average precision", True),
    "brier": ("Brier score", False),
    "ece": ("calibration error (ECE)", False),
    "lift_top_decile": ("lift of the top tenth", True),
}
"""How a measure is called, and whether more of it is better."""


@dataclass(frozen=True)
class Trial:
    """A variant against a reference on the rows that both judged.

    ``figures`` has a line per measure: measure, reference, variant, difference (variant less reference), lower and
    upper (ends of its interval; NaN where none is drawn). ``by_cutoff``: as_of_date, rows, gain (log-loss saved by
    the variant, per row), lower, upper. ``predictions`` holds the rows: KEYS, label, reference, variant.
    """

    rows: int
    customers: int
    figures: pd.DataFrame
    by_cutoff: pd.DataFrame
    predictions: pd.DataFrame

    @property
    def gain(self) -> float:
        """Log-loss that the variant saves, per row."""
        return 0.0 - self.figure("log_loss", "difference")

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of the gain's interval."""
        return 0.0 - self.figure("log_loss", "upper"), 0.0 - self.figure("log_loss", "lower")

    @property
    def answer(self) -> str:
        """One word: better, worse, undecided, or same where no prediction differs."""
        lower, upper = self.interval
        if (self.predictions["reference"] == self.predictions["variant"]).all():
            return "same"
        return "better" if lower > 0 else "worse" if upper < 0 else "undecided"

    def figure(self, measure: str, column: str) -> float:
        """One cell of ``figures``."""
        (value,) = self.figures.loc[self.figures["measure"] == measure, column].to_list()
        return float(value)


def judge_trial(reference: pd.DataFrame, variant: pd.DataFrame, seed: int) -> Trial:
    """Compare two ``oof`` frames (customer_id, as_of_date, label, served) on the rows that both hold.

    Raises ValueError where they share no row, or disagree on the label of one.
    """
    columns = [*KEYS, "label", "served"]
    left, right = (with_plain_keys(frame)[columns] for frame in (reference, variant))
    rows = left.rename(columns={"served": "reference"}).merge(
        right.rename(columns={"served": "variant"}),
        on=KEYS,
        suffixes=("", "_again"),
        validate="one_to_one",
    )
    if rows.empty:
        raise ValueError("the two have judged no row in common")
    if (rows["label"] != rows.pop("label_again")).any():
        raise ValueError("the two disagree on what happened: they answer different questions")
    rows = rows.sort_values(KEYS, ignore_index=True)
    return Trial(
        len(rows),
        rows["customer_id"].nunique(),
        _figures(rows, seed),
        _by_cutoff(rows, seed),
        rows,
    )


def _figures(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    y, both = rows["label"].to_numpy(dtype=float), rows[["reference", "variant"]].to_numpy()
    drawn = _drawn_differences(y, both, rows["customer_id"], seed)
    found = [metrics.summary(y, both[:, arm]) for arm in (0, 1)]
    lines = []
    for measure in MEASURES:
        first, second = (figures[measure] for figures in found)
        lower, upper = drawn.get(measure, (np.nan, np.nan))
        lines.append((measure, first, second, second - first, lower, upper))
    names = ["measure", "reference", "variant", "difference", "lower", "upper"]
    return pd.DataFrame(lines, columns=names)


def _drawn_differences(
    y: Floats, both: Floats, customers: pd.Series, seed: int
) -> dict[str, tuple[float, float]]:
    """Intervals of the differences of those measures that are sums over rows, and of the AUC."""
    losses = np.stack([metrics.row_log_loss(y, both[:, arm]) for arm in (0, 1)], axis=1)
    squares = (both - y[:, None]) ** 2
    ranked = [RankedAuc.of(y, both[:, arm]) for arm in (0, 1)]
    drawn: dict[str, list[float]] = {"log_loss": [], "brier": [], "auc": []}
    for weight in customer_weights(customers, seed):
        total = weight.sum()
        drawn["log_loss"].append(float(weight @ (losses[:, 1] - losses[:, 0]) / total))
        drawn["brier"].append(float(weight @ (squares[:, 1] - squares[:, 0]) / total))
        drawn["auc"].append(ranked[1].value(weight) - ranked[0].value(weight))
    return {measure: interval(found) for measure, found in drawn.items()}


def _by_cutoff(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    lines = []
    for day, group in rows.groupby("as_of_date"):
        y = group["label"].to_numpy(dtype=float)
        saved = metrics.row_log_loss(y, group["reference"]) - metrics.row_log_loss(
            y, group["variant"]
        )
        means = [
            float(weight @ saved / weight.sum())
            for weight in customer_weights(group["customer_id"], seed)
        ]
        lines.append((day, len(group), float(saved.mean()), *interval(means)))
    return pd.DataFrame(lines, columns=["as_of_date", "rows", "gain", "lower", "upper"])
