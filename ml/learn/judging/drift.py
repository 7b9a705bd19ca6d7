"""Whether the people scored today are still like those a model learned from: by feature, by score, all together.

A fixed border says little: some features move from week to week and others never do. So every limit comes from how much the past
cut-offs differed from one another over as long a time, and an alarm needs more than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata, t

from ml.learn.judging.metrics import Floats, auc
from ml.learn.models.linear import one_blas_thread

ALARM_RATE = 0.01
"""Share of stable days at which a target may raise an alarm of each of the three sorts."""

MATERIAL_PSI = 0.1
"""Below this a move changes little, however certain it is (Siddiqi 2006)."""

QUANTILES = tuple(number / 10 for number in range(1, 10))
LEAST_SHARE = 1e-4
MOST_PEOPLE = 10_000
SAMPLE = 1_500
MOST_PAIRS = 8
LEAST_PAIRS = 3
PRIOR_WEIGHT = 10.0
RIDGE = 0.3
SCORE, TOGETHER = "score", "all features"


@dataclass(frozen=True)
class DriftProfile:
    """What a training keeps of the people at its latest cut-off, in plain numbers.

    ``edges`` and ``shares`` hold per feature the borders of its bins and the share of people in each, missing last;
    ``limits`` the PSI from which a move is an alarm, None where the history says nothing. ``together_limit``
    is that of the AUC which tells the two days apart. ``reference`` are some of the people: customer_id and
    features.
    """

    edges: dict[str, list[float]]
    shares: dict[str, list[float]]
    limits: dict[str, float | None]
    together_limit: float | None
    reference: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Give the plain numbers, for JSON: everything but the people."""
        return {
            "edges": self.edges,
            "shares": self.shares,
            "limits": self.limits,
            "together_limit": self.together_limit,
        }

    @classmethod
    def from_parts(cls, plain: dict[str, Any], reference: pd.DataFrame) -> "DriftProfile":
        """Take back what ``to_dict`` gave, with the people. Raises KeyError and TypeError on other content."""
        return cls(**plain, reference=reference)


def drift_profile(
    features: pd.DataFrame,
    names: Sequence[str],
    scores: pd.DataFrame,
    elapsed_days: int,
    seed: int,
) -> DriftProfile:
    """Describe the latest cut-off of a training, and how much cut-offs differ.

    ``features`` holds customer_id, as_of_date and ``names``; ``scores`` customer_id, as_of_date and served, the
    out-of-fold probabilities. ``elapsed_days`` lie between the latest cut-off and today: the limits come from pairs
    of cut-offs at least as far apart, or from all pairs where there are fewer than LEAST_PAIRS.
    """
    people = _days(features.sort_values(["as_of_date", "customer_id"]), names)
    # What is one value a day, a calendar, is another one today by nature.
    names = [n for n in names if any(day[n].nunique(dropna=False) > 1 for day in people.values())]
    told = _days(scores.sort_values(["as_of_date", "customer_id"]), ["served"])
    latest = people[max(people)]
    edges = {name: _edges(latest[name].to_numpy()) for name in names}
    edges[SCORE] = _edges(told[max(told)]["served"].to_numpy())
    shares = {
        name: {day: _shares(frame[name].to_numpy(), edges[name]) for day, frame in people.items()}
        for name in names
    }
    scored = {day: _shares(frame["served"].to_numpy(), edges[SCORE]) for day, frame in told.items()}
    pairs = _pairs(sorted(people), elapsed_days)
    feature_limits = _limits(
        np.array([[psi(shares[name][a], shares[name][b]) for a, b in pairs] for name in names]),
        ALARM_RATE / max(1, len(names)),
    )
    score_pairs = _pairs(sorted(told), elapsed_days)
    score_limit = _limits(
        np.array([[psi(scored[a], scored[b]) for a, b in score_pairs]]), ALARM_RATE
    )
    together = [_apart(people[a], people[b], names, seed) for a, b in pairs[-MOST_PAIRS:]]
    reference = _some(latest, seed)
    return DriftProfile(
        {name: list(map(float, values)) for name, values in edges.items()},
        {name: shares[name][max(people)].tolist() for name in names}
        | {SCORE: scored[max(told)].tolist()},
        dict(zip(names, feature_limits, strict=True)) | {SCORE: score_limit[0]},
        _area_limit(together),
        reference[["customer_id", *names]],
    )


