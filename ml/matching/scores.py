"""Scoring pairs of profile states: what speaks for one person, and what for two of one household.

Splink adds up the evidence as if strangers were the only alternative. But who shares a family name, an
address or a mailbox is often a relative. So the odds are taken against both: strangers, whom all evidence
tells apart, and members of a household, whom only what is a person's own tells apart: the given name and
the birth date.
"""

from __future__ import annotations

import math

import duckdb

from ml.matching.comparisons import (
    COMPARISONS,
    LEVELS,
    TERMS,
    rarity,
    splink_level,
)
from ml.matching.epochs import Epoch
from ml.matching.parameters import Parameters

# Bits for one person rather than two of a household, before anything of their own is compared.
_ONE_RATHER_THAN_TWO = 1.0
# How many pairs of a household bear one family name.
_HOUSEHOLDS_OF_ONE_NAME = 0.75
# Levels of the name that ask alike of the given name: those that agree, and the one that does not.
_ASKED_ALIKE = (
    (("same full name", "same family, given alike"), "same family, other given"),
    (("same family, same initial",), "same family, other initial"),
    (("given is the only name, same", "given is the only name, alike"), "only name differs"),
)
_GIVEN_AGREES = (
    "family alike, given agrees",
    "alike when swapped",
    "one is part of the other",
)
_OTHER_FAMILY = ("same given, other family", "differ")


def name_bits(parameters: Parameters) -> dict[str, float]:
    """Bits of evidence in each level of the name, for one person against two of a household.

    In a household the family name is mostly the same, and given names agree as often as by chance.
    """
    labels = [level.label for level in LEVELS["name"][1:]]
    m = dict(zip(labels, parameters.m["name"], strict=True))
    u = dict(zip(labels, parameters.u["name"], strict=True))
    chance = sum(u[label] for agreeing, _ in _ASKED_ALIKE for label in agreeing)
    chance += sum(u[label] for label in (*_GIVEN_AGREES, "same given, other family"))
    by_initial = u["same family, same initial"]
    by_initial /= by_initial + u["same family, other initial"]
    bits = dict.fromkeys(labels, 0.0)
    for agreeing, differs in _ASKED_ALIKE:
        own = sum(m[label] for label in agreeing)
        by_chance = by_initial if "initial" in differs else chance
        for label in agreeing:
            bits[label] = math.log2(own / (own + m[differs]) / by_chance)
        bits[differs] = math.log2(m[differs] / (own + m[differs]) / (1 - by_chance))
    for label in _GIVEN_AGREES:
        bits[label] = bits["same full name"]
    for label in _OTHER_FAMILY:
        by_chance = 1 - chance if label == "differ" else chance
        bits[label] = math.log2(m[label] / (1 - _HOUSEHOLDS_OF_ONE_NAME) / by_chance)
    return bits


COLUMNS = {
    "match_weight": "double",
    "probability": "double",
    "stranger_weight": "double",
    "personal_weight": "double",
    **{f"{name}_level": "tinyint" for name in COMPARISONS},
    **{f"{name}_weight": "double" for name in COMPARISONS},
}
"""What is said of a pair: weights in bits, and the level each comparison came to (-1: unknown)."""


def score_pairs(connection: duckdb.DuckDBPyConnection, parameters: Parameters, pairs: str) -> None:
    """Score pairs of states with some parameters, into the table `scored`.

    Args:
        connection: holds the pairs.
        parameters: what the levels are worth.
        pairs: a table of pairs as `with_shares` gives them.
    """
    connection.execute(f"create or replace table scored as {_weights(parameters, pairs)}")


def count_values(connection: duckdb.DuckDBPyConnection, epoch: Epoch) -> None:
    """Write how common each value was when the parameters of an epoch were learned: `held_<term>`.

    A value that fewest held, or nobody, is as rare as can be: the row without a value says how rare. Before
    anything is learned nothing is known of it.
    """
    seen = f"known_at < date '{epoch.begins}'" if epoch.begins else "false"
    for term in TERMS:
        connection.execute(
            f"create or replace table counted as select {term} as value, count(*) as states from states "
            f"where {seen} and {term} is not null group by {term}"
        )
        connection.execute(
            f"""
            create or replace table held_{term} as
            with whole as (select min(states) as fewest, cast(sum(states) as double) as total from counted)

            select value, states / total as share from counted cross join whole where states > fewest
            union all
            select null, fewest / total from whole
            """
        )
    connection.execute("drop table counted")


