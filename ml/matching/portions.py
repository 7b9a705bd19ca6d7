"""Pairs of states in portions of a size that fits into memory, cut where the content of the younger state says."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

# Splink carries what it compares along: half a kilobyte for a pair.
MOST_PAIRS = 1_000_000
# Contents are numbers of 64 bits, evenly spread. Cuts lie where the first bits change: so a list of blocks is short.
_BITS_WITHIN_BLOCK = 48


def portions(
    connection: duckdb.DuckDBPyConnection, pairs: str, most: int = MOST_PAIRS
) -> Iterator[tuple[int, int]]:
    """Ranges of the younger state's content, both ends included, that hold at most so many pairs, or are one block.

    Args:
        connection: holds the pairs.
        pairs: a table with right_content.
        most: the most pairs of a portion.
    """
    blocks = connection.execute(
        f"select right_content >> {_BITS_WITHIN_BLOCK} as block, count(*) from {pairs} "
        "group by block order by block"
    ).fetchall()
    start, held = 0, 0
    for block, count in blocks:
        first = block << _BITS_WITHIN_BLOCK
        if held and held + count > most:
            yield start, first - 1
            start, held = first, 0
        held += count
    if held:
        yield start, ((blocks[-1][0] + 1) << _BITS_WITHIN_BLOCK) - 1


def within(first: int, last: int) -> str:
    """The condition that picks a portion, in a form that lets whole stretches of a sorted table be passed over."""
    return f"right_content between {first}::ubigint and {last}::ubigint"
