"""What the matcher learns from a brand's own records: how often pairs agree among one person's, and by chance.

Fellegi and Sunter's model with the parameters found by Splink: u by sampling pairs of strangers, m by
expectation maximisation over pairs that share something already (Dempster, Laird and Rubin, 1977; Enamorado,
Fifield and Imai, "Using a probabilistic model to assist merging of large-scale administrative records", 2019).
Both are drawn towards general experience, the more so the fewer pairs there were to learn from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker, block_on

from ml.matching.comparisons import COMPARISONS, DIFFERENT_NAMES, LEVELS
from ml.matching.model import splink_settings

# Pairs that share one of these are the same person often enough, and not always, to learn m from. What is left to
# compare must tell the two kinds apart: pairs of one birth date and postcode are nearly all the same person's, so that
# a mailbox that differs would pass for a stranger; they serve where there are no contacts to learn names from.
_LEARN_FROM = (("email",), ("phone",), ("full_name",))
_WITHOUT_CONTACTS = (("full_name",), ("birth_date", "postcode"))
# Members of a household share a mailbox, not a birth date: pairs that share both say how often one person's names
# differ.
_SURE_PAIRS = (("email", "birth_date"), ("phone", "birth_date"))
_FEWEST_PAIRS = 100
_MOST_PAIRS = 200_000
_STRANGERS = 500_000
# How many pairs the general experience counts for.
_PRIOR_MATCHES, _PRIOR_STRANGERS = 30, 5_000
# What the surest rules find of all pairs of one person; it shifts all weights alike, by half a bit where it is
# wrong by a factor of 1.4.
_SURE_RULES_RECALL = 0.7
_SURE = (
    "l.email = r.email or l.phone = r.phone "
    "or (l.full_name = r.full_name and (l.birth_date = r.birth_date or l.postcode = r.postcode))"
)
# Where nothing is learned: every state has this many others of the same person.
_USUAL_PARTNERS = 1.0


@dataclass(frozen=True)
class Parameters:
    """m and u of every level but the unknown one, and how many others of its person a state has."""

    states: int
    partners: float
    m: dict[str, list[float]]
    u: dict[str, list[float]]

    def as_json(self) -> dict[str, Any]:
        """The parameters as plain lists and numbers."""
        return asdict(self)


def usual_parameters() -> Parameters:
    """General experience, for a brand with too few records to learn from."""
    return Parameters(0, _USUAL_PARTNERS, _usual("prior_m"), _usual("prior_u"))


def learn_parameters(
    connection: duckdb.DuckDBPyConnection, states: str, candidates: str
) -> Parameters:
    """Learn from two tables, of one profile state per record and of pairs of them; nothing but their rows matters."""
    count = _number(connection, f"select count(*) from {states}")
    sure = _number(
        connection,
        f"select count(*) from {candidates} inner join {states} as l on left_state_no = l.state_no "
        f"inner join {states} as r on right_state_no = r.state_no where {_SURE}",
    )
    partners = 2 * sure / _SURE_RULES_RECALL / count if sure >= _FEWEST_PAIRS else _USUAL_PARTNERS
    settings = splink_settings()
    settings.probability_two_random_records_match = partners / count
    contacts = [_pairs_sharing(connection, states, (name,)) for name in ("email", "phone")]
    mixed = _LEARN_FROM if max(contacts) >= _FEWEST_PAIRS else _WITHOUT_CONTACTS
    with _one_thread(connection):
        linker = Linker(DuckDBAPI(connection).register(states), settings, log_level=None)
        linker.training.estimate_u_using_random_sampling(max_pairs=_STRANGERS, seed=1, num_chunks=1)
        strangers = linker.misc.save_model_to_json()
        linker.table_management.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call]
        model, _ = _with_m(connection, states, strangers, mixed)
        of_sure_pairs, has_sure_pairs = _with_m(
            connection, states, strangers, _SURE_PAIRS, are_sure=True
        )
    weight = _PRIOR_MATCHES / (sure + _PRIOR_MATCHES)
    m = _tempered(model, "m_probability", _usual("prior_m"), weight)
    if has_sure_pairs:
        surely = _tempered(of_sure_pairs, "m_probability", _usual("prior_m"), weight)
        m["name"] = _without_households(m["name"], surely["name"])
    u = _tempered(
        model, "u_probability", _usual("prior_u"), _PRIOR_STRANGERS / _STRANGERS, 1 / _STRANGERS
    )
    return Parameters(count, partners, m, u)


def _usual(which: str) -> dict[str, list[float]]:
    return {
        name: _shares([getattr(level, which) for level in LEVELS[name][1:]]) for name in COMPARISONS
    }


def _tempered(
    model: dict[str, Any],
    which: str,
    usual: dict[str, list[float]],
    weight: float,
    least: float = 0.0,
) -> dict[str, list[float]]:
    """What was learned, drawn towards the usual by a weight; all of the usual where nothing was learned."""
    result = {}
    for comparison in model["comparisons"]:
        name = comparison["output_column_name"]
        known = [
            level for level in comparison["comparison_levels"] if not level.get("is_null_level")
        ]
        learned = [level.get(which) for level in known]
        found = [value if isinstance(value, float) else 0.0 for value in learned]
        own = weight if sum(found) > 0 else 1.0
        result[name] = _shares(
            [
                (1 - own) * max(one, least) + own * other
                for one, other in zip(found, usual[name], strict=True)
            ]
        )
    return result


def _shares(values: list[float]) -> list[float]:
    """Values as shares of their sum, to nine digits, as everything that is kept."""
    return [float(f"{value / sum(values):.9g}") for value in values]


def _with_m(
    connection: duckdb.DuckDBPyConnection,
    states: str,
    strangers: dict[str, Any],
    choices: tuple[tuple[str, ...], ...],
    are_sure: bool = False,
) -> tuple[dict[str, Any], bool]:
    """A model that knows strangers, with m learned from pairs that share something; were there any such pairs?

    Of sure pairs all are taken for one person's.
    """
    # Without pairs Splink would leave its model half changed.
    enough = tuple(
        one for one in choices if _pairs_sharing(connection, states, one) >= _FEWEST_PAIRS
    )
    linker = Linker(DuckDBAPI(connection).register(states), strangers, log_level=None)
    try:
        for columns in enough:
            try:
                linker.training.estimate_parameters_using_expectation_maximisation(
                    block_on(*columns),
                    estimate_without_term_frequencies=True,
                    fix_probability_two_random_records_match=are_sure,
                    max_pairs=_MOST_PAIRS,
                )
            except ValueError as error:
                # A level is so rare among these pairs that Splink refuses its chance: they teach nothing. What the
                # attempt left in the model is not to be relied upon.
                if "below the minimum allowed value" not in str(error):
                    raise
                others = tuple(one for one in enough if one != columns)
                return _with_m(connection, states, strangers, others, are_sure)
        return linker.misc.save_model_to_json(), bool(enough)
    finally:
        linker.table_management.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call]


def _without_households(m: list[float], surely: list[float]) -> list[float]:
    """m of the name, its levels that differ as frequent as whole names differ among sure pairs, if that is less."""
    labels = [level.label for level in LEVELS["name"][1:]]

    def share_of_different(values: list[float]) -> float:
        of = dict(zip(labels, values, strict=True))
        different = of["same family, other given"] + of["differ"]
        alike = of["same full name"] + of["same family, given alike"]
        return different / (different + alike)

    less = min(1.0, share_of_different(surely) / share_of_different(m))
    return _shares(
        [
            one * less if label in DIFFERENT_NAMES else one
            for label, one in zip(labels, m, strict=True)
        ]
    )


def _pairs_sharing(
    connection: duckdb.DuckDBPyConnection, states: str, columns: tuple[str, ...]
) -> int:
    known = " and ".join(f"{column} is not null" for column in columns)
    return _number(
        connection,
        "select coalesce(sum(held * (held - 1) / 2), 0)::bigint from "
        f"(select count(*) as held from {states} where {known} group by {', '.join(columns)})",
    )


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Splink's sample and its sums repeat on one thread only."""
    threads = _number(connection, "select current_setting('threads')")
    connection.execute("set threads = 1")
    try:
        yield
    finally:
        connection.execute(f"set threads = {threads}")
