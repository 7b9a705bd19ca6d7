"""Which families of features are kept: those that help beyond chance, out of fold.

The families of the simple rules are the base. Every other family is tried alone on top of it, and kept
when the lower 80 % bound of what it saves, paired by customer, is above 0. What no family does alone,
several may do together: so at last all families stand against those kept, and win only beyond chance.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml.learn.judging.metrics import paired_bootstrap, row_log_loss
from ml.learn.models.growing import BinnedRows, GrowingTrees
from ml.learn.models.lifetime_model import LIFETIME_FEATURES
from ml.learn.models.linear import Floats, one_blas_thread, sigmoid
from ml.learn.models.trees import TreeSettings
from ml.learn.training.crossfit import Split, Table, judged_rows
from ml.learn.training.sample import logistic_logits, sample_splits
from ml.learn.training.task import Task

ROUNDS = 12
"""Trees of a trial. A fixed number: choosing it on the judged rows would let noise look useful. A small
one: what a family says of few customers (complaints) drowns where many trees fit the chance of the rest."""

TRIAL_ROWS = 40_000
"""Rows of the largest fit of a trial, at most."""

TRIAL_TREES = TreeSettings(learning_rate=0.08, num_leaves=4, extra_trees=True)
DRAWS = 300
COLUMNS = ("family", "features", "gain", "gain_lower", "kept")


@dataclass(frozen=True)
class FamilyChoice:
    """The features to go on with, in the task's order, and how each family fared.

    ``table`` holds family, features (how many), gain (log-loss saved over the base, per row),
    gain_lower (its lower 80 % bound) and kept; the last line, "all families", tells of all against
    those kept. Both figures are missing for the base, which is always kept.
    """

    feature_names: tuple[str, ...]
    table: pd.DataFrame


def choose_families(
    task: Task, table: Table, splits: Sequence[Split], families: Mapping[str, str]
) -> FamilyChoice:
    """Try every family on a sample of customers and keep what helps.

    ``families`` names each feature's family. Raises ValueError where one has none.
    """
    unnamed = [name for name in task.feature_names if name not in families]
    if unnamed:
        raise ValueError(f"features without a family: {', '.join(unnamed[:10])}")
    members: dict[str, list[int]] = {}
    for number, name in enumerate(task.feature_names):
        members.setdefault(families[name], []).append(number)
    always = {families[n] for n in (*task.rule_columns, *LIFETIME_FEATURES) if n in families}
    trial = _Trial(task, table, sample_splits(table, splits, task.seed, TRIAL_ROWS))
    base_columns = sorted(number for name in always & set(members) for number in members[name])
    base = trial.base(base_columns)
    lines: list[tuple[str, int, float | None, float | None, bool]] = []
    for name in sorted(members):
        if name in always:
            lines.append((name, len(members[name]), None, None, True))
            continue
        gain, lower = trial.gain(base, trial.on_top(base, members[name]))
        lines.append((name, len(members[name]), gain, lower, lower > 0))
    kept = sorted(number for name, *_, is_kept in lines if is_kept for number in members[name])
    everything = list(range(len(task.feature_names)))
    if len(kept) < len(everything):
        gain, lower = trial.gain(trial.base(kept), trial.base(everything))
        lines.append(("all families", len(everything), gain, lower, lower > 0))
        kept = everything if lower > 0 else kept
    told = pd.DataFrame(lines, columns=list(COLUMNS))
    return FamilyChoice(tuple(task.feature_names[number] for number in kept), told)


@dataclass(frozen=True)
class _Logits:
    """Log-odds of each split's fit rows and judged rows."""

    fit: list[Floats]
    judged: list[Floats]


class _Trial:
    """Models of a sample, and what one saves over another there."""

    def __init__(self, task: Task, table: Table, splits: list[Split]) -> None:
        self._task, self._table, self._splits = task, table, splits
        rows = judged_rows(splits)
        self._outcome, self._customer = table.outcome[rows], table.customer[rows]

    def base(self, columns: list[int]) -> _Logits:
        """Fit a logistic model on these columns and trees on it."""
        # The limit is one for the whole process: set by each fit alone, the first to end would lift it.
        with one_blas_thread(), ThreadPoolExecutor(self._task.threads) as pool:
            found = list(pool.map(lambda s: logistic_logits(self._table, s, columns), self._splits))
        start = _Logits([fit for fit, _ in found], [judged for _, judged in found])
        return self._grown(start, columns, fit_too=True)

    def on_top(self, start: _Logits, columns: list[int]) -> _Logits:
        """Grow trees of these columns on log-odds found before."""
        return self._grown(start, columns, fit_too=False)

    def gain(self, before: _Logits, after: _Logits) -> tuple[float, float]:
        """Give the log-loss saved per judged row, and its lower 80 % bound by customer."""
        losses = [
            row_log_loss(self._outcome, sigmoid(np.concatenate(logits.judged)))
            for logits in (before, after)
        ]
        return paired_bootstrap(losses[0], losses[1], self._customer, self._task.seed, draws=DRAWS)

    def _grown(self, start: _Logits, columns: list[int], fit_too: bool) -> _Logits:
        fits, judges = [], []
        for number, split in enumerate(self._splits):
            rows = self._table.tree_rows(split.fit, None, None, columns)
            aside, offset = self._table.design(split.judge, None, columns), start.judged[number]
            if fit_too:  # the fit rows are watched too, as if they were judged
                aside = np.vstack([aside, rows.values])
                offset = np.concatenate([offset, start.fit[number]])
            seed, threads = self._task.seed, self._task.threads
            binned = BinnedRows(rows, aside, seed, threads, TRIAL_TREES.customers_per_leaf)
            settings = replace(TRIAL_TREES, monotone=self._monotone(columns))
            trees = GrowingTrees(binned, start.fit[number], offset, seed, threads, settings)
            logit = trees.grow(ROUNDS)
            judges.append(logit[: len(split.judge)])
            fits.append(logit[len(split.judge) :])
        return _Logits(fits, judges)

    def _monotone(self, columns: list[int]) -> tuple[int, ...]:
        bound = self._task.trees.monotone
        return tuple(bound[number] for number in columns) if bound else ()
