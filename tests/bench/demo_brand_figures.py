"""The figures that `bench_demo_brand` prints: queries over tables of orders, and what is published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
from sklearn.metrics import roc_auc_score


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


SHARERS = """
    select count(*), avg(n), 100 * avg((n = 1)::int),
        100 * sum(n) filter (where place <= 0.2) / sum(n)
    from (
        select n, row_number() over (order by n desc, person) / count(*) over () as place from (
            select person, count(*) as n from {brand}_answered
            where occurred_at >= '{first}' group by person))"""


def past_shares_tell(connection: duckdb.DuckDBPyConnection, brand: str, cut: date) -> str:
    """AUC of the count of past shares for a share from `cut` on: of everybody seen, of sharers."""
    rows = connection.sql(f"""
        select count(occurred_at) filter (where occurred_at < '{cut}') as past,
            (count(occurred_at) filter (where occurred_at >= '{cut}') > 0)::int as shares
        from {brand}_seen left join {brand}_answered using (person)
        where since < '{cut}' group by person""").fetchnumpy()
    past, shares = rows["past"], rows["shares"]
    of_all = roc_auc_score(shares, past)
    of_sharers = roc_auc_score(shares[past > 0], past[past > 0])
    return f"{of_all:.2f}, {of_sharers:.2f}"


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
        "opened 21 %, clicked 2.6 %: means over all lines of business (Mailchimp's benchmarks of 2019; "
        "counted opens have risen since, as Apple's mail opens by itself)",
    ),
    (
        "messages answered by unsubscribing, by a complaint",
        """select 100 * avg((outcome = 'unsubscribed')::int),
            100 * avg((outcome = 'complained')::int) from (
            select arg_max(outcome, known_at) as outcome from demo_contacts
            where outcome in ('delivered', 'opened', 'clicked', 'redeemed', 'unsubscribed',
                'complained') group by source, contact_id)""",
        "{:.2f} %, {:.3f} %",
        "0.26 % unsubscribed (Mailchimp, 2019); Gmail asks bulk senders to stay below 0.1 % complaints",
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
