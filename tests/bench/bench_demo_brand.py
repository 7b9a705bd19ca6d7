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
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from sklearn.metrics import roc_auc_score

from ml.data.demo import default_truth_folder, write_demo
from ml.data.importers import IMPORTERS

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ONLINE_RETAIL_DAYS = 374
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


@dataclass(frozen=True)
class Measure:
    """A line of a table: a query over `{orders}` that gives numbers, and how to print them."""

    title: str
    query: str
    form: str

    def of(self, connection: duckdb.DuckDBPyConnection, orders: str) -> str:
        """The printed figure of one brand; a dash where it has none."""
        row = connection.sql(self.query.format(orders=orders, buyers=BUYERS.format(orders=orders)))
        values = row.fetchone()
        return "–" if values is None or None in values else self.form.format(*values)


BUYERS = """(select person, count(*) as orders, sum(amount) as spent from {orders}
    where is_kept and person is not null group by person)"""
GAPS = """select quantile_cont(gap, [{quantiles}]) as q from (
    select day - lag(day) over (partition by person order by day) as gap from (
        select distinct person, occurred_at::date as day from {{orders}}
        where is_kept and person is not null))"""
TOP = """select 100 * sum(spent) filter (where place <= {share}) / sum(spent) from (
    select spent, row_number() over (order by spent desc, person) / count(*) over () as place
    from {{buyers}})"""
MEASURES = (
    Measure("customers with an order", "select count(*) from {buyers}", "{:,}"),
    Measure(
        "bought only once",
        "select 100 * avg((orders = 1)::int) from {buyers}",
        "{:.0f} %",
    ),
    Measure(
        "of those with two orders, had a third",
        "select 100 * count(*) filter (where orders > 2) / count(*) from {buyers} where orders > 1",
        "{:.0f} %",
    ),
    Measure(
        "orders per customer: mean, median, 90 %, 99 %",
        "select avg(orders), q[1], q[2], q[3] from (select avg(orders) as orders, "
        "quantile_cont(orders, [0.5, 0.9, 0.99]) as q from {buyers}) group by all",
        "{:.1f}, {:.0f}, {:.0f}, {:.0f}",
    ),
    Measure(
        "days between orders: 10, 25, 50, 75, 90 %",
        f"select q[1], q[2], q[3], q[4], q[5] from ({GAPS.format(quantiles='.1,.25,.5,.75,.9')})",
        "{:.0f}, {:.0f}, {:.0f}, {:.0f}, {:.0f}",
    ),
    Measure("top 20 % of customers: of revenue", TOP.format(share=0.2), "{:.0f} %"),
    Measure("top 1 % of customers: of revenue", TOP.format(share=0.01), "{:.0f} %"),
    Measure(
        "orders returned or cancelled",
        "select nullif(100 * avg((not is_kept)::int), 0) from {orders}",
        "{:.1f} %",
    ),
    Measure(
        "orders of nobody known",
        "select nullif(100 * avg((person is null)::int), 0) from {orders} where is_kept",
        "{:.0f} %",
    ),
    Measure(
        "value of an order: 90 % to median, median to 10 %",
        "select q[3] / q[2], q[2] / q[1] from (select quantile_cont(amount, [0.1, 0.5, 0.9]) as q "
        "from {orders} where is_kept and amount > 0 and person is not null)",
        "{:.1f}, {:.1f}",
    ),
)

LOOK = """
    with cut as (select max(ends) - {horizon} as day from {{orders}}),
    past as (
        select person, count(distinct occurred_at::date) as frequency,
            date_diff('day', max(occurred_at)::date, any_value(cut.day)) as recency
        from {{orders}}, cut
        where is_kept and person is not null and occurred_at < cut.day
            and occurred_at >= cut.day - interval {population} day
        group by person),
    later as (
        select distinct person from {{orders}}, cut where is_kept and occurred_at >= cut.day)
    select frequency, -recency as nearness, (later.person is not null)::int as buys
    from past left join later using (person) order by person"""


def predictability(
    connection: duckdb.DuckDBPyConnection, orders: str, horizon: int, population: int
) -> str:
    """Share of recent buyers who order again, and how well the two simplest rules tell who."""
    look = LOOK.format(horizon=horizon, population=population).format(orders=orders)
    rows = connection.sql(look).fetchnumpy()
    if len(set(rows["buys"].tolist())) < 2:
        return "–"
    frequency, recency = (
        roc_auc_score(rows["buys"], rows[rule]) for rule in ("frequency", "nearness")
    )
    return f"{100 * rows['buys'].mean():.0f} %, {frequency:.2f}, {recency:.2f}"


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


