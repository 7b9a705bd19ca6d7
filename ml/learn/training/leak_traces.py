"""What leaks leave behind in rows of past cut-offs, beside the rows of today."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestClassifier

from ml.learn.models.linear import Floats, one_blas_thread, signed_log

Trace = tuple[int, str, float, float, str]
"""Number of the column, name of the trace, figure found, its limit, and words."""

QUANTILES = (0.2, 0.4, 0.6, 0.8)
LEAST_SHARE = 0.02
LEAST_EXPECTED = 25
GONE = 0.1
LEAST_MISSED = 0.5
FOREST_ROWS = 5_000
FOREST_TREES = 50
UNKNOWN = -1e9
TELLS_RATIO = 1.5
TELLS_ERRORS = 5.0

RIDGE = 0.01
LEAST_POWER = 0.6
BEYOND_HISTORY = 2.0
BEYOND_CHANCE = 3.0
LEAST_FRACTION = 0.5
MOST_MOVED = 5

FIXED_CUSTOMERS = 0.99
SAME_AS_LABELS = 0.95
EXPLAINED_TODAY = 0.9
LEFT_THEN = 3.0
LEAST_LEFT = 0.02


@dataclass(frozen=True)
class Sample:
    """Rows of past cut-offs with their outcomes, and of today without.

    ``values`` (rows, features), ``outcome``, ``day`` and ``customer`` (rows,), ``today`` (people, features).
    """

    values: NDArray[np.float32]
    outcome: Floats
    day: NDArray[np.datetime64]
    customer: NDArray[np.intp]
    today: NDArray[np.float32] | None
    today_day: np.datetime64 | None

    @cached_property
    def days(self) -> NDArray[np.datetime64]:
        """The cut-offs, ascending."""
        return np.unique(self.day)

    @cached_property
    def day_number(self) -> NDArray[np.intp]:
        """Which of the cut-offs each row belongs to."""
        return np.searchsorted(self.days, self.day)

    @property
    def now(self) -> NDArray[np.float32]:
        """Today's values; none where today is unknown."""
        return self.values[:0] if self.today is None else self.today


def strengths(sample: Sample) -> Floats:
    """How well each column alone tells the label: AUC within cut-offs, in its better direction, shape (features,).

    Missing values count as lowest and as highest, and missingness by itself; the best of the three counts.
    """
    lowest, pairs = np.zeros(sample.values.shape[1]), 0.0
    highest, absent = lowest.copy(), lowest.copy()
    for day in sample.days:
        here = sample.day == day
        values, outcome = sample.values[here], sample.outcome[here]
        positives = outcome.sum()
        if positives in (0, len(outcome)):
            continue
        pairs += positives * (len(outcome) - positives)
        missing = np.isnan(values)
        some = missing.any(axis=0)
        wins = _wins(np.where(missing, -np.inf, values), outcome)
        lowest += wins
        highest[~some] += wins[~some]
        highest[some] += _wins(np.where(missing, np.inf, values)[:, some], outcome)
        absent += _wins(missing, outcome)
    if not pairs:
        return np.full(sample.values.shape[1], 0.5)
    power = [0.5 + np.abs(area / pairs - 0.5) for area in (lowest, highest, absent)]
    return np.asarray(np.max(power, axis=0), dtype=np.float64)


def _wins(values: NDArray[np.generic], outcome: Floats) -> Floats:
    """Pairs of a positive above a negative, ties half, per column."""
    ranks = rankdata(values, axis=0)
    positives = outcome.sum()
    return np.asarray(ranks[outcome > 0].sum(axis=0) - positives * (positives + 1) / 2)


def vanished(sample: Sample, family_of: Mapping[str, str]) -> Iterator[Trace]:
    """Columns of which a part (missing, nought, a tail) is there at every past cut-off and gone today.

    The part must tell the label, and it must be missed: by the other families' columns today's customers should have it.
    (Where a population itself changes, they say so, too.) A column that is one value per cut-off is a calendar and left out.
    """
    names = np.array(list(family_of.values()))
    for column in range(sample.values.shape[1]):
        past, now = sample.values[:, column], sample.now[:, column]
        if _is_calendar(sample, past):
            continue
        for name, inside, inside_now in _parts(past, now):
            shares = np.bincount(sample.day_number, weights=inside) / np.bincount(sample.day_number)
            least, today = float(shares.min()), float(inside_now.mean())
            if not _is_gone(today, least, len(now)) or not _tells(sample, inside):
                continue
            others = np.flatnonzero(names != names[column])
            expected = _expected_today(sample, inside, others) if len(others) else least
            if expected >= LEAST_MISSED * least and _is_gone(today, expected, len(now)):
                words = (
                    f"is {name} for {today:.1%} of today's customers, for at least {least:.1%} at every past cut-off, and "
                    f"should be for {expected:.1%} by the other features: it may hold what had not happened yet"
                )
                yield column, "vanished", today, GONE * expected, words
            break


