"""Pairs cut into portions: none is lost, none comes twice, and none is larger than asked where it can be cut."""

from __future__ import annotations

import itertools

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ml.matching.portions import portions, within

GREATEST = 2**64 - 1


@pytest.mark.parametrize("seed", range(10))
def test_every_pair_is_in_one_portion(seed: int) -> None:
    draw = np.random.default_rng(seed)
    # Some say the same, and the ends of the scale are there.
    said = draw.integers(0, GREATEST, int(draw.integers(1, 5_000)), np.uint64, endpoint=True)
    younger = np.concatenate([draw.choice(said, 20_000), np.array([0, GREATEST], np.uint64)])
    connection = duckdb.connect()
    connection.register("pairs", pa.table({"right_content": younger}))
    found = list(portions(connection, "pairs", most=3_000))
    counts = [
        connection.execute(f"select count(*) from pairs where {within(*one)}").fetchall()[0][0]
        for one in found
    ]
    assert sum(counts) == len(younger)
    assert all(count > 0 for count in counts)
    assert all(last < first for (_, last), (first, _) in itertools.pairwise(found))
    # What begins with the same 16 bits cannot be cut.
    _, alike = np.unique(younger >> np.uint64(48), return_counts=True)
    assert max(counts, default=0) <= max(3_000, *alike)


def test_no_pairs_are_no_portions() -> None:
    connection = duckdb.connect()
    connection.execute("create table pairs (right_content ubigint)")
    assert list(portions(connection, "pairs")) == []
