"""How well records were brought together: customers held against true people, pair by pair.

People, customers and the groups of what is attainable are labels of records: equal labels, together.
A person's pairs are all pairs of their records, so those with many records weigh most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pairwise:
    """What customers say of pairs of records, beside the truth; shares are nan where there are no pairs.

    `most_records` and `most_people` are of one customer, `wrong_customers` hold several people.
    """

    precision: float
    recall: float
    most_records: int
    most_people: int
    wrong_customers: int


def pairwise(person: Ints, customer: Ints) -> Pairwise:
    """Hold customers against people: one label of each per record."""
    people_of = np.unique(np.column_stack([customer, person]), axis=0)[:, 0]
    people = np.unique(people_of, return_counts=True)[1]
    right = pairs_together(person, customer)
    return Pairwise(
        _share(right, pairs_together(customer)),
        _share(right, pairs_together(person)),
        int(np.unique(customer, return_counts=True)[1].max(initial=0)),
        int(people.max(initial=0)),
        int((people > 1).sum()),
    )


def attained(person: Ints, customer: Ints, attainable: Ints) -> tuple[float, float]:
    """The recall that evidence allows, and the share of those pairs that were brought together.

    `attainable` labels groups of records of one person that evidence connects.
    """
    possible = pairs_together(person, attainable)
    reached = pairs_together(person, attainable, customer)
    return _share(possible, pairs_together(person)), _share(reached, possible)


def pairs_together(*labels: Ints) -> int:
    """How many pairs of records have all labels in common."""
    sizes = np.unique(np.column_stack(labels), axis=0, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def groups_within(person: Ints, left: Ints, right: Ints) -> Ints:
    """Label records of one person that pairs (positions of records) connect; pairs of two people are left out."""
    own = person[left] == person[right]
    left, right = left[own], right[own]
    shape = len(person), len(person)
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=shape)
    groups: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return groups


def codes(texts: pa.Array | pa.ChunkedArray) -> Ints:
    """Texts as numbers: equal texts, equal numbers."""
    column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    numbers: Ints = column.dictionary_encode().indices.to_numpy().astype(np.int64)
    return numbers


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