def drift_table(
    profile: DriftProfile, today: pd.DataFrame, scores: Floats, seed: int
) -> pd.DataFrame:
    """Compare today's people with those of a profile: feature, psi, auc, limit, alarm.

    ``today`` holds customer_id and the profile's features, ``scores`` the probabilities of the same rows. Features come in the order
    of their names, then SCORE, then TOGETHER, the one row with an AUC (of telling the two days apart; .5 means
    alike) in place of a PSI.
    """
    people = _thinned(today.assign(**{SCORE: scores}).sort_values("customer_id"))
    order = [*sorted(name for name in profile.shares if name != SCORE), SCORE]
    values = {name: people[name].to_numpy() for name in order}
    lines: list[tuple[str, float | None, float | None, float | None]] = []
    for name, now in values.items():
        found = psi(np.array(profile.shares[name]), _shares(now, np.array(profile.edges[name])))
        lines.append((name, found, None, profile.limits[name]))
    names = [name for name in values if name != SCORE]
    apart = _apart(profile.reference, people, names, seed)
    lines.append((TOGETHER, None, apart, profile.together_limit))
    table = pd.DataFrame(lines, columns=["feature", "psi", "auc", "limit"]).astype(
        {"psi": float, "auc": float, "limit": float}
    )
    found_figures = table["psi"].fillna(table["auc"])
    return table.assign(alarm=(found_figures > table["limit"]).astype(bool))


def psi(expected: Floats, found: Floats) -> float:
    """Population stability index of two sets of shares: the symmetric Kullback-Leibler divergence."""
    a, b = np.maximum(expected, LEAST_SHARE), np.maximum(found, LEAST_SHARE)
    return float(((b - a) * np.log(b / a)).sum())


def _days(frame: pd.DataFrame, names: Sequence[str]) -> dict[pd.Timestamp, pd.DataFrame]:
    return {
        pd.Timestamp(str(day)): _thinned(rows[["customer_id", *names]])
        for day, rows in frame.groupby("as_of_date")
    }