def _is_gone(found: float, expected: float, people: int) -> bool:
    beyond_chance = expected >= LEAST_SHARE and expected * people >= LEAST_EXPECTED
    return beyond_chance and found < GONE * expected


def _expected_today(sample: Sample, inside: NDArray[np.bool_], columns: NDArray[np.intp]) -> float:
    """The share of today's customers in a part, as a forest that learned it from other columns foresees it."""
    rows = np.arange(0, len(inside), -(-len(inside) // FOREST_ROWS))
    forest = RandomForestClassifier(FOREST_TREES, min_samples_leaf=5, random_state=0)
    forest.fit(np.nan_to_num(sample.values[rows][:, columns], nan=UNKNOWN), inside[rows])
    if len(forest.classes_) < 2:
        return float(inside[rows[0]])
    told = forest.predict_proba(np.nan_to_num(sample.now[:, columns], nan=UNKNOWN))
    return float(told[:, 1].mean())


def _is_calendar(sample: Sample, past: NDArray[np.float32]) -> bool:
    first = np.unique(sample.day_number, return_index=True)[1]
    same = past == past[first][sample.day_number]
    return bool((same | np.isnan(past)).all() and not np.isnan(past).any())


def _parts(
    past: NDArray[np.float32], now: NDArray[np.float32]
) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    missing, missing_now = np.isnan(past), np.isnan(now)
    yield "missing", missing, missing_now
    yield "known", ~missing, ~missing_now
    yield "nought", past == 0, now == 0
    yield "not nought", (past != 0) & ~missing, (now != 0) & ~missing_now
    if missing.all():
        return
    for border in np.unique(np.quantile(past[~missing], QUANTILES)):
        yield f"at most {border:g}", past <= border, now <= border
        yield f"above {border:g}", past > border, now > border


def _tells(sample: Sample, inside: NDArray[np.bool_]) -> bool:
    """Does being inside go with the outcome, beyond chance (counting customers, not rows) and by a good deal?"""
    count = np.array([(~inside).sum(), inside.sum()], dtype=float)
    if count.min() == 0:
        return False
    rate = np.array([sample.outcome[~inside].mean(), sample.outcome[inside].mean()])
    overall = sample.outcome.mean()
    repeats = len(inside) / len(np.unique(sample.customer))
    error = np.sqrt(overall * (1 - overall) * (1 / count).sum() * repeats)
    low, high = rate.min(), rate.max()
    apart = high >= TELLS_RATIO * low or (1 - low) >= TELLS_RATIO * (1 - high)
    return bool(apart and high - low > TELLS_ERRORS * error)


def moved(
    sample: Sample, family_of: Mapping[str, str], suspects: Collection[int] = ()
) -> Iterator[Trace]:
    """Columns whose relation to the others is another one today, as if the outcome had gone from it.

    What the others do not explain of a column (residuals from the inverse of the correlations: given all other columns, and
    given those of other families), if it tells the label, should stay as it is. It is an alarm when its mean
    or its spread moves from the latest cut-off to today by more than BEYOND_HISTORY times the most it ever moved over
    as long a time, and beyond chance; for the mean also at least LEAST_FRACTION of the way to those without, or with, the
    outcome. A leak disturbs what its neighbours leave, too: first goes the column without which fewest others move.
    ``suspects`` are columns under another alarm, which are left out from the start.
    """
    if len(sample.days) < 2 or not 0 < sample.outcome.mean() < 1:
        return
    past, now = _standard(sample)
    names = np.array(list(family_of.values()))
    calendar = [c for c in range(past.shape[1]) if _is_calendar(sample, sample.values[:, c])]
    active = np.setdiff1d(np.flatnonzero(past.std(axis=0) > 0), [*suspects, *calendar])
    found = _all_moves(sample, past, now, names, active)
    for _ in range(MOST_MOVED):
        if not found:
            return
        without = {
            column: _all_moves(sample, past, now, names, active[active != column])
            for column in found
        }
        worst = min(found, key=lambda column: (len(without[column]), -found[column][0]))
        _, figure, limit, words = found[worst]
        yield worst, "moved", figure, limit, words
        active, found = active[active != worst], without[worst]


Move = tuple[float, float, float, str]
"""How well a column's residuals tell the label, how far they moved, the limit, and words."""


def _all_moves(
    sample: Sample, past: Floats, now: Floats, names: NDArray[np.str_], active: NDArray[np.intp]
) -> dict[int, Move]:
    """The columns among the active ones that moved."""
    found: dict[int, Move] = {}
    for family in (active, names[active]):
        left, left_now = _unexplained(past[:, active], now[:, active], family)
        for number, move in _moves(sample, left, left_now):
            found.setdefault(int(active[number]), move)
    return found


def _standard(sample: Sample) -> tuple[Floats, Floats]:
    past, now = signed_log(sample.values), signed_log(sample.now)
    center = np.nan_to_num(np.nanmean(np.where(np.isnan(past).all(axis=0), 0.0, past), axis=0))
    past, now = (np.where(np.isnan(part), center, part) - center for part in (past, now))
    spread = past.std(axis=0)
    scale = np.where(spread > 1e-9, spread, np.inf)
    return past / scale, np.clip(now / scale, -10, 10)


def _unexplained(past: Floats, now: Floats, family: NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Residuals of each family's columns given all other columns, in units of their own spread."""
    with one_blas_thread():
        inverse = np.linalg.inv(past.T @ past / len(past) + RIDGE * np.eye(past.shape[1]))
        maps = np.zeros_like(inverse)
        for name in np.unique(family):
            own = np.flatnonzero(family == name)
            maps[:, own] = inverse[:, own] @ np.linalg.inv(inverse[np.ix_(own, own)])
        left, left_now = past @ maps, now @ maps
    spread = np.maximum(left.std(axis=0), 1e-6)
    return left / spread, left_now / spread


def _moves(sample: Sample, left: Floats, left_now: Floats) -> Iterator[tuple[int, Move]]:
    """Columns whose residuals moved."""
    rows = np.bincount(sample.day_number)
    share = 1 / rows[-1] + 1 / len(left_now)
    of_class = [left[sample.outcome == which].mean(axis=0) for which in (0, 1)]
    for measure, chance in (("mean", share), ("spread", share / 2)):
        past = np.array([_measure(measure, left[sample.day == day]) for day in sample.days])
        steps = _measure(measure, left_now) - past[-1]
        history = np.abs(_past_steps(sample, past)).max(axis=0)
        limit = BEYOND_HISTORY * history + BEYOND_CHANCE * np.sqrt(chance)
        for column in np.flatnonzero(np.abs(steps) > limit):
            step = float(abs(steps[column]))
            toward = [abs(m[column]) for m in of_class if m[column] * steps[column] > 0]
            if measure == "mean" and (not toward or step < LEAST_FRACTION * toward[0]):
                continue
            tells = _area(left[:, column], sample.outcome)
            if tells >= LEAST_POWER:
                words = (
                    f"is not where the other features put it at past cut-offs ({measure} {step:.2f} off, at most "
                    f"{limit[column]:.2f} is usual), and that tells the label: it may hold what had not happened yet"
                )
                yield int(column), (tells, step, float(limit[column]), words)


def _measure(measure: str, left: Floats) -> Floats:
    found = left.mean(axis=0) if measure == "mean" else np.log(np.maximum(left.std(axis=0), 1e-3))
    return np.asarray(found, dtype=np.float64)


def _area(values: Floats, outcome: Floats) -> float:
    wins = _wins(values[:, None], outcome)[0]
    return 0.5 + abs(float(wins / (outcome.sum() * (1 - outcome).sum())) - 0.5)


def _past_steps(sample: Sample, means: Floats) -> Floats:
    """Steps of the daily means over at least the time from the latest cut-off to today; else all steps there are."""
    days = sample.days
    assert sample.today_day is not None
    apart = sample.today_day - days[-1]
    pairs = [
        (int(np.flatnonzero(days <= day - apart)[-1]), number)
        for number, day in enumerate(days)
        if (days <= day - apart).any()
    ]
    if len(pairs) < 2:
        pairs = [(first, second) for second in range(len(days)) for first in range(second)]
    return np.array([means[second] - means[first] for first, second in pairs])


def fixed_columns(sample: Sample, power: Floats) -> Iterator[Trace]:
    """Columns that never change within a customer, or by a day each day, although they tell of behaviour.

    Two sorts: the customer's own mean label, and what was counted or dated as of today and written at every cut-off: the
    changing columns of today explain it, those of early cut-offs do not.
    """
    fixed = {
        column: _is_fixed(sample, column)
        for column in range(sample.values.shape[1])
        if power[column] >= LEAST_POWER
    }
    candidates = [column for column, is_fixed in fixed.items() if is_fixed]
    if not candidates:
        return
    past, now = _standard(sample)
    changing = np.array(
        [c for c in range(past.shape[1]) if c not in candidates and not _is_fixed(sample, c)],
        dtype=np.intp,
    )
    third = sample.days[: max(1, len(sample.days) // 3)]
    early = np.isin(sample.day, third)
    for column in candidates:
        agreement = _agreement(sample, column)
        if agreement >= SAME_AS_LABELS:
            words = "never changes and goes with the customer's own labels, later ones too: it is made of them"
            yield column, "labels", agreement, SAME_AS_LABELS, words
        elif len(changing):
            today = _explained(now[:, changing], now[:, column])
            then = _explained(past[early][:, changing], past[early][:, column])
            limit = 1 - (1 - then - LEAST_LEFT) / LEFT_THEN
            if today >= max(EXPLAINED_TODAY, limit):
                words = (
                    f"never changes, today's behaviour explains {today:.0%} of it and that of early cut-offs {then:.0%}: "
                    "it was taken as of today"
                )
                yield column, "as of today", today, limit, words


def _is_fixed(sample: Sample, column: int) -> bool:
    values = sample.values[:, column].astype(np.float64)
    elapsed = (sample.day - sample.days[0]) / np.timedelta64(1, "D")
    order = np.argsort(sample.customer, kind="stable")
    start = np.unique(sample.customer[order], return_index=True)[1]
    several = np.diff(np.append(start, len(order))) > 1
    if not several.any() or np.nanmin(values, initial=np.inf) >= np.nanmax(values, initial=-np.inf):
        return False
    known = np.nan_to_num(values, nan=-1e6)
    for shifted, tolerance in ((known, 1e-6), (known - elapsed, 1.0), (known + elapsed, 1.0)):
        least = np.minimum.reduceat(shifted[order], start)
        most = np.maximum.reduceat(shifted[order], start)
        if (most - least <= tolerance)[several].mean() >= FIXED_CUSTOMERS:
            return True
    return False


def _agreement(sample: Sample, column: int) -> float:
    """Rank correlation of a fixed column with the customer's mean label."""
    rows = np.bincount(sample.customer)
    mean = np.bincount(sample.customer, weights=sample.outcome)
    value = np.zeros(len(rows))
    value[sample.customer] = np.nan_to_num(sample.values[:, column], nan=-1e9)
    several = rows > 2
    if several.sum() < 3 or np.ptp(value[several]) == 0:
        return 0.0
    ranks = rankdata(value[several]), rankdata(mean[several] / rows[several])
    return float(abs(np.corrcoef(*ranks)[0, 1])) if np.ptp(ranks[1]) else 0.0


def _explained(design: Floats, wanted: Floats) -> float:
    """Share of a column's spread that a ridge on others explains, on the half of the rows it was not fitted on."""
    if len(wanted) < 2 * design.shape[1] or wanted.std() < 1e-9:
        return 0.0
    odd = np.arange(len(wanted)) % 2 == 1
    with one_blas_thread():
        own, centered = design[~odd], wanted - wanted[~odd].mean()
        middle = own.mean(axis=0)
        gram = (own - middle).T @ (own - middle) + 1e-3 * len(own) * np.eye(design.shape[1])
        slopes = np.linalg.solve(gram, (own - middle).T @ centered[~odd])
        left = centered[odd] - (design[odd] - middle) @ slopes
    return float(1.0 - (left**2).mean() / max(float(centered[odd].var()), 1e-12))
