"""Would a retailer believe the demo brand? `python tests/bench/bench_demo_brand.py`.

Prints two Markdown tables: what the orders of the demo brand look like next to those of the real
shops whose data are public (`KITH_SHARED_DATA`, default ../shared/data), over windows of the same
length; and what else it does next to figures that were published. The real sets come through Kith's
own importers. People of the demo brand are those of its truth, as if its islands had one key.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
from demo_brand_figures import MEASURES, PUBLISHED, SHARERS, past_shares_tell, predictability

from ml.data.demo import default_truth_folder, write_demo
from ml.data.importers import IMPORTERS

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ONLINE_RETAIL_DAYS, TAOBAO_DAYS = 374, 16
NEWCOMERS_FROM, NEWCOMERS_DAYS = 546, 90
"""CDNOW: people who first bought in one quarter, followed until a year and a half after it began."""

ORDERS = """
    create table {name} as
    select person, occurred_at, amount, is_kept, max(occurred_at) over ()::date + 1 as ends
    from ({source})"""
FROM_LANDING = """
    select
        any_value(source_key) as person, min(occurred_at) as occurred_at,
        any_value(amount)::double as amount, any_value(status) = 'completed' as is_kept
    from '{landing}/orders/*.parquet' group by source, order_id having any_value(amount) <> 0"""
FROM_DEMO = """
    select
        any_value(person_id) as person, min(occurred_at::timestamptz::timestamp) as occurred_at,
        any_value(amount)::double as amount,
        arg_max(status, coalesce(known_at, occurred_at)::timestamptz) = 'completed' as is_kept
    from demo_orders left join true_records using (source, source_key)
    where try_cast(occurred_at as timestamptz) is not null group by source, order_id"""


def read_demo(connection: duckdb.DuckDBPyConnection, landing: Path, truth: Path) -> None:
    """Every entity of the demo brand as text (`demo_<entity>`), its truth, and its orders."""
    for folder in sorted(path for path in landing.iterdir() if path.is_dir()):
        parts = [
            f"select columns(*)::varchar from read_csv('{file}', all_varchar = true, header = true)"
            if file.suffix == ".csv"
            else f"select columns(*)::varchar from '{file}'"
            for file in sorted(folder.iterdir())
        ]
        connection.execute(f"create view demo_{folder.name} as {' union all by name '.join(parts)}")
    for file in truth.glob("*.parquet"):
        connection.execute(f"create view true_{file.stem} as from '{file}'")
    connection.execute(ORDERS.format(name="demo", source=FROM_DEMO))
    (end,) = connection.sql("select max(ends) from demo").fetchone() or (date.max,)
    connection.execute(
        ORDERS.format(
            name="demo_year",
            source="select * exclude (ends) from demo "
            f"where occurred_at >= date '{end}' - {ONLINE_RETAIL_DAYS}",
        )
    )
    first = end - timedelta(days=NEWCOMERS_FROM)
    connection.execute(
        ORDERS.format(
            name="demo_newcomers",
            source=f"""select * exclude (ends) from demo where person in (
                select person_id from true_people where joined_date >= date '{first}'
                    and joined_date < date '{first}' + {NEWCOMERS_DAYS})""",
        )
    )


def read_real(connection: duckdb.DuckDBPyConnection, shared: Path, work: Path) -> list[str]:
    """The real shops that are there, as tables of orders."""
    found = []
    for name, dataset in (("online_retail", "online-retail"), ("cdnow", "cdnow")):
        if not (shared / name).is_dir():
            print(f"Left out: {name} (not in {shared}; KITH_SHARED_DATA names another place).\n")
            continue
        IMPORTERS[dataset](shared / name, work / name)
        source = FROM_LANDING.format(landing=work / name)
        connection.execute(ORDERS.format(name=name, source=source))
        found.append(name)
    return found


NAMES = {
    "demo": "demo brand, all 24 months",
    "demo_year": "demo brand, last 374 days",
    "online_retail": "Online Retail, 374 days",
    "demo_newcomers": "demo brand, newcomers of a quarter, 18 months",
    "cdnow": "CDNOW, newcomers of a quarter, 18 months",
}


def table_of_orders(connection: duckdb.DuckDBPyConnection, brands: list[str]) -> list[str]:
    """The demo brand and the real shops, side by side."""
    lines = [
        f"| | {' | '.join(NAMES[brand] for brand in brands)} |",
        f"|---|{'---|' * len(brands)}",
    ]
    rows: list[tuple[str, Callable[[str], str]]] = [
        (measure.title, lambda brand, m=measure: m.of(connection, brand)) for measure in MEASURES
    ]
    for title, horizon, population in (
        ("buyers of a year: order within 30 days; AUC of frequency, of recency", 30, 365),
        ("buyers of 90 days: order within 90 days; AUC of frequency, of recency", 90, 90),
    ):
        rows.append(
            (
                title,
                lambda brand, h=horizon, p=population: predictability(connection, brand, h, p),
            )
        )
    return lines + [f"| {title} | {' | '.join(map(of, brands))} |" for title, of in rows]


def table_of_published(connection: duckdb.DuckDBPyConnection, brands: list[str]) -> list[str]:
    """The demo brand next to figures from elsewhere."""
    autumn = "not at hand"
    if "online_retail" in brands:
        # Twelve whole months, so that each counts once.
        (value,) = connection.sql(
            """select 6 * avg((month(occurred_at) in (11, 12))::int) from online_retail
            where is_kept and occurred_at < '2011-12-01'"""
        ).fetchone() or (0.0,)
        autumn = f"{value:.2f}"
    lines = ["| | demo brand | elsewhere |", "|---|---|---|"]
    for title, query, form, elsewhere in PUBLISHED:
        values = connection.sql(query).fetchone() or ()
        told = elsewhere.format(online_retail_autumn=autumn)
        lines.append(f"| {title} | {form.format(*values)} | {told} |")
    return lines


def table_of_sharing(connection: duckdb.DuckDBPyConnection, shared: Path, end: date) -> list[str]:
    """How unequal sharing is, and how well past shares tell who shares next.

    Taobao's log holds only shares that got a response, so only such count in the demo brand too.
    """
    connection.execute("""
        create table demo_answered as
        select person_id as person, min(occurred_at::timestamp) as occurred_at
        from demo_shares as shares
        join true_records as known
            on shares.source = known.source and shares.inviter_key = known.source_key
        where outcome in ('opened', 'joined', 'ordered')
        group by person_id, shares.source, share_id""")
    connection.execute(
        "create view demo_seen as select person_id as person, joined_date as since from true_people"
    )
    looks = [
        (f"demo brand, {days} days", "demo", end - timedelta(days=days), end, 30)
        for days in (TAOBAO_DAYS, ONLINE_RETAIL_DAYS)
    ]
    log = shared / "taobao_shares" / "share_events.parquet"
    if log.exists():
        connection.execute(f"""
            create table taobao_answered as
            select inviter_id as person, timestamp::timestamp as occurred_at from '{log}'""")
        connection.execute(f"""
            create table taobao_seen as
            select person, min(since) as since from (
                select unnest([inviter_id, voter_id]) as person, timestamp::timestamp as since
                from '{log}') group by person""")
        first, last = date(2022, 10, 14), date(2022, 10, 30)
        looks.append((f"Taobao, {TAOBAO_DAYS} days", "taobao", first, last, 7))
    lines = [
        "| shares that got a response | sharers | per sharer | only one | of the top 20 % of sharers "
        "| AUC of past shares for the last days: everybody, past sharers |",
        "|---|---|---|---|---|---|",
    ]
    for title, brand, first, last, horizon in looks:
        row = connection.sql(SHARERS.format(brand=brand, first=first)).fetchone()
        count, mean, once, top = row or (0, 0, 0, 0)
        cut = last - timedelta(days=horizon)
        areas = past_shares_tell(connection, brand, cut)
        lines.append(f"| {title} | {count:,} | {mean:.1f} | {once:.0f} % | {top:.0f} % | {areas} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landing", type=Path, help="a demo brand that is there already")
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    shared = Path(os.environ.get("KITH_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    with tempfile.TemporaryDirectory() as folder:
        landing = options.landing or Path(folder) / "demo"
        truth = default_truth_folder(landing)
        if options.landing is None:
            write_demo(landing, truth, options.customers, options.months, options.seed)
        connection = duckdb.connect()
        connection.execute("set TimeZone = 'UTC'")
        read_demo(connection, landing, truth)
        real = read_real(connection, shared, Path(folder))
        brands = [name for name in NAMES if name.startswith("demo") or name in real]
        (end,) = connection.sql("select max(ends) from demo").fetchone() or (date.max,)
        for table in (
            table_of_orders(connection, brands),
            table_of_published(connection, brands),
            table_of_sharing(connection, shared, end),
        ):
            print(*table, "", sep="\n")


if __name__ == "__main__":
    main()
