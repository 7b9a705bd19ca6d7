"""The relationship of a demo brand as published, beside what was planted: one page of tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
from relationship_truth import (
    LEVELS,
    hits,
    people_of_customers,
    planted_revenue,
    referral_accounts,
    rises,
    traits_by_level,
    true_levels,
    unreconciled,
)

from ml.data.demo import default_truth_folder
from ml.data.warehouse import connect
from ml.home import Home

# Facts in the version that counts, with their record: who the record is, the truth says.
ORDERS = """
select records.source, records.source_key, orders.occurred_at, orders.amount
from events.fct_orders as orders
inner join identity.int_identity__records as records on orders.record_no = records.record_no
where orders.superseded_on is null and orders.status = 'completed'
"""
SIGNS = """
select distinct records.source, records.source_key, cast(signs.occurred_at as date) as day
from (
    select record_no, occurred_at from events.fct_orders where superseded_on is null
    union all select record_no, occurred_at from events.fct_interactions
    union all select inviter_record_no, occurred_at from events.fct_shares where superseded_on is null
    union all select invitee_record_no, occurred_at from events.fct_shares where superseded_on is null
) as signs
inner join identity.int_identity__records as records on signs.record_no = records.record_no
"""
SHARES = "select source, share_id, occurred_at as brought_at from events.fct_shares where superseded_on is null"
REFUSERS = "select customer_id from events.int_customer__refusals"


@dataclass(frozen=True)
class Planted:
    """The truth, and the facts that Kith saw, by true person."""

    records: pd.DataFrame
    people: pd.DataFrame
    orders: pd.DataFrame
    referrals: pd.DataFrame
    left_out: str


@dataclass(frozen=True)
class Published:
    """The published tables as they stand in the warehouse, and which person each customer is."""

    connection: duckdb.DuckDBPyConnection
    customers: pd.DataFrame

    def table(self, name: str) -> pd.DataFrame:
        """A published table; money stays exact."""
        return exact_frame(self.connection, f"select * from published.{name}")


def planted_report(home: Path, landing: Path) -> str:
    """The page: super users, levels, referral revenue, funnel, as Markdown."""
    truth = default_truth_folder(landing)
    with connect(Home(home), read_only=True) as connection:
        planted = read_planted(connection, truth)
        records = exact_frame(
            connection, "select * from published.identity_map where valid_to is null"
        )
        published = Published(connection, people_of_customers(planted.records, records))
        topics = (super_users, levels, referrals, funnel)
        return "\n\n".join(topic(planted, published) for topic in topics)


def read_planted(connection: duckdb.DuckDBPyConnection, truth: Path) -> Planted:
    """Truth files, and visible facts with the true person of their record."""
    records, people, referrals = (
        pq.read_table(truth / f"{name}.parquet").to_pandas()
        for name in ("records", "people", "referrals")
    )
    orders = exact_frame(connection, ORDERS).merge(records, on=["source", "source_key"])
    told = referrals.dropna(subset=["share_id"])
    seen = told.merge(exact_frame(connection, SHARES), on=["source", "share_id"])
    first_order = seen["person_id"].map(orders.groupby("person_id")["occurred_at"].min())
    # The simulation knows days: on the day of the share, an order may have its instant before that of the share.
    has_bought = first_order < seen["brought_at"]
    left_out = (
        f"Left out: {len(referrals) - len(told)} brought before the history began, {len(told) - len(seen)} whose share "
        f"is not seen yet, {has_bought.sum()} who had bought before the share (on its day), whom nobody can bring."
    )
    planted = Planted(records, people.set_index("person_id"), orders, seen[~has_bought], left_out)
    return replace(planted, people=with_levels(connection, planted))


def exact_frame(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """Rows of a query, decimals as Decimal."""
    rows: pd.DataFrame = connection.execute(query).to_arrow_table().to_pandas()
    return rows


def with_levels(connection: duckdb.DuckDBPyConnection, planted: Planted) -> pd.DataFrame:
    """People with their level by the written rule."""
    signs = exact_frame(connection, SIGNS).merge(planted.records, on=["source", "source_key"])
    days = planted.orders.assign(day=planted.orders["occurred_at"].dt.normalize())
    brought = pd.DataFrame(
        {"person_id": planted.referrals["brought_by"], "day": planted.referrals["brought_at"]}
    )
    weeks = exact_frame(
        connection, "select distinct as_of_date from published.relationship_funnel order by 1"
    )
    level = true_levels(
        signs[["person_id", "day"]].drop_duplicates(),
        days[["person_id", "day"]].drop_duplicates(),
        brought,
        weeks["as_of_date"].to_numpy("datetime64[D]"),
    )
    return planted.people.assign(level=level)


def super_users(planted: Planted, published: Published) -> str:
    """Precision at the number of planted super users, of those who may be profiled."""
    person_of = published.customers["person_id"]
    refusers = exact_frame(published.connection, REFUSERS)["customer_id"]
    true = set(planted.people.index[planted.people["level"] == len(LEVELS) - 1])
    true -= set(person_of.reindex(refusers).dropna())
    ranked = published.table("super_users").sort_values("rank")
    ranked = ranked[ranked["role"] == "super_user"]["customer_id"]
    whole = published.customers.index[published.customers["is_whole"]]
    lines = [
        "| super users | planted | told by Kith | true ones of them | of the first as many | precision at that |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for who, wanted, told in (
        ("everybody", true, ranked),
        ("one person, one customer", true & set(person_of[whole]), ranked[ranked.isin(whole)]),
    ):
        found = hits(told.tolist(), person_of, wanted)
        anywhere = set(person_of.reindex(told).dropna()) & wanted
        precision = found / len(wanted) if wanted else float("nan")
        lines.append(
            f"| {who} | {len(wanted)} | {len(told)} | {len(anywhere)} | {found} | {precision:.2f} |"
        )
    return "\n".join(
        [*lines, "", "Who refused profiling stands in no list and is left out on both sides."]
    )


def levels(planted: Planted, published: Published) -> str:
    """What people are like in truth, by the level they stand at; once for everybody, once for whole people."""
    told = published.table("customers").set_index("customer_id")["level"]
    whole = published.customers.index[published.customers["is_whole"]]
    return "\n\n".join(
        level_table(who, traits_by_level(rows, published.customers["person_id"], planted.people))
        for who, rows in (
            ("everybody", told),
            ("one person, one customer", told.reindex(whole).dropna()),
        )
    )


def level_table(who: str, table: pd.DataFrame) -> str:
    """Means by level, and whether they rise."""
    lines = [
        f"| level ({who}) | customers | planted level, 0 to 4 | wishes a year | shares a year | fading or gone |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for level, row in table.iterrows():
        lines.append(
            f"| {level} | {row['customers']:,.0f} | {row['level']:.2f} | {row['wishes']:.2f} "
            f"| {row['shares']:.2f} | {row['leaving']:.0%} |"
        )
    signs = {"level": "the planted level rises", "wishes": "wishes rise", "shares": "shares rise"}
    told = [f"{words}: {yes_or_no(rises(table[name]))}" for name, words in signs.items()]
    told.append(f"leaving falls: {yes_or_no(rises(-table['leaving']))}")
    return "\n".join([*lines, "", "; ".join(told) + "."])


def yes_or_no(is_so: bool) -> str:
    return "yes" if is_so else "no"


def referrals(planted: Planted, published: Published) -> str:
    """Revenue brought: planted tree and published tree, by what identity made of the people."""
    tree = planted.referrals.reset_index(drop=True)
    tree["revenue"] = planted_revenue(tree, planted.orders).to_numpy()
    accounts = referral_accounts(tree, published.table("referrals"), published.customers)
    lines = [
        "| people brought | planted | their revenue | credited by Kith | their revenue | equal to the cent |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {one.why} | {one.planted:,} | {one.planted_revenue:,.2f} | {one.found:,} | {one.found_revenue:,.2f} "
        f"| {one.equal:,} |"
        for one in accounts
    ]
    names = ("planted", "planted_revenue", "found", "found_revenue", "equal")
    count, true, found, told, equal = (
        sum(getattr(one, name) for one in accounts) for name in names
    )
    lines.append(f"| all | {count:,} | {true:,.2f} | {found:,} | {told:,.2f} | {equal:,} |")
    return "\n".join([*lines, "", planted.left_out])


def funnel(_: Planted, published: Published) -> str:
    """Whether every week adds up."""
    table = published.table("relationship_funnel")
    return (
        f"Funnel: {table['as_of_date'].nunique()} weeks, {len(table)} rows, "
        f"{unreconciled(table)} of them do not reconcile."
    )
