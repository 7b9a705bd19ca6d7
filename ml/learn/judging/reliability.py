"""Is a predicted 30 % really 30 %, beyond what chance explains: overall, at a cut-off, in a slice.

Perfect probabilities do not give a calibration error of 0: ten bins of 1,000 rows show about .03. So the error is
held against what the probabilities themselves would give if they were true (consistency resampling; Bröcker and
Smith 2007; Vaicenavicius et al. 2019), and never against a fixed figure.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ml.learn.judging.metrics import Floats
from ml.learn.training.frames import KEYS, with_plain_keys

BINS = 10
CHANCE_LEVEL = 0.95
DRAWS = 1000

CELLS = 20
"""Into how many cells of about equal probability a bin is cut for drawing."""

MOST_CLUSTERS = 2000

SLICE_KINDS = ("experience", "channel", "level", "gender", "age_band")
LEAST_SLICE_CUSTOMERS = 200
EVERYONE = ("everyone", "everyone")
SMALL = "small groups together"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class CalibrationTest:
    """The calibration error of a set of probabilities, and the most that chance explains."""

    ece: float
    chance_limit: float

    @property
    def badly_calibrated(self) -> bool:
        """Tell whether the error is beyond chance."""
        return self.ece > self.chance_limit


def badly_calibrated(y: ArrayLike, p: ArrayLike, seed: int = 0) -> bool:
    """Tell whether the calibration error of independent rows is beyond chance."""
    return calibration_test(y, p, seed=seed).badly_calibrated


def calibration_test(
    y: ArrayLike,
    p: ArrayLike,
    customer: ArrayLike | None = None,
    *,
    seed: int = 0,
    level: float = CHANCE_LEVEL,
) -> CalibrationTest:
    """Hold the expected calibration error (BINS bins of equal count) against chance.

    Outcomes are drawn DRAWS times from the probabilities themselves; the limit is the ``level`` quantile of the
    errors they give. Where ``customer`` names customers with several rows (cut-offs whose windows overlap), rows are
    not independent, and chance does more: then the signs of whole customers' residuals are drawn too (wild cluster
    bootstrap; Cameron, Gelbach and Miller 2008), and the greater limit holds. The order of rows changes nothing.
    Raises ValueError when there is no row.
    """
    outcome, predicted = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    if not len(outcome):
        raise ValueError("calibration_test judges at least one row, found none")
    bins = _bins(predicted)
    count = len(outcome)
    gaps = np.bincount(bins, weights=np.round(outcome - predicted, 12))
    ece = float(np.round(np.abs(gaps).sum(), 9) / count)
    drawn = _parametric(np.sort(predicted), np.random.default_rng(seed))
    limit = float(np.quantile(drawn, level))
    if customer is not None and len(np.unique(np.asarray(customer))) < count:
        drawn = _by_customer(outcome - predicted, bins, customer, np.random.default_rng(seed))
        limit = max(limit, float(np.quantile(drawn, level)))
    return CalibrationTest(ece, limit)


def _bins(predicted: Floats) -> NDArray[np.intp]:
    """Equal predictions share the bin of their first rank, as in ``metrics.calibration_table``."""
    first_rank = np.searchsorted(np.sort(predicted), predicted, side="left")
    return np.asarray(first_rank * BINS // len(predicted), dtype=np.intp)


def _parametric(predicted: Floats, random: np.random.Generator) -> Floats:
    """Errors of drawn outcomes, shape (DRAWS,): each cell of neighbouring probabilities gives a binomial count."""
    bins = _bins(predicted)
    first = np.searchsorted(bins, bins, side="left")
    size = np.bincount(bins)[bins]
    cell = bins * CELLS + (np.arange(len(bins)) - first) * CELLS // size
    names, start, rows = np.unique(cell, return_index=True, return_counts=True)
    means = np.clip(np.add.reduceat(predicted, start) / rows, 0.0, 1.0)
    excess = random.binomial(rows, means, size=(DRAWS, len(rows))) - rows * means
    edges = np.unique(names // CELLS, return_index=True)[1]
    return np.asarray(
        np.abs(np.add.reduceat(excess, edges, axis=1)).sum(axis=1) / len(predicted),
        dtype=np.float64,
    )


def _by_customer(
    residual: Floats, bins: NDArray[np.intp], customer: ArrayLike, random: np.random.Generator
) -> Floats:
    """Errors under drawn signs of customers' residuals, shape (DRAWS,).

    Many customers are joined into MOST_CLUSTERS groups first, which are as independent as they are.
    """
    cluster = np.unique(np.asarray(customer), return_inverse=True)[1] % MOST_CLUSTERS
    sums = np.zeros((int(cluster.max()) + 1, BINS))
    np.add.at(sums, (cluster, bins), np.round(residual, 12))
    signs = random.integers(0, 2, (DRAWS, len(sums))) * 2.0 - 1.0
    # einsum stays off BLAS, whose threads would move the last bits.
    return np.asarray(
        np.abs(np.einsum("dc,cb->db", signs, np.round(sums, 12))).sum(axis=1) / len(residual),
        dtype=np.float64,
    )


def reliability_table(oof: pd.DataFrame, slices: pd.DataFrame | None, seed: int) -> pd.DataFrame:
    """Compare predicted with observed by bin, for everyone and in each slice.

    ``oof`` holds customer_id, as_of_date, label and served (a probability), ``slices`` the same keys and the columns
    of SLICE_KINDS that are known. Slices of fewer than LEAST_SLICE_CUSTOMERS customers are judged together, or
    not at all when that is still too few. Columns: slice_kind, slice, bin (1 the least likely), rows,
    mean_prediction, observed_rate, and of the whole slice slice_rows, ece, chance_limit and badly_calibrated. The
    limits of one kind share the 5 %: perfect probabilities pass all of its slices nineteen times of twenty.
    """
    rows = with_plain_keys(oof[[*KEYS, "label", "served"]]).sort_values(KEYS, ignore_index=True)
    parts = [_slice_lines(rows, *EVERYONE, seed, CHANCE_LEVEL)]
    if slices is not None and len(slices):
        kinds = [kind for kind in SLICE_KINDS if kind in slices.columns]
        known = with_plain_keys(slices[[*KEYS, *kinds]]).drop_duplicates(KEYS)
        rows = rows.merge(known, on=KEYS, how="left", validate="one_to_one")
        for kind in kinds:
            members = _members(rows, kind)
            level = 1.0 - (1.0 - CHANCE_LEVEL) / max(1, len(members))
            parts += [
                _slice_lines(rows[chosen], kind, name, seed, level)
                for name, chosen in members.items()
            ]
    return pd.concat(parts, ignore_index=True)


def _members(rows: pd.DataFrame, kind: str) -> dict[str, NDArray[np.bool_]]:
    """The slices of a kind that are large enough, and which rows are in each."""
    named = rows[kind].astype("object").where(rows[kind].notna(), UNKNOWN).astype(str)
    customers = rows["customer_id"].groupby(named).nunique()
    small = set(customers.index[customers < LEAST_SLICE_CUSTOMERS])
    named = named.where(~named.isin(small), SMALL)
    customers = rows["customer_id"].groupby(named).nunique()
    large = customers.index[customers >= LEAST_SLICE_CUSTOMERS]
    return {name: (named == name).to_numpy() for name in sorted(large)}


def _slice_lines(rows: pd.DataFrame, kind: str, name: str, seed: int, level: float) -> pd.DataFrame:
    outcome, predicted = rows["label"].to_numpy(dtype=float), rows["served"].to_numpy(dtype=float)
    test = calibration_test(
        outcome, predicted, rows["customer_id"].to_numpy(dtype=np.str_), seed=seed, level=level
    )
    bins = _bins(predicted)
    used, count = np.unique(bins, return_counts=True)

    def means(values: Floats) -> Floats:
        return np.bincount(bins, weights=values)[used] / count

    return pd.DataFrame(
        {
            "slice_kind": kind,
            "slice": name,
            "bin": np.arange(1, len(used) + 1),
            "rows": count,
            "mean_prediction": means(predicted),
            "observed_rate": means(outcome),
            "slice_rows": len(rows),
            "ece": test.ece,
            "chance_limit": test.chance_limit,
            "badly_calibrated": test.badly_calibrated,
        }
    )
