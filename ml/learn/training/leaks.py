"""Alarms for features that know the label before it happened.

What a leak looks like depends on what leaks, so there are several traces: a column too good to be true, values that
are there at past cut-offs and not today (the future has not come yet), a relation between columns that holds at past
cut-offs and not today, and columns that never change although they tell of behaviour. Kaufman, Rosset and Perlich
(2012), "Leakage in data mining", name the first; the others follow from the clock. Plain mistakes of the rows stop.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.learn.models.linear import Floats
from ml.learn.training.crossfit import Split, Table
from ml.learn.training.leak_fixed import fixed_columns
from ml.learn.training.leak_moved import moved
from ml.learn.training.leak_rows import LeakFound, check_order, check_shuffled, check_twins
from ml.learn.training.leak_sample import Sample, Trace, strengths
from ml.learn.training.leak_vanished import vanished
from ml.learn.training.task import Task

TOO_STRONG = 0.95
STANDS_ABOVE = 0.15
"""AUC of a column, and its distance from the next family, that stop a training."""

STRONG = 0.9
LEAVES = 1 / 3
"""Suspected is who tells more than STRONG and leaves less than this share of what the next family leaves (1 - AUC)."""

SAMPLE_ROWS = 30_000
"""Rows looked at: the same customers at every cut-off."""

REFERENCE = "what nobody could know at the cut-off"

__all__ = ["LeakAlarm", "LeakFound", "check_for_leaks"]


@dataclass(frozen=True)
class LeakAlarm:
    """One suspicion: the feature, its trace, the figure found and its limit, and a sentence for people."""

    feature: str
    trace: str
    found: float
    limit: float
    words: str


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
    check_order(task, table, splits, out_of_time, today)
    check_twins(task, table)
    check_shuffled(task, table, splits)
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
    for column, name in enumerate(task.feature_names):
        strength = float(power[column])
        if strength <= STRONG or name in allowed:
            continue
        others = [best[family] for family in best if family != family_of[name]]
        usual = [other for other in others if other <= TOO_STRONG]
        next_best = float(max(usual or others, default=0.5))
        if strength > TOO_STRONG and strength - next_best > STANDS_ABOVE:
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
