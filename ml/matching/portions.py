"""Pairs of states in portions of a size that fits into memory, cut where the younger state's number says."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

# Splink carries what it compares along: half a kilobyte for a pair.
MOST_PAIRS = 1_000_000
# Cuts lie between blocks of so many states, so that a list of blocks is short.
_BLOCK = 256


def portions(
    connection: duckdb.DuckDBPyConnection, pairs: str, most: int = MOST_PAIRS
) -> Iterator[tuple[int, int]]:
    """Ranges of the younger state's number, [from, to), that hold at most so many pairs, or are one block.

    Args:
        connection: holds the pairs.
        pairs: a table with right_state_no.
        most: the most pairs of a portion.
    """
    blocks = connection.execute(
        f"select right_state_no // {_BLOCK} as block, count(*) from {pairs} "
        "group by block order by block"
    ).fetchall()
    start, held = 0, 0
    for block, count in blocks:
        if held and held + count > most:
            yield start, block * _BLOCK
            start, held = block * _BLOCK, 0
        held += count
    if held:
        yield start, (blocks[-1][0] + 1) * _BLOCK
