"""Trees as tables: what a tree says of a row is looked up, not walked, to the last bit of LightGBM's own sum.

A tree of n splits can tell rows apart in 2^n ways, by which of its splits they pass. For each of these patterns the
value of the leaf is written down once, and so is what each feature adds to it: the exact terms of TreeSHAP (Lundberg,
Erion and Lee 2018), worked out before the rows come as in Fast TreeSHAP v2 (Yang 2021). A row then costs one
comparison per split and one look-up per feature, in numpy, many rows at a time. A tree of more than MOST_SPLITS
splits is cut into parts of a few leaves each, which add up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial
from typing import Any, Self

import lightgbm as lgb  # noqa: TID251 - a room of learning, as ml/learn/models/trees.py is
import numpy as np
from numpy.typing import NDArray

from ml.learn.models.linear import Floats

MOST_SPLITS = 8
"""Patterns of a table fit a byte, and its 256 entries the processor's nearest cache."""

BLOCK_ROWS = 8192
"""Rows worked on at a time: the used columns of more would leave the processor's cache."""


@dataclass(frozen=True)
class Split:
    """A comparison of a column: to the left go values up to ``threshold``, and missing ones if it says so."""

    feature: int
    threshold: float
    missing_goes_left: bool


@dataclass(frozen=True)
class Step:
    """One split on the way to a leaf, the side taken, and the share of the training rows that took it."""

    split: Split
    goes_left: bool
    share: float


@dataclass(frozen=True)
class Leaf:
    """A leaf's value, the share of the tree's training rows in it, and the way to it."""

    value: float
    share: float
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Table:
    """Some leaves of one tree. The pattern of a row has bit i set where the comparison of ``splits[i]`` holds.

    The comparison is "greater" for a split that sends missing values left and "at most" for others, so that it
    never holds for a missing value. ``value`` has shape (patterns,), 0 where another part holds the leaf; ``terms``
    (features, patterns), what each of ``features`` adds.
    """

    splits: tuple[Split, ...]
    value: Floats
    features: tuple[int, ...]
    terms: Floats

    @classmethod
    def of(cls, leaves: list[Leaf]) -> Self:
        """Write down every pattern of the splits that lead to these leaves."""
        splits = tuple(dict.fromkeys(step.split for leaf in leaves for step in leaf.steps))
        features = tuple(dict.fromkeys(split.feature for split in splits))
        pattern = np.arange(2 ** len(splits))
        goes_left = {
            split: ((pattern >> bit) & 1).astype(bool) ^ split.missing_goes_left
            for bit, split in enumerate(splits)
        }
        value = np.zeros(len(pattern))
        terms = np.zeros((len(features), len(pattern)))
        for leaf in leaves:
            reached, added = _leaf_terms(leaf, goes_left)
            value[reached] = leaf.value
            for feature, term in added.items():
                terms[features.index(feature)] += term
        return cls(splits, value, features, terms)


def _leaf_terms(
    leaf: Leaf, goes_left: dict[Split, NDArray[np.bool_]]
) -> tuple[NDArray[np.bool_], dict[int, Floats]]:
    """Tell which patterns reach a leaf, and the Shapley value of each feature on the way, (patterns,) each.

    To a leaf, features are a product game: one that is known lets a row through or not (``holds``), one that is
    not known lets through the share of the training rows that took its steps (``shares``).
    """
    size = len(next(iter(goes_left.values()), np.zeros(1)))
    holds: dict[int, NDArray[np.bool_]] = {}
    shares: dict[int, float] = {}
    for step in leaf.steps:
        feature = step.split.feature
        passes = goes_left[step.split] == step.goes_left
        holds[feature] = holds.get(feature, np.ones(size, dtype=bool)) & passes
        shares[feature] = shares.get(feature, 1.0) * step.share
    reached = np.ones(size, dtype=bool)
    for passes in holds.values():
        reached &= passes
    count = len(holds)
    weights = [factorial(k) * factorial(count - 1 - k) / factorial(count) for k in range(count)]
    added: dict[int, Floats] = {}
    for feature in holds:
        # by_size[k] sums, over the sets of k other features, what they let through when known.
        by_size = [np.ones(size)]
        for other in holds:
            if other != feature:
                unknown = [*(ways * shares[other] for ways in by_size), np.zeros(size)]
                known = [np.zeros(size), *(ways * holds[other] for ways in by_size)]
                by_size = [a + b for a, b in zip(unknown, known, strict=True)]
        through = np.einsum("k,kp->p", weights, by_size)
        added[feature] = leaf.value * (holds[feature] - shares[feature]) * through
    return reached, added