def write_shares(connection: duckdb.DuckDBPyConnection, pairs: str) -> None:
    """Write `shares`: the states of some pairs in the order of their contents, and how common each of their values is.

    Args:
        connection: holds `states`, their `contents`, the pairs, and what `count_values` wrote.
        pairs: a table with left_state_no and right_state_no.
    """
    shares = ", ".join(
        f"case when states.{term} is not null "
        f"then coalesce(held_{term}.share, (select share from held_{term} where value is null)) end as {rarity(term)}"
        for term in TERMS
    )
    joins = " ".join(
        f"left join held_{term} on states.{term} = held_{term}.value" for term in TERMS
    )
    connection.execute(
        f"""
        create or replace table shares as
        with meeting as (
            select left_state_no as state_no from {pairs} union select right_state_no from {pairs}
        )

        select content, states.state_no, record_no, {shares}
        from (from states semi join meeting using (state_no)) as states
        inner join contents using (state_no)
        {joins}
        order by content
        """
    )


def with_shares(pairs: str, shares: str = "shares") -> str:
    """Pairs with their two records and how common the values of their states are, as a query.

    Args:
        pairs: a query of left_state_no, right_state_no (the younger), known_at, and the level that each comparison
            came to.
        shares: what `write_shares` wrote, or as much of it as the pairs need.
    """
    common = ", ".join(
        f"{side}.{rarity(term)} as {rarity(term)}_{side}" for side in ("l", "r") for term in TERMS
    )
    return f"""
        select left_state_no, right_state_no, known_at, {", ".join(f"{name}_level" for name in COMPARISONS)},
            least(l.record_no, r.record_no) as left_record_no,
            greatest(l.record_no, r.record_no) as right_record_no, {common}
        from ({pairs}) as pairs
        inner join {shares} as l on left_state_no = l.state_no
        inner join {shares} as r on right_state_no = r.state_no
    """


def _weights(parameters: Parameters, pairs: str) -> str:
    """From the levels of the comparisons to one weight, with households as the other alternative beside strangers."""
    parts = ", ".join(
        f"{name}_level, {_level_weight(name, parameters)} + {_rarity_weight(name, parameters)} as {name}_weight"
        for name in COMPARISONS
    )
    total = " + ".join(f"{name}_weight" for name in COMPARISONS)
    # The younger state's number says how many there were to meet.
    met = f"greatest({parameters.states}, right_state_no + 1)"
    rounded = ", ".join(
        f"round({column}, 6) as {column}" if kind == "double" else column
        for column, kind in COLUMNS.items()
    )
    return f"""
        with compared as (
            select {pairs}.*, {parts}
            from {pairs}
        ),

        summed as (
            select *, {total} + log2({parameters.partners} / {met}) as stranger_weight,
                {_own_name_weight(parameters)} + birth_weight as personal_weight
            from compared
        ),

        weighed as (
            select *, -log2(
                pow(2, -stranger_weight) + pow(2, -personal_weight - {_ONE_RATHER_THAN_TWO})
            ) as match_weight
            from summed
        )

        select left_state_no, right_state_no, known_at, left_record_no, right_record_no, {rounded}
        from (select *, 1 / (1 + pow(2, -match_weight)) as probability from weighed)
    """


def _level_weight(comparison: str, parameters: Parameters) -> str:
    """Bits of evidence in the level that a comparison came to: log2(m / u), none where something is unknown."""
    chances = zip(
        LEVELS[comparison][1:], parameters.m[comparison], parameters.u[comparison], strict=True
    )
    cases = " ".join(
        f"when {splink_level(comparison, level.label)} then {math.log2(m / u)!r}::double"
        for level, m, u in chances
    )
    return f"(case {comparison}_level {cases} else 0 end)"


def _rarity_weight(comparison: str, parameters: Parameters) -> str:
    """Bits by which an agreement on a rare value says more than on a usual one, and less on a common one."""
    cases = []
    for one in LEVELS[comparison][1:]:
        if one.term:
            where, label = TERMS[one.term]
            alone = [other.label for other in LEVELS[where][1:]].index(label)
            left, right = f"{rarity(one.term)}_l", f"{rarity(one.term)}_r"
            share = f"greatest(coalesce({left}, {right}), coalesce({right}, {left}))"
            level = splink_level(comparison, one.label)
            u = parameters.u[where][alone]
            cases.append(f"when {comparison}_level = {level} then log2({u!r} / {share})")
    return f"coalesce(case {' '.join(cases)} end, 0)" if cases else "0"


def _own_name_weight(parameters: Parameters) -> str:
    cases = " ".join(
        f"when {splink_level('name', label)} then {bits}"
        for label, bits in name_bits(parameters).items()
    )
    return f"(case name_level {cases} else 0 end)"
