"""Trees out of fold: how many, and what they predict on rows they have not seen."""

from collections.abc import Sequence

import numpy as np

from ml.learn.judging.metrics import log_loss
from ml.learn.models.growing import BinnedRows, GrowingTrees
from ml.learn.models.linear import sigmoid
from ml.learn.models.trees import DEFAULTS, TreeSettings
from ml.learn.training.crossfit import OutOfFold, Split, Table, judged_rows

ROUNDS_STEP = 20
MAX_ROUNDS = 400
PATIENCE = 2
LEAST_IMPROVEMENT = 1e-4
"""Trees grow by ROUNDS_STEP until, for PATIENCE steps, the loss has not fallen by this share."""

REACH = 4
"""Steps as good as the last one that a contender may still be behind a rival, at the default learning rate; each
brings less than the one before. A slower learner may be behind by more steps."""


class SplitBins:
    """The rows of the splits in bins, cut when they are asked for, and once for all trees on them."""

    def __init__(self, table: Table, splits: Sequence[Split], seed: int, threads: int) -> None:
        self._table, self._splits, self._seed, self._threads = table, splits, seed, threads
        self._cut: dict[int, list[BinnedRows]] = {}

    def of(self, settings: TreeSettings) -> list[BinnedRows]:
        """Give the bins of each split for trees of these settings."""
        leaf = settings.customers_per_leaf
        if leaf not in self._cut:
            self._cut[leaf] = [self._binned(split, leaf) for split in self._splits]
        return self._cut[leaf]

    def _binned(self, split: Split, leaf: int) -> BinnedRows:
        rows = self._table.tree_rows(split.fit, None, split.inputs)
        judged = self._table.design(split.judge, split.inputs)
        return BinnedRows(rows, judged, self._seed, self._threads, leaf)


def trees_out_of_fold(
    table: Table,
    splits: Sequence[Split],
    bins: SplitBins,
    seed: int,
    threads: int,
    base: OutOfFold | None,
    settings: TreeSettings = DEFAULTS,
    max_rounds: int = MAX_ROUNDS,
    to_beat: float = np.inf,
) -> OutOfFold:
    """Predict with the number of trees whose pooled log-loss is lowest, possibly none on a base.

    All splits grow together, ROUNDS_STEP trees at a time, so that the search can stop early: when more
    trees no longer help, or when ``to_beat``, the log-loss of a rival, is out of REACH. One after the
    other, though: LightGBM keeps its number of threads in one place for the whole process, and models
    that grow side by side crash now and then.
    """
    growing, start = [], []
    binned = bins.of(settings)
    for number, split in enumerate(splits):
        offset, judged_offset = None, None
        if base is not None:
            logistic = base.per_split[number]
            offset = logistic.logit(table.design(split.fit, split.inputs))
            judged_offset = logistic.logit(table.design(split.judge, split.inputs))
        growing.append(GrowingTrees(binned[number], offset, judged_offset, seed, threads, settings))
        start.append(np.zeros(len(split.judge)) if judged_offset is None else judged_offset)
    outcome = table.outcome[judged_rows(splits)]
    best = OutOfFold(np.concatenate(start), 0.0, [])
    best_loss = log_loss(outcome, sigmoid(best.logit)) if base else np.inf
    before = best_loss
    reach = REACH * max(1.0, DEFAULTS.learning_rate / settings.learning_rate)
    for rounds in range(ROUNDS_STEP, max_rounds + 1, ROUNDS_STEP):
        logit = np.concatenate([trees.grow(ROUNDS_STEP) for trees in growing])
        loss = log_loss(outcome, sigmoid(logit))
        if loss < best_loss * (1.0 - LEAST_IMPROVEMENT):
            best, best_loss = OutOfFold(logit, float(rounds), []), loss
        elif rounds - best.setting >= PATIENCE * ROUNDS_STEP:
            break
        if loss - reach * max(before - loss, 0.0) > to_beat:
            break
        before = loss
    return best
