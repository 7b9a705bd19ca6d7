"""Customers held against people, pair by pair: small cases counted by hand, and every pair looked at."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from matching_truth import attained, codes, groups_within, pairs_together, pairwise

# Anna has three records, two of them one customer, the third with Ben, who has one. Cleo has two: two customers.
PERSON = np.array([0, 0, 0, 1, 2, 2])
CUSTOMER = np.array([10, 10, 11, 11, 12, 13])


def test_pairs_are_counted_against_the_truth() -> None:
    found = pairwise(PERSON, CUSTOMER)
    assert found.precision == pytest.approx(1 / 2)  # of Anna's pair and Anna with Ben
    assert found.recall == pytest.approx(1 / 4)  # of Anna's three pairs and Cleo's one
    assert (found.most_records, found.most_people, found.wrong_customers) == (2, 2, 1)


def test_nobody_brought_together_has_no_precision() -> None:
    found = pairwise(PERSON, np.arange(6))
    assert math.isnan(found.precision)
    assert (found.recall, found.most_people, found.wrong_customers) == (0.0, 1, 0)


def test_what_is_attainable_counts_only_what_evidence_connects() -> None:
    # Evidence leads from Anna's first record to both others, and, to no avail, on to Ben; nothing joins Cleo's.
    groups = groups_within(PERSON, np.array([0, 0, 2]), np.array([1, 2, 3]))
    assert groups[0] == groups[1] == groups[2] != groups[3]
    assert groups[4] != groups[5]
    assert attained(PERSON, CUSTOMER, groups) == pytest.approx((3 / 4, 1 / 3))


@pytest.mark.parametrize("seed", range(20))
def test_sizes_of_groups_count_what_looking_at_every_pair_counts(seed: int) -> None:
    draw = np.random.default_rng(seed)
    person, customer = draw.integers(0, 8, 40), draw.integers(0, 8, 40)
    one, two = np.array(list(itertools.combinations(range(40), 2))).T
    same_person, same_customer = person[one] == person[two], customer[one] == customer[two]
    assert pairs_together(person) == same_person.sum()
    assert pairs_together(person, customer) == (same_person & same_customer).sum()
    found = pairwise(person, customer)
    assert found.precision == pytest.approx(same_person[same_customer].mean())
    assert found.recall == pytest.approx(same_customer[same_person].mean())


def test_equal_texts_are_one_number() -> None:
    texts = pa.chunked_array([["anna", "ben"], ["anna"]])
    first, second, third = codes(texts)
    assert first == third != second
