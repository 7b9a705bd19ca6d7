"""Why two records match: the weight of each comparison in bits, from before anything is compared to the sum.

A bit doubles the odds that both are one person. The levels of the comparisons are named by the matcher, in
`matched.parameters`; the weights are those it gave when it accepted the pair.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import duckdb

from ml.serve import who_queries as queries
from ml.serve.who_text import INDENT, one_line, wrapped

WORDS = {"birth": "birth date", "email": "e-mail"}
BAR = 36
# Less than that does not change what one would say of a pair.
WORTH_TELLING = 0.5
_LEVEL = "_level"


@dataclass(frozen=True)
class Step:
    """One comparison: the level it came to, its bits, and what the two sides say."""

    comparison: str
    level: str
    bits: float
    left_says: str
    right_says: str


@dataclass(frozen=True)
class Match:
    """A pair of records that the matcher accepted."""

    left: str
    right: str
    known_at: datetime
    valid_from: date
    weight: float
    probability: float
    stranger_weight: float
    """Bits of evidence if strangers were the only alternative; `weight` counts a household as another."""
    steps: list[Step]
    not_compared: list[str]
    joins: bool
    """No stronger evidence joins the two sides: without it the customer would be two."""

    @property
    def prior(self) -> float:
        """Bits before anything is compared: how rare it is that two records are one person's."""
        return self.stranger_weight - sum(step.bits for step in self.steps)

    @property
    def household_weight(self) -> float:
        """Bits of evidence if two of a household were the only alternative: the chances of both add up."""
        return -math.log2(2**-self.weight - 2**-self.stranger_weight)


def read_matches(connection: duckdb.DuckDBPyConnection) -> list[Match]:
    """The accepted pairs within a person: first those without which the person would fall apart."""
    labels = {
        (comparison, level): label
        for comparison, level, label in connection.execute(queries.LABELS).fetchall()
    }
    joining = set(_joining(connection.execute(queries.EDGES).fetchall()))
    rows = connection.execute(queries.MATCHES).to_arrow_table().to_pylist()
    matches = [_match(row, labels, joining) for row in rows]
    return sorted(matches, key=lambda match: not match.joins)


def _joining(edges: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int]]:
    """Pairs that a match unites when edges are added strongest first (Kruskal)."""
    leader: dict[int, int] = {}

    def top(node: int) -> int:
        while leader.setdefault(node, node) != node:
            node = leader[node]
        return node

    for left, right, reason in edges:
        one, other = top(left), top(right)
        if one != other:
            leader[other] = one
            if reason == "match":
                yield left, right


def _match(
    row: Mapping[str, Any],
    labels: Mapping[tuple[str, int], str],
    joining: set[tuple[int, int]],
) -> Match:
    compared = [name.removesuffix(_LEVEL) for name in row if name.endswith(_LEVEL)]
    return Match(
        left=row["left_label"],
        right=row["right_label"],
        known_at=row["known_at"],
        valid_from=row["valid_from"],
        weight=row["match_weight"],
        probability=row["probability"],
        stranger_weight=row["stranger_weight"],
        steps=[_step(row, name, labels) for name in compared if row[f"{name}_level"] >= 0],
        not_compared=[WORDS.get(name, name) for name in compared if row[f"{name}_level"] < 0],
        joins=(row["left_record_no"], row["right_record_no"]) in joining,
    )


def _step(row: Mapping[str, Any], name: str, labels: Mapping[tuple[str, int], str]) -> Step:
    level = row[f"{name}_level"]
    return Step(
        comparison=WORDS.get(name, name),
        level=labels.get((name, level), f"level {level}"),
        bits=row[f"{name}_weight"],
        left_says=one_line(row.get(f"left_{name}") or ""),
        right_says=one_line(row.get(f"right_{name}") or ""),
    )


def in_words(match: Match) -> str:
    """A match in one sentence."""
    return (
        f"{match.left} and {match.right} match since {match.valid_from}: {match.weight:+.1f} bits, "
        f"{percent(match.probability)} for one person"
    )


def percent(probability: float) -> str:
    """A probability that is never told as certain."""
    if probability >= 0.9999:
        return "over 99.99 %"
    return "under 0.01 %" if probability < 0.0001 else f"{probability:.2%}".replace("%", " %")


def explained(match: Match) -> Iterator[str]:
    """The waterfall of a match: each step with its bits, the sum so far and a bar, and what both sides say."""
    household = match.weight - match.stranger_weight
    told: list[tuple[str, float, str]] = [("before anything is compared", match.prior, "")]
    told += [(f"{step.comparison}: {step.level}", step.bits, _says(step)) for step in match.steps]
    if abs(household) >= 0.05:
        told.append(("they could be two of one household", household, ""))
    bars = waterfall([bits for _, bits, _ in told])
    yield f"{INDENT}{INDENT}{'':38}{'bits':>6} {'sum':>6}"
    total = 0.0
    for (what, bits, says), bar in zip(told, bars, strict=True):
        total += bits
        yield f"{INDENT}{INDENT}{what:<38}{bits:>+6.1f} {total:>+6.1f}  {bar}".rstrip()
        if says:
            yield from wrapped(says, 3 * INDENT, hang=2)
    if match.not_compared:
        yield from wrapped(f"not compared, unknown: {', '.join(match.not_compared)}", 2 * INDENT)
    if -household > WORTH_TELLING:
        yield from wrapped(
            f"against strangers alone {match.stranger_weight:+.1f} bits, against two of a household alone "
            f"{match.household_weight:+.1f}",
            2 * INDENT,
        )


def _says(step: Step) -> str:
    if step.left_says == step.right_says:
        return f"both say {step.left_says}" if step.left_says else ""
    return f"{step.left_says or 'nothing'} | {step.right_says or 'nothing'}"


def waterfall(steps: Sequence[float], width: int = BAR) -> list[str]:
    """A bar per step, from the sum before it to the sum after it: `+` upwards, `-` downwards, `|` at zero."""
    sums = [0.0]
    for step in steps:
        sums.append(sums[-1] + step)
    low, high = min(sums), max(sums)
    scale = (width - 1) / (high - low) if high > low else 0.0
    places = [round((total - low) * scale) for total in sums]
    bars = []
    for before, after in pairwise(places):
        line = [" "] * width
        line[places[0]] = "|"
        first, last = min(before, after), max(before, after)
        line[first:last] = ("+" if after > before else "-") * (last - first)
        bars.append("".join(line).rstrip())
    return bars
