"""What the account says of identity. It names customers by id and shows no value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WORTH_A_LOOK = 5

Query = Callable[..., list[tuple[Any, ...]]]


def who_is_who(ask: Query) -> Iterator[str]:
    """How many records became how many customers."""
    ((records, customers, sources),) = ask(
        "select count(distinct (source, source_key)), count(distinct customer_id), count(distinct source) "
        "from {identity_map} where valid_to is null"
    )
    ((single, joined, largest),) = ask(
        "select count(*) filter (records_count = 1), count(*) filter (records_count > 1), "
        "coalesce(max(records_count), 0) from {customers}"
    )
    ((merges,),) = ask("select count(*) from {customer_merges}")
    yield f"{records:,} records of {sources} sources are {customers:,} customers"
    yield f"{joined:,} of them are known by several records (at most {largest}), {single:,} by one"
    yield f"{merges:,} times two customers turned out to be one"


def worth_a_look(ask: Query, folder: Path) -> Iterator[str]:
    """What the audit of identity found: evidence that was not used, and customers who may be several people."""
    if not (folder / "identity_audit.parquet").exists():
        yield "this version has no audit of identity; the next one will"
        return
    for item, number, detail in ask(
        "select item, number, detail from {identity_audit} where topic = 'blocked' order by rank"
    ):
        yield f"no evidence: {item} ({number:,.0f} different, {detail})"
    for item, number in ask(
        "select item, number from {identity_audit} where topic = 'refused' order by rank"
    ):
        yield f"joined nobody: {number:,.0f} links ({item})"
    for item, number in ask(
        "select item, number from {identity_audit} where topic = 'several_people'"
    ):
        yield f"{number:,.0f} {item}"
    for customer_id, reason, detail in ask(
        "select customer_id, item, detail from {identity_audit} where topic = 'suggested_split' order by rank "
        f"limit {WORTH_A_LOOK}"
    ):
        yield f"worth a look: {customer_id}, held together by {reason}; {detail}"
