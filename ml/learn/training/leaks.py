"""Alarms for features that know the label before it happened.

What a leak looks like depends on what leaks, so there are several traces: a column too good to be true, values that
are there at past cut-offs and not today (the future has not come yet), a relation between columns that holds at past cut-offs and
not today, and columns that never change although they tell of behaviour. Kaufman, Rosset and Perlich (2012), "Leakage in data mining",
names the first; the others follow from the clock. The plain mistakes of the rows are errors.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.tree import ExtraTreeClassifier

from ml.learn.models.linear import Floats
from ml.learn.training.crossfit import Split, Table
from ml.learn.training.leak_traces import (
    Sample,
    Trace,
    fixed_columns,
    moved,
    strengths,
    vanished,
)
from ml.learn.training.task import Task

TOO_STRONG = 0.95
STANDS_ABOVE = 0.15
LEAVES = 1 / 3
"""Share of what the next family leaves open (1 - AUC): who leaves less than that is suspected."""

SAMPLE_ROWS = 30_000
"""Rows looked at: the same customers at every cut-off."""

SHUFFLED_ROWS = 4_000
SHUFFLED_ERRORS = 5.0
"""Standard errors from .5 at which a model of shuffled labels is an alarm: once in 1.7 million trainings by chance."""

TWIN_ROWS = 30
MOST_TWINS = 5

REFERENCE = "what nobody could know at the cut-off"


@dataclass(frozen=True)
class LeakAlarm:
    """One suspicion: the feature, its trace, the figure found and its limit, and a sentence for people."""

    feature: str
    trace: str
    found: float
    limit: float
    words: str


class LeakFound(ValueError):  # noqa: N818  # what was found, as the field calls it
    """A leak so plain that nothing is trained; the text says what, where, the value found and the way out."""


def check_for_leaks(
    task: Task,
    table: Table,
    splits: Sequence[Split],
    out_of_time: bool,
    *,
    families: Mapping[str, str] | None = None,
    allowed: Collection[str] = (),
    today: pd.DataFrame | None = None,
) -> list[LeakAlarm]:
    """Look for leaks before anything is fitted; give the suspicions that do not stop the training.

    ``families`` names the family of each feature (its first word where absent), ``allowed`` features that may be as
    strong as they are, ``today`` the features of the population at the run's own date: where it is absent, what
    compares with today is left out.

    Raises LeakFound for a feature above TOO_STRONG (AUC, either direction, value or missingness) that stands more than
    STANDS_ABOVE above the best of the next family, for repeated rows that come with the outcome, for label windows
    that reach into the rows they are judged on or past today, and when shuffled labels can be told.
    """
    _check_order(task, table, splits, out_of_time, today)
    _check_twins(task, table)
    _check_shuffled(task, table, splits)
    sample = _sample(task, table, today)
    family_of = {name: _family(name, families) for name in task.feature_names}
    power = strengths(sample)
    found = {trace[0]: trace for trace in _too_strong(task, power, family_of, allowed)}
    if sample.today is not None and len(sample.today):
        for trace in (*vanished(sample, family_of), *fixed_columns(sample, power)):
            found.setdefault(trace[0], trace)
        for trace in moved(sample, family_of, found):
            found[trace[0]] = trace
    alarms = [
        LeakAlarm(task.feature_names[column], name, figure, limit, words)
        for column, name, figure, limit, words in found.values()
    ]
    return sorted(
        (alarm for alarm in alarms if alarm.feature not in allowed), key=lambda a: a.feature
    )


def _family(name: str, families: Mapping[str, str] | None) -> str:
    return families[name] if families and name in families else name.split("_")[0]


def _sample(task: Task, table: Table, today: pd.DataFrame | None) -> Sample:
    keep_every = -(-len(table.outcome) // SAMPLE_ROWS)
    rows = np.flatnonzero(table.customer % keep_every == 0)
    values, day = None, None
    if today is not None and len(today):
        day = pd.to_datetime(today["as_of_date"]).to_numpy().astype("datetime64[D]").max()
        most = -(-len(today) // (SAMPLE_ROWS // 4))
        chosen = today.sort_values("customer_id").iloc[::most]
        values = chosen[list(task.feature_names)].to_numpy(dtype=np.float32, na_value=np.nan)
    return Sample(
        table.values[rows], table.outcome[rows], table.day[rows], table.customer[rows], values, day
    )


def _too_strong(
    task: Task, power: Floats, family_of: Mapping[str, str], allowed: Collection[str]
) -> Iterator[Trace]:
    """Stop at a column that tells too much; suspect one that leaves much less open than any other family.

    Families that are all too strong are no measure for one another, unless there is no other.
    """
    best: dict[str, float] = {}
    for name, strength in zip(task.feature_names, power, strict=True):
        if name not in allowed:
            best[family_of[name]] = max(best.get(family_of[name], 0.5), strength)
    usual = [strength for strength in best.values() if strength <= TOO_STRONG]
    for column, name in enumerate(task.feature_names):
        strength = float(power[column])
        if strength <= TOO_STRONG or name in allowed:
            continue
        others = usual or [best[family] for family in best if family != family_of[name]]
        next_best = float(max(others, default=0.5))
        if strength - next_best > STANDS_ABOVE:
            raise LeakFound(
                f"{task.target}: the feature '{name}' alone tells the label with AUC {strength:.3f}, and the best of "
                f"any other family reaches {next_best:.3f}. A column as good as that usually knows {REFERENCE}. "
                "Mend the model that makes it; if it is honest, list it with the reason in the seed "
                "allowed_strong_features.csv."
            )
        limit = 1 - LEAVES * (1 - next_best)
        if strength > limit:
            words = f"alone tells the label with AUC {strength:.3f}, the best of any other family {next_best:.3f}"
            yield column, "strong", strength, limit, words


def _check_order(
    task: Task,
    table: Table,
    splits: Sequence[Split],
    out_of_time: bool,
    today: pd.DataFrame | None,
) -> None:
    horizon = np.timedelta64(task.horizon_days, "D")
    for split in splits if out_of_time else ():
        closed, first = table.day[split.fit].max() + horizon, table.day[split.judge].min()
        if closed > first:
            raise LeakFound(
                f"{task.target}: rows judged at {first} were to be predicted by labels whose windows end on {closed}. "
                "The blocks of cut-offs are in the wrong order."
            )
    if today is not None and len(today):
        day = pd.to_datetime(today["as_of_date"]).to_numpy().astype("datetime64[D]").max()
        if table.day.max() + horizon > day:
            raise LeakFound(
                f"{task.target}: the label at {table.day.max()} looks {task.horizon_days} days ahead, and the run knows "
                f"facts before {day} only. A label that has not matured is no label."
            )


def _check_twins(task: Task, table: Table) -> None:
    """Repeated rows that always agree in the outcome are one row counted several times.

    Customers of whom little is known are alike, and then differ in what they do; so some pairs must disagree.
    """
    agreeing, disagreeing = 0, 0
    for day in np.unique(table.day):
        rows = np.flatnonzero(table.day == day)
        values = np.ascontiguousarray(np.nan_to_num(table.values[rows], nan=-9e30))
        whole = values.view(np.dtype((np.void, values.dtype.itemsize * values.shape[1]))).ravel()
        _, code, count = np.unique(whole, return_inverse=True, return_counts=True)
        positives = np.bincount(code, weights=table.outcome[rows])
        few = (count > 1) & (count <= MOST_TWINS)
        agreeing += int((few & (positives == count)).sum())
        disagreeing += int((few & (positives > 0) & (positives < count)).sum())
    if agreeing >= TWIN_ROWS and disagreeing == 0:
        raise LeakFound(
            f"{task.target}: {agreeing} groups of customers have equal values in every feature and all have the "
            "outcome, none differs. Rows with the outcome seem to be repeated under several customer ids. "
            "Look at what makes labels and features."
        )


def _check_shuffled(task: Task, table: Table, splits: Sequence[Split]) -> None:
    """Labels shuffled among the customers of each cut-off must not be told out of fold.

    A tree that learns by heart is fitted on rows of each split and judged by the mean AUC within cut-offs. Given
    its predictions, shuffled labels make the AUC of n rows, m of them positive, vary by (n + 1) / (12 m (n - m))
    around .5 (Mann and Whitney 1947), so the limit is exact and needs no repeats.
    """
    random = np.random.default_rng(task.seed)
    shuffled = table.outcome.copy()
    for day in np.unique(table.day):
        here = np.flatnonzero(table.day == day)
        shuffled[here] = random.permutation(shuffled[here])
    gaps, variances = [], []
    for split in splits:
        fit, judge = (_thinned(rows) for rows in (split.fit, split.judge))
        tree = ExtraTreeClassifier(random_state=task.seed)
        known = shuffled[fit]
        if known.min() == known.max():
            continue
        tree.fit(np.nan_to_num(table.values[fit], nan=-1e9), known)
        predicted = tree.predict_proba(np.nan_to_num(table.values[judge], nan=-1e9))[:, 1]
        for day in np.unique(table.day[judge]):
            here = table.day[judge] == day
            gap, variance = _gap(shuffled[judge][here], predicted[here])
            if variance > 0:
                gaps.append(gap)
                variances.append(variance)
    if not gaps:
        return
    error = float(np.sqrt(np.sum(variances))) / len(gaps)
    found = float(np.mean(gaps))
    if abs(found) > SHUFFLED_ERRORS * error:
        raise LeakFound(
            f"{task.target}: labels shuffled among customers can be told out of fold with AUC {0.5 + found:.3f}, which "
            f"chance puts within {SHUFFLED_ERRORS * error:.3f} of .5. Rows are fitted and judged at once; look at the folds."
        )


def _thinned(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return rows[:: -(-len(rows) // SHUFFLED_ROWS)]


def _gap(outcome: Floats, predicted: Floats) -> tuple[float, float]:
    """AUC less .5 of one cut-off, and its variance if labels are shuffled."""
    from scipy.stats import rankdata

    count, positives = len(outcome), float(outcome.sum())
    if positives in (0.0, float(count)):
        return 0.0, 0.0
    ranks = rankdata(predicted)
    pairs = positives * (count - positives)
    area = (ranks[outcome > 0].sum() - positives * (positives + 1) / 2) / pairs
    return float(area) - 0.5, (count + 1) / (12 * pairs)
