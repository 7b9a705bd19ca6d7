"""Pairs of states in portions of a size that fits into memory, cut where the contents of both states say.

Were they cut by one of the two states alone, every portion would search all states for the other one; and the more
states, the more portions. So portions are the fields of a board: of n times n, each needs 2 / n of the states.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import duckdb

# Splink carries what it compares along: half a kilobyte for a pair.
MOST_PAIRS = 1_000_000
# Contents are numbers of 64 bits, evenly spread. Cuts lie where the first bits change: so a list of blocks is short.
_BITS = 64
_BITS_OF_BLOCKS = 16

Range: TypeAlias = tuple[int, int]
_WHOLE: Range = (0, 2**_BITS - 1)


@dataclass(frozen=True)
class Portion:
    """A field of the board: the contents of its pairs' younger and elder states, both ends included."""

    younger: Range
    elder: Range

    def pairs(self) -> str:
        """The condition that picks pairs, in a form that lets whole stretches of a sorted table be passed over."""
        return (
            f"{_between('right_content', self.younger)} and {_between('left_content', self.elder)}"
        )

    def states(self) -> str:
        """The condition that picks the states of the pairs, by their content."""
        if _WHOLE in (self.younger, self.elder):
            return "true"
        return f"({_between('content', self.younger)} or {_between('content', self.elder)})"


def portions(
    connection: duckdb.DuckDBPyConnection, pairs: str, most: int = MOST_PAIRS
) -> Iterator[Portion]:
    """Portions that hold at most so many pairs, or one block of them; none is empty.

    Args:
        connection: holds the pairs.
        pairs: a table with left_content and right_content.
        most: the most pairs of a portion.
    """
    bits = _bits_of_stripes(connection, pairs, most)
    width = _BITS - _BITS_OF_BLOCKS + bits
    blocks: dict[int, list[tuple[int, int]]] = {}
    for stripe, block, count in connection.execute(
        f"select {_stripe(bits)} as stripe, left_content >> {width} as block, count(*) from {pairs} "
        "group by all order by all"
    ).fetchall():
        blocks.setdefault(stripe, []).append((block, count))
    for stripe, counted in blocks.items():
        for elder in _cut(counted, width, most):
            yield Portion(_range(stripe, stripe, _BITS - bits), elder)


def board_order(connection: duckdb.DuckDBPyConnection, pairs: str) -> str:
    """The order in which the pairs of a portion lie together, as columns to sort by.

    Args:
        connection: holds the pairs.
        pairs: a table with as many rows as are to be sorted.
    """
    return f"{_stripe(_bits_of_stripes(connection, pairs, MOST_PAIRS))}, left_content"


def _bits_of_stripes(connection: duckdb.DuckDBPyConnection, pairs: str, most: int) -> int:
    """How many first bits of the younger state's content tell the stripes of a board as wide as it is high."""
    row = connection.execute(f"select count(*) from {pairs}").fetchone()
    return round(math.log2(max(1, row[0] / most)) / 2) if row else 0


def _stripe(bits: int) -> str:
    # In two steps, since a number cannot be moved by all its bits.
    return f"(right_content >> {_BITS - _BITS_OF_BLOCKS} >> {_BITS_OF_BLOCKS - bits})"


def _cut(blocks: list[tuple[int, int]], width: int, most: int) -> Iterator[Range]:
    """Ranges of whole blocks that hold at most so many; what is not to be cut is whole."""
    if sum(count for _, count in blocks) <= most:
        yield _WHOLE
        return
    start, held = blocks[0][0], 0
    for block, count in blocks:
        if held and held + count > most:
            yield _range(start, block - 1, width)
            start, held = block, 0
        held += count
    yield _range(start, blocks[-1][0], width)


def _range(first: int, last: int, width: int) -> Range:
    return first << width, ((last + 1) << width) - 1


def _between(column: str, of: Range) -> str:
    return "true" if of == _WHOLE else f"{column} between {of[0]}::ubigint and {of[1]}::ubigint"