PUBLISHED = (
    (
        "revenue of the top 20 % of customers",
        TOP.format(share=0.2).format(buyers=BUYERS.format(orders="demo")),
        "{:.0f} %",
        "73 % in packaged goods (Kim, Singh and Winer 2017), 67 % elsewhere (McCarthy and Winer 2019)",
    ),
    (
        "revenue of orders that were returned",
        "select 100 * sum(amount) filter (where not is_kept) / sum(amount) from demo",
        "{:.1f} %, cancellations included",
        "16.6 %, 16.5 % and 14.5 % of American retail sales in 2021, 2022 and 2023 (NRF)",
    ),
    (
        "orders in November and December, as a multiple of the mean month",
        """select 6 * avg((month(occurred_at) in (11, 12))::int) from demo""",
        "{:.2f}",
        "Online Retail: {online_retail_autumn}",
    ),
    (
        "days with a cart online and no order until the next day",
        """with carts as (
            select distinct person_id as person, occurred_at::timestamp::date as day
            from demo_interactions join true_records using (source, source_key)
            where kind = 'cart')
        select 100 * avg((not exists (
            select 1 from demo where demo.person = carts.person
                and demo.occurred_at::date in (carts.day, carts.day + 1)))::int) from carts""",
        "{:.0f} %",
        "about 70 % of carts are abandoned (Baymard Institute's average of surveys)",
    ),
    (
        "messages opened, clicked or more",
        """select 100 * avg((outcome <> 'delivered')::int),
            100 * avg((outcome in ('clicked', 'redeemed'))::int) from (
            select arg_max(outcome, known_at) as outcome from demo_contacts
            where outcome in ('delivered', 'opened', 'clicked', 'redeemed', 'unsubscribed',
                'complained') group by source, contact_id)""",
        "{:.0f} %, {:.1f} %",
        "opened 21 % (2019) to 36 % (2023, counting what Apple's mail opens by itself), clicked 2.6 %, "
        "means over all lines of business (Mailchimp's benchmarks)",
    ),
    (
        "messages answered by unsubscribing, by a complaint",
        """select 100 * avg((outcome = 'unsubscribed')::int),
            100 * avg((outcome = 'complained')::int) from (
            select arg_max(outcome, known_at) as outcome from demo_contacts
            where outcome in ('delivered', 'opened', 'clicked', 'redeemed', 'unsubscribed',
                'complained') group by source, contact_id)""",
        "{:.2f} %, {:.3f} %",
        "0.26 % and 0.22 % unsubscribed in 2019 and 2023 (Mailchimp); Gmail asks bulk senders to stay "
        "below 0.1 % complaints",
    ),
    (
        "customers brought by others, of those who came in the history",
        """select 100.0 * (select count(*) from true_referrals where share_id is not null)
            / (select count(*) from true_people where joined_date >= (
                select min(occurred_at)::date from demo))""",
        "{:.0f} %",
        "our assumption",
    ),
    (
        "records per person",
        "select count(*) / count(distinct person_id) from true_records where person_id like 'P%'",
        "{:.1f}",
        "our assumption (seven islands)",
    ),
)


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


def sharing(
    connection: duckdb.DuckDBPyConnection, shared: Path, end: date, days: int = 16
) -> list[str]:
    """How unequal sharing is, in as many days as Taobao's log has; shares that got a response."""
    sources = {
        "demo brand": f"""
            select person_id as person from (
                select distinct source, share_id, inviter_key as source_key from demo_shares
                where outcome in ('opened', 'joined', 'ordered')
                    and occurred_at::timestamp >= date '{end}' - {days})
            join true_records using (source, source_key)"""
    }
    log = shared / "taobao_shares" / "share_events.parquet"
    if log.exists():
        sources["Taobao"] = f"select inviter_id as person from '{log}'"
    lines = [
        "| shares that got a response, 16 days | sharers | per sharer | only one | of the top 20 % of sharers |",
        "|---|---|---|---|---|",
    ]
    for name, source in sources.items():
        row = connection.sql(
            f"""select count(*), avg(n), 100 * avg((n = 1)::int),
                100 * sum(n) filter (where place <= 0.2) / sum(n) from (
                select n, row_number() over (order by n desc, person) / count(*) over () as place from (
                    select person, count(*) as n from ({source}) group by person))"""
        ).fetchone()
        count, mean, once, top = row or (0, 0, 0, 0)
        lines.append(f"| {name} | {count:,} | {mean:.1f} | {once:.0f} % | {top:.0f} % |")
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
            sharing(connection, shared, end),
        ):
            print(*table, "", sep="\n")


if __name__ == "__main__":
    main()
