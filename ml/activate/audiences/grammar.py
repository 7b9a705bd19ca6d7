"""The tree of an expression: what may stand in it, of what kind each part is, and how it is written anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

DIALECT = "duckdb"
KINDS = {"varchar": "text", "boolean": "truth", "date": "instant", "timestamp": "instant"}

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
            raise Refused(f"{_told(node)} is not let through; functions that are: {FUNCTIONS}")
        if isinstance(node, exp.Column):
            names.add(_column(node, columns))
    return frozenset(names)


def _column(node: exp.Column, columns: dict[str, str]) -> str:
    if node.args.get("table") is not None or not isinstance(node.this, exp.Identifier):
        raise Refused(f"{_told(node)} is not a column named alone, without a table before it")
    name = node.name.lower()
    if name not in columns:
        near = [known for known in columns if name[:4] and known.startswith(name[:4])]
        hint = f"; there are {', '.join(near[:6])}" if near else ""
        raise Refused(f"there is no column {node.name}{hint}")
    return name


def _told(node: exp.Expr) -> str:
    text = " ".join(node.sql(dialect=DIALECT).split())
    return f"`{text if len(text) <= 80 else text[:77] + '...'}`"


def kind_of(node: Any, columns: dict[str, str]) -> str:
    """Of what kind a tree's value is: truth, number, text, instant, or nothing (null).

    The engines would turn a text into a number in the middle of the night, and stop at the first that is none: what
    is compared must be of one kind by what it is.

    Raises:
        Refused: two kinds are mixed, or an argument is not of the kind needed.
    """

    def kinds(parts: Iterable[Any]) -> list[str]:
        return [kind_of(part, columns) for part in parts]

    def all_of(kind: str, *parts: Any) -> None:
        for part, found in zip(parts, kinds(parts), strict=True):
            if found not in (kind, "nothing"):
                raise Refused(f"{_told(part)} is a {found} where a {kind} is needed")

    def one_kind(*parts: Any) -> str:
        found = sorted({kind for kind in kinds(parts) if kind != "nothing"})
        if len(found) > 1:
            raise Refused(f"{_told(node)} mixes a {found[0]} with a {found[1]}")
        return found[0] if found else "nothing"

    match node:
        case exp.Paren():
            _only(node, "this")
            return kind_of(node.this, columns)
        case exp.Column():
            return _kind_of_type(columns[node.name.lower()])
        case exp.Literal():
            return "text" if node.is_string else "number"
        case exp.Boolean():
            return "truth"
        case exp.Null():
            return "nothing"
        case exp.And() | exp.Or():
            all_of("truth", node.left, node.right)
            return "truth"
        case exp.Not():
            all_of("truth", node.this)
            return "truth"
        case exp.Is():
            if not isinstance(node.expression, exp.Null | exp.Boolean):
                raise Refused(f"{_told(node)}: `is` stands before null, true or false only")
            if isinstance(node.expression, exp.Boolean):
                all_of("truth", node.this)
            kind_of(node.this, columns)
            return "truth"
        case exp.In():
            _only(node, "this", "expressions")
            one_kind(node.this, *node.expressions)
            return "truth"
        case exp.Between():
            _only(node, "this", "low", "high")
            one_kind(node.this, node.args["low"], node.args["high"])
            return "truth"
        case exp.Case():
            return _kind_of_case(node, columns, all_of, one_kind)
        case exp.Neg():
            all_of("number", node.this)
            return "number"
        case exp.Cast():
            return _kind_of_cast(node)
        case exp.DateDiff():
            _only(node, "this", "expression", "unit", "date_part_boundary")
            if node.args.get("unit") is None or node.args["unit"].name.lower() != "day":
                raise Refused(
                    f"{_told(node)}: days are counted, as in date_diff('day', earlier, later)"
                )
            all_of("instant", node.this, node.expression)
            return "number"
        case exp.Length():
            all_of("text", node.this)
            return "number"
        case exp.Nullif():
            return one_kind(node.this, node.expression)
        case exp.Coalesce() | exp.Greatest() | exp.Least():
            return one_kind(node.this, *node.expressions)
    if isinstance(node, COMPARISONS):
        one_kind(node.left, node.right)
        return "truth"
    if isinstance(node, SUMS):
        all_of("number", node.left, node.right)
        return "number"
    if isinstance(node, ROUNDINGS):
        if (decimals := node.args.get("decimals")) is not None and not _is_small(decimals):
            raise Refused(f"{_told(node)}: decimals are a digit written out")
        all_of("number", node.this)
        return "number"
    if isinstance(node, OF_TEXT):
        _only(node, "this")
        all_of("text", node.this)
        return "text"
    if isinstance(node, SEARCHES):
        if not (isinstance(node.expression, exp.Literal) and node.expression.is_string):
            raise Refused(f"{_told(node)}: what is looked for must be a text written out")
        all_of("text", node.this)
        return "truth"
    raise Refused(f"{_told(node)} stands where no value can")


def _kind_of_case(node: exp.Case, columns: dict[str, str], all_of: Any, one_kind: Any) -> str:
    branches = node.args["ifs"]
    if node.this is None:
        all_of("truth", *(branch.this for branch in branches))
    else:
        one_kind(node.this, *(branch.this for branch in branches))
    values = [branch.args["true"] for branch in branches]
    default = node.args.get("default")
    return str(one_kind(*values, *([] if default is None else [default])))


def _kind_of_cast(node: exp.Cast) -> str:
    """A day or an instant written out, as in `date '2026-05-01'`: turning columns into other types may fail."""
    is_text = isinstance(node.this, exp.Literal) and node.this.is_string
    if not is_text or not node.to.is_type("date", "timestamp"):
        raise Refused(
            f"{_told(node)}: a cast turns only a written day into one, as in date '2026-05-01'"
        )
    return "instant"


def _kind_of_type(sql_type: str) -> str:
    return KINDS.get(sql_type.lower(), "number")


def _only(node: exp.Expr, *names: str) -> None:
    """An argument that nobody thought of is not let through."""
    for name, value in node.args.items():
        if name not in names and value not in (None, False, []):
            raise Refused(f"{_told(node)} is not let through as it is written")


def _is_small(node: exp.Expr) -> bool:
    return (
        isinstance(node, exp.Literal)
        and not node.is_string
        and node.name.isdecimal()
        and len(node.name) == 1
    )


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