def _thinned(people: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_PEOPLE of a day, every so many in the order of their ids."""
    return people.iloc[:: -(-len(people) // MOST_PEOPLE) or 1]


def _pairs(days: Sequence[pd.Timestamp], elapsed: int) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Each day with the latest one that lies as far back as today from the latest; else all pairs."""
    apart = pd.Timedelta(days=elapsed)
    far = [(max(before), day) for day in days if (before := [d for d in days if d + apart <= day])]
    return far if len(far) >= LEAST_PAIRS else [(a, b) for b in days for a in days if a < b]


def _edges(values: NDArray[Any]) -> Floats:
    known = values[~np.isnan(values)]
    return np.unique(np.quantile(known, QUANTILES)) if len(known) else np.zeros(0)


def _shares(values: NDArray[Any], edges: NDArray[Any]) -> Floats:
    """Share of people per bin, missing last; a bin reaches up to its edge, the edge included."""
    known = np.asarray(values, dtype=np.float64)
    place = np.where(np.isnan(known), len(edges) + 1, np.searchsorted(edges, known, side="left"))
    return np.bincount(place, minlength=len(edges) + 2) / max(1, len(known))


def _limits(history: NDArray[np.float64], rate: float) -> list[float | None]:
    """The PSI above which a feature is an alarm, from its PSIs between pairs of cut-offs (features, pairs).

    A one-sided prediction limit on the logarithm (a PSI is a sum of squares), whose spread is drawn toward the
    spread of all features as if it had been seen PRIOR_WEIGHT times more (Smyth 2004); never below MATERIAL_PSI.
    """
    features, pairs = history.shape if history.ndim == 2 else (len(history), 0)
    if pairs < LEAST_PAIRS:
        return [None] * features
    logs = np.log(np.maximum(history, LEAST_SHARE))
    own = logs.var(axis=1, ddof=1)
    prior = float(np.median(own))
    freedom = pairs - 1 + PRIOR_WEIGHT
    spread = np.sqrt(((pairs - 1) * own + PRIOR_WEIGHT * prior) / freedom)
    # Neighbouring pairs share a cut-off, so they tell of half as many independent differences.
    reach = float(t.ppf(1 - rate, freedom)) * np.sqrt(1 + 2 / pairs)
    usual = np.maximum(logs.mean(axis=1), np.log(LEAST_SHARE))
    return [max(MATERIAL_PSI, float(limit)) for limit in np.exp(usual + reach * spread)]


def _area_limit(history: Sequence[float]) -> float | None:
    """The AUC above which two days are told apart by more than cut-offs ever were."""
    if len(history) < LEAST_PAIRS:
        return None
    values = np.array(history)
    # Seven more pairs that differ as much as chance lets an AUC of SAMPLE people a side: the history is short.
    chance = (2 * SAMPLE + 1) / (12 * SAMPLE * SAMPLE)
    freedom = len(values) - 1 + PRIOR_WEIGHT
    spread = np.sqrt(((len(values) - 1) * values.var(ddof=1) + PRIOR_WEIGHT * 2 * chance) / freedom)
    reach = float(t.ppf(1 - ALARM_RATE, freedom)) * np.sqrt(1 + 2 / len(values))
    return float(min(1.0, max(values.mean(), 0.5) + reach * spread))


def _some(people: pd.DataFrame, seed: int) -> pd.DataFrame:
    """At most SAMPLE people, drawn by their place in the order of their ids."""
    ordered = people.sort_values("customer_id", ignore_index=True)
    if len(ordered) <= SAMPLE:
        return ordered
    chosen = np.random.default_rng(seed).choice(len(ordered), SAMPLE, replace=False)
    return ordered.iloc[np.sort(chosen)].reset_index(drop=True)


def _apart(before: pd.DataFrame, after: pd.DataFrame, names: Sequence[str], seed: int) -> float:
    """AUC of a classifier that tells the people of two days apart (Lopez-Paz and Oquab 2017).

    A linear discriminant over ranks, squared ranks and missingness, out of fold; a customer who is there on both
    days is in one fold. Columns of one value a day (a calendar) would tell the days apart at once and are left out.
    """
    samples = [_some(people, seed) for people in (before, after)]
    values = [sample[list(names)].to_numpy(dtype=np.float64) for sample in samples]
    if min(map(len, values)) < 2:
        return 0.5
    same = [(v[:1] == v).all(axis=0) | np.isnan(v).all(axis=0) for v in values]
    varied = ~(same[0] & same[1])
    stacked = np.vstack(values)[:, varied]
    if not stacked.shape[1]:
        return 0.5
    later = np.repeat([0.0, 1.0], [len(v) for v in values])
    ids = np.concatenate([sample["customer_id"].astype(str).to_numpy() for sample in samples])
    code = np.unique(ids, return_inverse=True)[1]
    half = np.random.default_rng(seed).integers(0, 2, int(code.max()) + 1)[code]
    design = _ranked(stacked)
    told = np.zeros(len(later))
    with one_blas_thread():
        for fold in (0, 1):
            fit, judge = half != fold, half == fold
            if not 0 < later[fit].mean() < 1:
                return 0.5
            middle = design[fit].mean(axis=0)
            own = design[fit] - middle
            gram = own.T @ own + RIDGE * len(own) * np.eye(design.shape[1])
            slopes = np.linalg.solve(gram, own.T @ (later[fit] - later[fit].mean()))
            told[judge] = rankdata((design[judge] - middle) @ slopes) / judge.sum()
    found = auc(later, told)
    return 0.5 if np.isnan(found) else found


def _ranked(values: Floats) -> Floats:
    missing = np.isnan(values)
    ranks = rankdata(np.where(missing, -np.inf, values), axis=0)
    centered = (ranks - ranks.mean(axis=0)) / len(values) * np.sqrt(12)
    columns = np.hstack([centered, centered**2 - (centered**2).mean(axis=0), missing])
    return np.asarray(columns[:, columns.std(axis=0) > 0], dtype=np.float64)
