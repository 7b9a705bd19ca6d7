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

from ml.serve.who_text import INDENT, one_line, wrapped

WORDS = {"birth": "birth date", "email": "e-mail"}
BAR = 36
# Less than that does not change what one would say of a pair.
WORTH_TELLING = 0.5
_LEVEL = "_level"


# The evidence that holds, in the order in which the resolver takes it.
_EDGES = """
    select edges.left_record_no, edges.right_record_no, edges.reason
    from identity.int_identity__edges as edges
    semi join person as l on edges.left_record_no = l.record_no
    semi join person as r on edges.right_record_no = r.record_no
    where edges.valid_to is null
    order by edges.priority, edges.probability desc, edges.known_at,
        edges.left_record_no, edges.right_record_no, edges.reason
"""

# Accepted pairs within the person, with what the two states said that decided; the older state may be either's.
_MATCHES = """
    with states as (
        select *, concat_ws(' ', given, family) as says_name, cast(birth_date as varchar) as says_birth,
            concat_ws(', ', street, city, postcode) as says_address
        from identity.int_identity__profile_states
    )

    select pairs.*, l.label as left_label, r.label as right_label,
        first.says_name as left_name, second.says_name as right_name,
        first.says_birth as left_birth, second.says_birth as right_birth,
        first.says_address as left_address, second.says_address as right_address,
        first.email as left_email, second.email as right_email,
        first.phone as left_phone, second.phone as right_phone
    from matched.pairs as pairs
    semi join person as own on pairs.left_record_no = own.record_no
    semi join person as other on pairs.right_record_no = other.record_no
    inner join named as l on pairs.left_record_no = l.record_no
    inner join named as r on pairs.right_record_no = r.record_no
    inner join states as first
        on pairs.left_record_no = first.record_no and first.state_no in (pairs.left_state_no, pairs.right_state_no)
    inner join states as second
        on pairs.right_record_no = second.record_no and second.state_no in (pairs.left_state_no, pairs.right_state_no)
    order by pairs.match_weight desc, pairs.left_record_no, pairs.right_record_no
"""

_LABELS = "select distinct comparison, level, label from matched.parameters order by all"


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
    """The accepted pairs within a person: first those without which the person would fall apart.

    The connection holds the temporary tables `person` and `named` (see who_queries).
    """
    labels = {
        (comparison, level): label
        for comparison, level, label in connection.execute(_LABELS).fetchall()
    }
    joining = set(_joining(connection.execute(_EDGES).fetchall()))
    rows = connection.execute(_MATCHES).to_arrow_table().to_pylist()
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
    span = high - low or 1.0
    places = [round((total - low) / span * (width - 1)) for total in sums]
    bars = []
    for before, after in pairwise(places):
        line = [" "] * width
        line[places[0]] = "|"
        first, last = min(before, after), max(before, after)
        line[first:last] = ("+" if after > before else "-") * (last - first)
        bars.append("".join(line).rstrip())
    return bars
