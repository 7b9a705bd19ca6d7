"""What the account says of the relationship: who stands where, who moves, who brings, what few of them mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ml.serve.account_identity import Query

LEVELS = ("none", "micro", "weak", "strong", "super")
FIRST_SUPER_USERS = 3


def how_close(ask: Query, folder: Path) -> Iterator[str]:
    """Levels, the last week's moves, who brought whom, and the first of the super users.

    Args:
        ask: answers queries on the tables of the version.
        folder: the version; one of an older Kith has fewer tables, and less is said.
    """
    found: dict[str, int] = dict(
        ask("select coalesce(level, 'none'), count(*) from {customers} group by 1")
    )
    everyone = sum(found.values()) or 1
    yield ", ".join(
        f"{level} {found.get(level, 0):,} ({found.get(level, 0) / everyone:.0%})"
        for level in LEVELS
    )
    ((bringers, brought, revenue),) = ask(
        "select count(*) filter (people_brought_count > 0), coalesce(sum(people_brought_count), 0), "
        "coalesce(sum(revenue_brought), 0) from {customers}"
    )
    yield f"{bringers:,} customers brought {brought:,} people, who bought for {revenue:,.0f}"
    if (folder / "value_concentration.parquet").exists():
        yield from _moves(ask)
        yield from _bringing(ask)
        yield from _portraits(ask)
        yield from _super_users(ask)


def _moves(ask: Query) -> Iterator[str]:
    for day, arrived, risen, fallen, left in ask(
        'select as_of_date, sum(arrived), sum(risen), sum(fallen), sum("left") from {relationship_funnel} '
        "group by 1 order by 1 desc limit 1"
    ):
        yield (
            f"in the week to {day}: {arrived:,} arrived, {risen:,} rose, {fallen:,} fell, {left:,} of them to none"
        )


def _bringing(ask: Query) -> Iterator[str]:
    for value, low, high in ask(
        "select value, low, high from {referral_metrics} where metric = 'viral_coefficient' and value is not null"
    ):
        interval = f" ({low:.3f} to {high:.3f})" if low is not None else ""
        yield f"an active customer brings {value:.3f} people a year{interval}"
    for share, all_money in ask(
        "select top_share, share_of_all from {value_concentration} "
        "where value_kind = 'both' and top_share = 0.20 and share_of_all is not null"
    ):
        yield (
            f"the best {share:.0%} bring {all_money:.0%} of what customers spend and bring others to spend"
        )


def _portraits(ask: Query) -> Iterator[str]:
    for (observed,) in ask(
        "select observed from {data_quality} where \"check\" = 'unique portraits'"
    ):
        yield f"a portrait that nobody else has: {observed}"


def _super_users(ask: Query) -> Iterator[str]:
    ((count,),) = ask("select count(*) from {super_users}")
    if not count:
        return
    yield f"{count:,} super users, the first of them:"
    for rank, customer_id, reason in ask(
        f"select rank, customer_id, reason from {{super_users}} order by rank limit {FIRST_SUPER_USERS}"
    ):
        yield f"  {rank}  {customer_id}  {reason}"
