"""Smaller copies of the splits, for decisions that are made many times: fewer customers, same days."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml.learn.models.linear import Floats, RegularisedLogistic
from ml.learn.training.crossfit import Split, Table

SAMPLE_ROWS = 20_000
"""Rows of the largest fit, at most: what is decided on them is coarse, and decided many times."""

SAMPLE_RIDGE = 0.01
"""The middle of the path of ridges; one will do where two sets of columns are compared."""


def sample_splits(
    table: Table, splits: Sequence[Split], seed: int, most_rows: int = SAMPLE_ROWS
) -> list[Split]:
    """Keep a random share of the customers, all their rows, so that no fit holds more than ``most_rows``."""
    share = min(1.0, most_rows / max(len(split.fit) for split in splits))
    count = int(table.customer.max()) + 1
    chosen = np.random.default_rng(seed).permutation(count) < share * count
    kept = [
        replace(
            split,
            fit=split.fit[chosen[table.customer[split.fit]]],
            judge=split.judge[chosen[table.customer[split.judge]]],
        )
        for split in splits
    ]
    return kept if all(_has_both(table, split) for split in kept) else list(splits)


def logistic_logits(table: Table, split: Split, columns: Sequence[int]) -> tuple[Floats, Floats]:
    """Fit a logistic model on some columns (and the derived ones); give log-odds of fit and judged rows."""
    fit, judged = (table.design(r, split.inputs, columns) for r in (split.fit, split.judge))
    (model,) = RegularisedLogistic.fit_path(
        fit, table.outcome[split.fit], table.weights(split.fit), [SAMPLE_RIDGE]
    )
    return model.logit(fit), model.logit(judged)


def _has_both(table: Table, split: Split) -> bool:
    return len(split.judge) > 0 and 0 < table.outcome[split.fit].mean() < 1
