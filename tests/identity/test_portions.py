"""Pairs cut into portions: none is lost, none comes twice, and none is larger than asked where it can be cut."""

from __future__ import annotations

import itertools

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ml.matching.portions import portions


@pytest.mark.parametrize("seed", range(10))
def test_every_pair_is_in_one_portion(seed: int) -> None:
    draw = np.random.default_rng(seed)
    states = int(draw.integers(1, 5_000))
    younger = draw.integers(0, states, 20_000)
    connection = duckdb.connect()
    connection.register("pairs", pa.table({"right_state_no": younger}))
    found = list(portions(connection, "pairs", most=3_000))
    counts = [int(((younger >= start) & (younger < stop)).sum()) for start, stop in found]
    assert sum(counts) == len(younger)
    assert all(count > 0 for count in counts)
    assert all(stop <= start for (_, stop), (start, _) in itertools.pairwise(found))
    # 256 states cannot be cut.
    assert max(counts, default=0) <= max(3_000, *np.bincount(younger // 256))


def test_no_pairs_are_no_portions() -> None:
    connection = duckdb.connect()
    connection.execute("create table pairs (right_state_no bigint)")
    assert list(portions(connection, "pairs")) == []
