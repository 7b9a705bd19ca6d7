"""The tree of an expression: what may stand in it, and how it is written anew."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

DIALECT = "duckdb"

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
SUMS = (exp.Add, exp.Sub, exp.Mul, exp.Div)
ROUNDINGS = (exp.Abs, exp.Round, exp.Floor, exp.Ceil)
OF_TEXT = (exp.Lower, exp.Upper, exp.Trim)
# A text that looks like a pattern is one: the other side must be written out, so that its cost is known.
SEARCHES = (exp.Like, exp.ILike, exp.Contains, exp.StartsWith)
CHOICES = (exp.Coalesce, exp.Greatest, exp.Least, exp.Nullif)
ALLOWED = (
    *(exp.Paren, exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null),
    *(exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Case, exp.If, exp.Neg),
    *(exp.Cast, exp.DataType, exp.DateDiff, exp.Var, exp.Length),
    *COMPARISONS,
    *SUMS,
    *ROUNDINGS,
    *OF_TEXT,
    *SEARCHES,
    *CHOICES,
)
FUNCTIONS = (
    "coalesce, nullif, greatest, least, case, abs, round, floor, ceil, lower, upper, trim, length, contains, "
    "starts_with, date_diff('day', a, b)"
)


class Refused(Exception):  # noqa: N818 - a verdict on somebody's text, which becomes a message
    """What was found that is not let through, and the way out."""


def parse(text: str) -> exp.Expr:
    """The tree of exactly one expression."""
    try:
        trees = sqlglot.parse(text, dialect=DIALECT)
    except (SqlglotError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise Refused(
            "it is no SQL expression: a name, a bracket or a quote is not in its place"
        ) from error
    if len(trees) != 1 or trees[0] is None:
        raise Refused(f"it holds {len(trees)} statements, and one expression is needed")
    return trees[0]


def check_tree(tree: exp.Expr, columns: dict[str, str], most_parts: int) -> frozenset[str]:
    """The columns that a tree of allowed parts reads.

    Raises:
        Refused: a part is not let through, or a column is none of the row's.
    """
    names = set()
    for count, node in enumerate(tree.walk()):
        if count >= most_parts:
            raise Refused(f"it has more than {most_parts} parts; make it shorter")
        if type(node) not in ALLOWED:
            raise Refused(f"{told(node)} is not let through; functions that are: {FUNCTIONS}")
        if isinstance(node, exp.Column):
            names.add(_column(node, columns))
    return frozenset(names)


def _column(node: exp.Column, columns: dict[str, str]) -> str:
    if node.args.get("table") is not None or not isinstance(node.this, exp.Identifier):
        raise Refused(f"{told(node)} is not a column named alone, without a table before it")
    name = node.name.lower()
    if name not in columns:
        near = [known for known in columns if name[:4] and known.startswith(name[:4])]
        hint = f"; there are {', '.join(near[:6])}" if near else ""
        raise Refused(f"there is no column {node.name}{hint}")
    return name


def told(node: exp.Expr) -> str:
    """A part of the tree as it can stand in a message."""
    text = " ".join(node.sql(dialect=DIALECT).split())
    return f"`{text if len(text) <= 80 else text[:77] + '...'}`"


def written(tree: exp.Expr) -> str:
    """The tree as SQL: names in small letters, no comment, sums in doubles, nothing divided by zero.

    Whole numbers and decimals overflow with an error, at night; doubles do not.
    """

    tree = tree.copy()
    for node in list(tree.walk()):
        if isinstance(node, exp.Identifier):
            node.set("this", node.name.lower())
            node.set("quoted", True)
        elif isinstance(node, SUMS):
            right = _double(node.right)
            if isinstance(node, exp.Div):
                right = exp.Nullif(this=right, expression=exp.Literal.number(0))
            node.set("this", _double(node.left))
            node.set("expression", right)
        elif isinstance(node, exp.Neg | exp.Abs | exp.Round | exp.Floor | exp.Ceil):
            node.set("this", _double(node.this))
    return str(tree.sql(dialect=DIALECT, comments=False))


def _double(node: exp.Expr) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build("double"))
