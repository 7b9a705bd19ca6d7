"""Of what kind each part of an expression is, so that nothing is compared with what it is not.

An engine turns a text into a number while it reads the rows, and stops at the first that is none. What is compared here
must be of one kind by what it is: truth, number, text or instant; null is of any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from ml.activate.audiences.grammar import (
    CHOICES,
    COMPARISONS,
    OF_TEXT,
    ROUNDINGS,
    SEARCHES,
    SUMS,
    Refused,
    told,
)

KINDS = {"varchar": "text", "boolean": "truth", "date": "instant", "timestamp": "instant"}
ANY = "nothing"


def kind_of(node: Any, columns: dict[str, str]) -> str:
    """Of what kind a tree of allowed parts is; `columns` are the row's, with their SQL types.

    Raises:
        Refused: two kinds are mixed, or an argument is not of the kind needed.
    """
    return _Kinds(columns).of(node)


class _Kinds:
    """The kinds of the parts of a tree, by the columns of its row."""

    def __init__(self, columns: dict[str, str]) -> None:
        self._columns = columns
        self._by_type: dict[Any, Callable[[Any], str]] = {
            exp.Paren: lambda node: self.of(node.this),
            exp.Column: self._column,
            exp.Literal: lambda node: "text" if node.is_string else "number",
            exp.Boolean: lambda _: "truth",
            exp.Null: lambda _: ANY,
            exp.Not: lambda node: self._all("truth", "truth", node.this),
            exp.Neg: lambda node: self._all("number", "number", node.this),
            exp.Length: lambda node: self._all("text", "number", node.this),
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Case: self._case,
            exp.Cast: self._day,
            exp.DateDiff: self._days,
        }
        for some, rule in (
            ((exp.And, exp.Or), lambda node: self._all("truth", "truth", node.left, node.right)),
            (SUMS, lambda node: self._all("number", "number", node.left, node.right)),
            (COMPARISONS, lambda node: self._truth_of(node, node.left, node.right)),
            (CHOICES, self._choice),
            (ROUNDINGS, self._rounding),
            (OF_TEXT, self._of_text),
            (SEARCHES, self._search),
        ):
            self._by_type.update(dict.fromkeys(some, rule))

    def of(self, node: Any) -> str:
        """The kind of one part."""
        rule = self._by_type.get(type(node))
        if rule is None:
            raise Refused(f"{told(node)} stands where no value can")
        return rule(node)

    def _all(self, needed: str, gives: str, *parts: Any) -> str:
        for part in parts:
            if (found := self.of(part)) not in (needed, ANY):
                raise Refused(f"{told(part)} is a {found} where a {needed} is needed")
        return gives

    def _one(self, node: Any, *parts: Any) -> str:
        found = sorted({kind for part in parts if (kind := self.of(part)) != ANY})
        if len(found) > 1:
            raise Refused(f"{told(node)} mixes a {found[0]} with a {found[1]}")
        return found[0] if found else ANY

    def _truth_of(self, node: Any, *parts: Any) -> str:
        self._one(node, *parts)
        return "truth"

    def _column(self, node: exp.Column) -> str:
        return KINDS.get(self._columns[node.name.lower()].lower(), "number")

    def _is(self, node: exp.Is) -> str:
        if isinstance(node.expression, exp.Boolean):
            return self._all("truth", "truth", node.this)
        if not isinstance(node.expression, exp.Null):
            raise Refused(f"{told(node)}: `is` stands before null, true or false only")
        self.of(node.this)
        return "truth"

    def _in(self, node: exp.In) -> str:
        _only(node, "this", "expressions")
        return self._truth_of(node, node.this, *node.expressions)

    def _between(self, node: exp.Between) -> str:
        _only(node, "this", "low", "high")
        return self._truth_of(node, node.this, node.args["low"], node.args["high"])

    def _choice(self, node: Any) -> str:
        others = [node.expression] if isinstance(node, exp.Nullif) else node.expressions
        return self._one(node, node.this, *others)

    def _case(self, node: exp.Case) -> str:
        branches = node.args["ifs"]
        asked = [branch.this for branch in branches]
        if node.this is None:
            self._all("truth", "truth", *asked)
        else:
            self._one(node, node.this, *asked)
        default = node.args.get("default")
        values = [branch.args["true"] for branch in branches]
        return self._one(node, *values, *([] if default is None else [default]))

    def _day(self, node: exp.Cast) -> str:
        is_text = isinstance(node.this, exp.Literal) and node.this.is_string
        if not is_text or not node.to.is_type("date", "timestamp"):
            raise Refused(
                f"{told(node)}: a cast turns only a written day into one, as in date '2026-05-01'; turning a column "
                "into another type may fail"
            )
        return "instant"

    def _days(self, node: exp.DateDiff) -> str:
        _only(node, "this", "expression", "unit", "date_part_boundary")
        if node.args.get("unit") is None or node.args["unit"].name.lower() != "day":
            raise Refused(f"{told(node)}: days are counted, as in date_diff('day', earlier, later)")
        return self._all("instant", "number", node.this, node.expression)

    def _rounding(self, node: Any) -> str:
        _only(node, "this", "decimals")
        decimals = node.args.get("decimals")
        if decimals is not None and not (
            isinstance(decimals, exp.Literal)
            and decimals.name.isdecimal()
            and len(decimals.name) == 1
        ):
            raise Refused(f"{told(node)}: decimals are a digit written out")
        return self._all("number", "number", node.this)

    def _of_text(self, node: Any) -> str:
        _only(node, "this")
        return self._all("text", "text", node.this)

    def _search(self, node: Any) -> str:
        """What is looked for is written out, so that the cost of looking is known."""
        if not (isinstance(node.expression, exp.Literal) and node.expression.is_string):
            raise Refused(f"{told(node)}: what is looked for must be a text written out")
        return self._all("text", "truth", node.this)


def _only(node: exp.Expr, *names: str) -> None:
    """An argument that nobody thought of is not let through."""
    for name, value in node.args.items():
        if name not in names and value not in (None, False, []):
            raise Refused(f"{told(node)} is not let through as it is written")