@dataclass(frozen=True)
class TreeTables:
    """All trees of a model, in their order. ``used`` are the columns they read, ``columns`` how many there are."""

    tables: tuple[Table, ...]
    used: NDArray[np.intp]
    columns: int
    bias: float

    @classmethod
    def of(cls, text: str) -> Self:
        """Take LightGBM's model text.

        Raises ValueError on what LightGBM can grow and Kith never does (categories, zeros as missing values, a
        class of its own per tree), and on a way to a leaf of more than MOST_SPLITS splits.
        """
        model = lgb.Booster(model_str=text).dump_model()
        if model["num_tree_per_iteration"] != 1:
            raise ValueError("trees of several classes cannot be tabled")
        tables: list[Table] = []
        bias = 0.0
        for tree in model["tree_info"]:
            leaves = list(_leaves(tree["tree_structure"], 1.0, ()))
            bias += sum(leaf.value * leaf.share for leaf in leaves)
            tables += [Table.of(part) for part in _parts(leaves)]
        used = np.array(sorted({f for table in tables for f in table.features}), dtype=np.intp)
        return cls(tuple(tables), used, model["max_feature_idx"] + 1, bias)

    def raw(self, values: NDArray[np.float32]) -> Floats:
        """Give the sum of all leaves per row of ``values`` (rows, columns), bit for bit as LightGBM adds it up."""
        total = np.zeros(len(values))
        for rows, table, pattern in self._patterns(values):
            total[rows] += table.value[pattern]
        return total

    def terms(self, values: NDArray[np.float32]) -> Floats:
        """Give what each column adds, shape (rows, columns + 1), the bias last; rows sum to ``raw``."""
        terms = np.zeros((self.columns + 1, len(values)))
        terms[-1] = self.bias
        for rows, table, pattern in self._patterns(values):
            for feature, added in zip(table.features, table.terms, strict=True):
                terms[feature, rows] += added[pattern]
        return terms.T

    def _patterns(
        self, values: NDArray[np.float32]
    ) -> Iterator[tuple[slice, Table, NDArray[np.intp]]]:
        """Give the pattern of every row in every table, one block of rows after the other."""
        place = {feature: number for number, feature in enumerate(self.used.tolist())}
        for first in range(0, len(values), BLOCK_ROWS):
            rows = slice(first, min(first + BLOCK_ROWS, len(values)))
            block = np.ascontiguousarray(values[rows][:, self.used].T)
            holds = np.empty(block.shape[1], dtype=np.bool_)
            pattern = np.empty(block.shape[1], dtype=np.uint8)
            for table in self.tables:
                pattern[:] = 0
                for bit, split in enumerate(table.splits):
                    compare = np.greater if split.missing_goes_left else np.less_equal
                    compare(block[place[split.feature]], np.float32(split.threshold), out=holds)
                    pattern |= holds.view(np.uint8) << np.uint8(bit)
                yield rows, table, pattern.astype(np.intp)


def _leaves(node: dict[str, Any], share: float, steps: tuple[Step, ...]) -> Iterator[Leaf]:
    """Walk a tree as LightGBM dumps it, the left side first."""
    if "leaf_value" in node:
        yield Leaf(node["leaf_value"], share, steps)
        return
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise ValueError("only splits of numbers, with NaN as what is missing, can be tabled")
    # Where training saw nothing missing, LightGBM takes a missing value for zero.
    missing_left = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
    split = Split(node["split_feature"], _float_below(node["threshold"]), missing_left)
    for child, goes_left in ((node["left_child"], True), (node["right_child"], False)):
        rows = child["leaf_count"] if "leaf_value" in child else child["internal_count"]
        step = Step(split, goes_left, rows / node["internal_count"])
        yield from _leaves(child, share * step.share, (*steps, step))


def _float_below(threshold: float) -> float:
    """The greatest 32-bit float up to a threshold: 32-bit values lie on the same side of both."""
    with np.errstate(over="ignore"):
        narrow = np.float32(threshold)
    return float(np.nextafter(narrow, np.float32(-np.inf)) if float(narrow) > threshold else narrow)


def _parts(leaves: list[Leaf]) -> Iterator[list[Leaf]]:
    """Cut the leaves of a tree, in their order, into runs that have MOST_SPLITS different splits at most."""
    part: list[Leaf] = []
    splits: set[Split] = set()
    for leaf in leaves:
        own = {step.split for step in leaf.steps}
        if len(own) > MOST_SPLITS:
            raise ValueError(
                f"a leaf behind {len(own)} splits, at most {MOST_SPLITS} can be tabled"
            )
        if part and len(splits | own) > MOST_SPLITS:
            yield part
            part, splits = [], set()
        part.append(leaf)
        splits |= own
    yield part
