"""Pairs cut into portions: none is lost, none comes twice, and none is larger than asked where it can be cut."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ml.matching.portions import Portion, board_order, portions

GREATEST = 2**64 - 1


def a_brand(seed: int, pairs: int) -> duckdb.DuckDBPyConnection:
    """States and the pairs of them; some say the same, and the ends of the scale are there."""
    draw = np.random.default_rng(seed)
    said = draw.integers(0, GREATEST, int(draw.integers(1, 5_000)), np.uint64, endpoint=True)
    said = np.concatenate([said, np.array([0, GREATEST], np.uint64)])
    connection = duckdb.connect()
    connection.register("states", pa.table({"content": said}))
    left, right = (np.concatenate([draw.choice(said, pairs), said[-2:]]) for _ in range(2))
    connection.register("pairs", pa.table({"left_content": left, "right_content": right}))
    return connection


def number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row
    return int(row[0])


def sizes(connection: duckdb.DuckDBPyConnection, found: list[Portion]) -> list[int]:
    return [number(connection, f"select count(*) from pairs where {one.pairs()}") for one in found]


@pytest.mark.parametrize("seed", range(12))
def test_every_pair_is_in_one_portion(seed: int) -> None:
    connection = a_brand(seed, 20_000)
    most = int(np.random.default_rng(seed).integers(200, 30_000))
    found = list(portions(connection, "pairs", most))
    counts = sizes(connection, found)
    assert sum(counts) == 20_002
    assert all(count > 0 for count in counts)
    for one in found:
        missed = number(
            connection,
            f"select count(*) from pairs where {one.pairs()} and not exists ("
            f"select 1 from states where content = left_content and {one.states()}) or {one.pairs()} "
            f"and not exists (select 1 from states where content = right_content and {one.states()})",
        )
        assert not missed
    # Elder states whose content begins with the same bits cannot be parted; a stripe has fewer bits for them.
    alike = number(
        connection,
        "select max(held) from (select count(*) as held from pairs group by left_content >> 52)",
    )
    assert max(counts) <= max(most, alike)


def test_a_board_is_as_wide_as_it_is_high() -> None:
    connection = a_brand(1, 64_000)
    found = list(portions(connection, "pairs", 1_000))
    stripes = {one.younger for one in found}
    assert len(stripes) == 8
    assert len(found) < 100
    read = sum(
        number(connection, f"select count(*) from states where {one.states()}") for one in found
    )
    everyone = number(connection, "select count(*) from states")
    assert read < len(found) * everyone * 0.35


def test_few_pairs_are_one_portion_that_is_not_searched_for() -> None:
    connection = a_brand(1, 500)
    (whole,) = portions(connection, "pairs")
    assert (whole.pairs(), whole.states()) == ("true and true", "true")


def test_pairs_of_a_portion_lie_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.matching.portions.MOST_PAIRS", 1_000)
    connection = a_brand(3, 30_000)
    order = board_order(connection, "pairs")
    connection.execute(
        f"create table sorted as select *, row_number() over (order by {order}) as place from pairs"
    )
    for one in portions(connection, "pairs", 1_000):
        stretch = number(
            connection,
            f"select max(place) - min(place) + 1 - count(*) from sorted where {one.pairs()}",
        )
        assert stretch == 0


def test_no_pairs_are_no_portions() -> None:
    connection = duckdb.connect()
    connection.execute("create table pairs (left_content ubigint, right_content ubigint)")
    assert list(portions(connection, "pairs")) == []
