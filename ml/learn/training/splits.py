"""Training cut-offs and the folds over them.

A cut-off C stands for 00:00 of its day. Its features see what was visible before C, its label asks
what happened in [C, C + horizon). Every rule here follows from those two windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

EPOCH = date(1970, 1, 5)
"""The Monday from whose week every calendar grid counts."""

STEPS = (1, 7, 14, 28)
"""Days between cut-offs. Each divides the next: a coarser grid is part of a finer one."""

WANTED_ROWS = 150_000
"""Rows of training beyond which more cut-offs of the same customers add cost and hardly knowledge."""

LEAST_CUTOFFS, MOST_CUTOFFS = 12, 30
"""Fewer would leave too few later ones to judge on, however many customers each holds."""


@dataclass(frozen=True)
class Fold:
    """One rolling-origin fold: fit on the labels of ``fit``, judge on those of ``validate``.

    Both are ascending. No label window of ``fit`` reaches past the first date of ``validate``.
    """

    fit: tuple[date, ...]
    validate: tuple[date, ...]


def most_cutoffs(customers: int) -> int:
    """Give how many cut-offs a log of so many customers is worth, from LEAST_CUTOFFS to MOST_CUTOFFS.

    Neighbouring cut-offs repeat most of each other: many customers need only a monthly look, few are
    looked at weekly. More only while customers times cut-offs stays within WANTED_ROWS.
    """
    return min(MOST_CUTOFFS, max(LEAST_CUTOFFS, WANTED_ROWS // max(customers, 1)))


def cutoff_grid(
    first_fact: date,
    complete_until: datetime,
    horizon_days: int,
    max_cutoffs: int = MOST_CUTOFFS,
    weekday: int = 0,
) -> list[date]:
    """Give the training cut-offs whose labels are mature, ascending.

    A cut-off C qualifies when ``C > first_fact`` and ``C + horizon_days <= complete_until``, an
    exclusive local instant without a time zone. Cut-offs lie on a grid fixed to the calendar (their
    distance to the first ``weekday``, 0 for Monday, from EPOCH on is a multiple of the step), so that
    a later run on that weekday finds most of its snapshots already made. It is the weekday of the
    run: who acts on Sundays has acted a day ago on every Monday, and never on a Wednesday. The step
    is the smallest of STEPS that gives at most ``max_cutoffs``; a history too long even for the
    largest keeps its latest ``max_cutoffs``.

    The first cut-offs of a log are left out: while the history is shorter than the horizon, every
    customer looks new, windows are cut short and the population is unlike the one scored later.
    They cost little only as long as they are few, so at most the first quarter of the span goes:
    ``C - first_fact >= min(horizon, span / 4)``, the span reaching from the first fact to the
    latest mature day. (A third or more would leave a 90-day horizon in a nine-month log without a
    second, purged block.)

    Returns an empty list when no label is mature. Raises ValueError on a horizon or a number of
    cut-offs below one.
    """
    if horizon_days < 1 or max_cutoffs < 1:
        raise ValueError(
            f"horizon_days and max_cutoffs must be at least 1, "
            f"found {horizon_days} and {max_cutoffs}"
        )
    latest = complete_until.date() - timedelta(days=horizon_days)
    span = (latest - first_fact).days
    if span < 1:
        return []
    earliest = first_fact + timedelta(days=max(1, min(horizon_days, span // 4)))
    for step in STEPS:
        grid = _grid_days(earliest, latest, step, weekday)
        if len(grid) <= max_cutoffs:
            # A coarse step may miss a short span altogether; then the latest days serve.
            return grid or _grid_days(earliest, latest, 1, weekday)[-max_cutoffs:]
    return grid[-max_cutoffs:]


def rolling_folds(cutoffs: Sequence[date], horizon_days: int, max_folds: int = 3) -> list[Fold]:
    """Cut the history into purged rolling-origin folds, the one with least history first.

    Validation covers the later half of the cut-offs, as far as purging leaves something to fit on:
    a model fitted on the first few cut-offs alone says little about the one to be served. It is
    divided into at most ``max_folds`` blocks of neighbouring cut-offs; a block is fitted on every
    cut-off c with ``c + horizon_days <= first cut-off of the block``. See Bergmeir and Benítez
    (2012), "On the use of cross-validation for time series predictor evaluation".

    Returns an empty list when the history allows one block only. Raises ValueError on fewer than
    one fold.
    """
    if max_folds < 1:
        raise ValueError(f"max_folds must be at least 1, found {max_folds}")
    days = sorted(set(cutoffs))
    horizon = timedelta(days=horizon_days)
    later_half = days[len(days) // 2 :]
    judged = [day for day in later_half if days[0] + horizon <= day]
    count = min(max_folds, len(judged))
    edges = [len(judged) * number // count for number in range(count + 1)] if count else []
    folds = []
    for start, stop in pairwise(edges):
        block = tuple(judged[start:stop])
        folds.append(Fold(tuple(day for day in days if day + horizon <= block[0]), block))
    return folds


def _grid_days(earliest: date, latest: date, step: int, weekday: int) -> list[date]:
    origin = EPOCH + timedelta(days=weekday)
    first = earliest + timedelta(days=-(earliest - origin).days % step)
    return [first + timedelta(days=d) for d in range(0, (latest - first).days + 1, step)]
