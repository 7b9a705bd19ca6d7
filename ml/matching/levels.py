"""The level that each comparison of two profile states comes to: found once, and kept for the days that follow.

A level follows from what the two states say and from nothing else: not from who says it, when, nor from what has been
learned. So a pair of contents is compared once, as long as the code and the settings stay; the table is in the
warehouse, and goes with it. What a level is worth (`ml.matching.scores`) is arithmetic, done anew each time.
"""

from __future__ import annotations

import re

import duckdb

from ml.data.warehouse import keep_table
from ml.matching.backends import Backend
from ml.matching.comparisons import COMPARISONS, LEVELS
from ml.matching.portions import Portion, board_order, portions

# What the comparisons look at.
FIELDS = sorted(
    {
        field
        for levels in LEVELS.values()
        for level in levels
        for field in re.findall(r"\b(\w+)_[lr]\b", level.sql)
    }
)
LEVEL_COLUMNS = [f"{name}_level" for name in COMPARISONS]
COMPARED = {
    "left_content": "ubigint",
    "right_content": "ubigint",
    **dict.fromkeys(LEVEL_COLUMNS, "tinyint"),
}
_KEPT = "warehouse.matched.compared"
_KEPT_UNDER = "warehouse.matched.compared_under"
# The states in the order of their contents, while many portions are compared. Sorting costs as much as searching all
# states a dozen times, and n times n portions search 2 / n of them each.
_SORTED = "warehouse.matched.sorted_states"
_WORTH_SORTING = 25


def open_levels(connection: duckdb.DuckDBPyConnection, definition: str) -> None:
    """Give `compared`, the levels known so far, and `contents`, what each of the `states` says, as a number.

    Sixty-four bits are enough: two states that differ would have to share their number and beside that a state
    that each of them meets.

    Args:
        connection: holds `states`, and the warehouse attached under this name.
        definition: digest of all that decides besides the data; levels found under another one are forgotten.
    """
    keep_table(connection, _KEPT, COMPARED)
    keep_table(connection, _KEPT_UNDER, {"definition": "varchar"})
    if connection.execute(f"from {_KEPT_UNDER}").fetchall() != [(definition,)]:
        connection.execute(f"delete from {_KEPT}")
        connection.execute(f"delete from {_KEPT_UNDER}")
        connection.execute(f"insert into {_KEPT_UNDER} values (?)", [definition])
    connection.execute(f"create or replace view compared as from {_KEPT}")
    # To hash() an empty list is no list at all.
    said = ", ".join([*FIELDS, *(f"{field} is null" for field in FIELDS)])
    connection.execute(
        f"create or replace view stating as select hash({said}) as content, states.* from states"
    )
    connection.execute("create or replace table contents as select state_no, content from stating")


def meet(connection: duckdb.DuckDBPyConnection, pairs: str) -> str:
    """Write pairs of states with what both say, in the order in which the pairs of a portion lie together.

    So a portion is a stretch of this table and a stretch of `compared`, and neither is searched for every portion.

    Args:
        connection: holds what `open_levels` gave.
        pairs: a table with left_state_no and right_state_no.

    Returns:
        The table's name: the columns of `pairs`, and left_content and right_content.
    """
    connection.execute(
        f"""
        create or replace table {pairs}_met as
        select pairs.*, l.content as left_content, r.content as right_content
        from {pairs} as pairs
        inner join contents as l on left_state_no = l.state_no
        inner join contents as r on right_state_no = r.state_no
        order by {board_order(connection, pairs)}
        """
    )
    return f"{pairs}_met"


def compare_pairs(connection: duckdb.DuckDBPyConnection, met: str, backend: Backend) -> int:
    """Add to `compared` the levels of those pairs of states whose contents have not met before.

    Args:
        connection: holds what `open_levels` gave.
        met: what `meet` wrote.
        backend: where Splink compares.

    Returns:
        How many pairs of contents were compared.
    """
    compared = 0
    board = list(portions(connection, met, backend.most_pairs))
    is_sorted = len(board) >= _WORTH_SORTING
    if is_sorted:
        connection.execute(f"create or replace table {_SORTED} as from stating order by content")
    for portion in board:
        # Of the states that say the same, the first speaks for all.
        connection.execute(
            f"""
            create or replace table new_pairs as
            select min(left_state_no) as left_state_no, min(right_state_no) as right_state_no,
                left_content, right_content
            from (from {met} where {portion.pairs()})
            anti join (from compared where {portion.pairs()}) using (left_content, right_content)
            group by left_content, right_content
            """
        )
        count = connection.execute("select count(*) from new_pairs").fetchone()
        if not count or not count[0]:
            continue
        if is_sorted:
            near = f"select * exclude content from {_SORTED} where {portion.states()}"
            connection.execute(f"create or replace view near_states as {near}")
        levels = backend.levels(connection, "near_states" if is_sorted else "states", "new_pairs")
        connection.execute(
            f"insert into {_KEPT} select {', '.join(COMPARED)} "
            f"from new_pairs inner join {levels} using (left_state_no, right_state_no) "
            "order by left_content, right_content"
        )
        compared += count[0]
    for scratch in (
        "view if exists near_states",
        "table if exists new_pairs",
        f"table if exists {_SORTED}",
    ):
        connection.execute(f"drop {scratch}")
    return compared


def with_levels(met: str, portion: Portion) -> str:
    """The pairs of a portion and the level that each of their comparisons came to, as a query.

    Args:
        met: what `meet` wrote, or a part of it.
        portion: which of them.
    """
    return (
        f"from (from {met} where {portion.pairs()}) "
        f"inner join (from compared where {portion.pairs()}) using (left_content, right_content)"
    )
