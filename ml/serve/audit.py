"""The last look before publishing: do the tables agree with each other and with what came in."""

from __future__ import annotations

from dataclasses import dataclass

from ml.data.warehouse import connect
from ml.errors import KithError
from ml.run import Run, RunState
from ml.serve.audit_audiences import AUDIENCE_RULES
from ml.serve.tables import published_tables

# Each query gives the number of rows that break the rule; 0 is expected of all of them.
RULES = {
    "every row that came in was staged or quarantined": (
        "select count(*) from staging.landing_summary where rows_in <> rows_staged + rows_quarantined"
    ),
    "every refused row stands in the quarantine": (
        "select abs((select coalesce(sum(rows_quarantined), 0) from staging.landing_summary) - "
        '(select count(*) from (select distinct entity, file, "row" from published.quarantine)))'
    ),
    "every record belongs to one customer at a time": (
        "select count(*) from (select *, lead(valid_from) over (partition by source, source_key order by valid_from) "
        "as next_from from published.identity_map) where valid_to is distinct from next_from"
    ),
    "the customers are those of the identity map": (
        "select count(*) from (select customer_id from published.customers) as customers "
        "full join (select distinct customer_id from published.identity_map where valid_to is null) as mapped "
        "using (customer_id) where customers.customer_id is null or mapped.customer_id is null"
    ),
    "every customer has one row per target and horizon": (
        "select count(*) from (select customers.customer_id, targets.target, targets.horizon_days, "
        "count(scores.customer_id) as found from published.customers as customers "
        "cross join control.targets as targets "
        "left join published.customer_scores as scores using (customer_id, target, horizon_days) "
        "group by all) where found <> 1"
    ),
    "no score beyond the customers": (
        "select count(*) from published.customer_scores anti join published.customers using (customer_id)"
    ),
    "completed orders of known people add up to the customers' counts": (
        "select abs((select coalesce(sum(orders_count), 0) from published.customers) - (select count(*) from "
        "events.fct_orders where superseded_on is null and status = 'completed' and record_no is not null))"
    ),
    "nobody who refused profiling is scored or tagged": (
        "select count(*) from (select customer_id from published.customer_scores where status = 'scored' "
        "union all select customer_id from published.customer_tags) semi join events.int_customer__refusals "
        "using (customer_id)"
    ),
    "the funnel counts every customer of the last grid date once": (
        "select abs((select coalesce(sum(customers), 0) from published.relationship_funnel where as_of_date = "
        "(select max(as_of_date) from published.relationship_funnel)) - (select count(*) from "
        "published.customer_levels where as_of_date = (select max(as_of_date) from published.customer_levels)))"
    ),
    "every level's customers are those of the week before, plus who came, minus who went": (
        "select count(*) from published.relationship_funnel where customers <> customers_before "
        "+ arrived + risen + fallen - risen_out - fallen_out - gone"
    ),
    "the funnel goes on from where it stood the week before": (
        "select count(*) from published.relationship_funnel as week left join published.relationship_funnel as before "
        "on week.level = before.level and week.as_of_date = before.as_of_date + 7 "
        "where week.customers_before <> coalesce(before.customers, 0)"
    ),
    "who leaves one level comes to another": (
        "select count(*) from (select sum(risen) as up, sum(risen_out) as up_from, sum(fallen) as down, "
        "sum(fallen_out) as down_from, sum(case when level = 'none' then fallen else 0 end) as to_none, "
        'sum("left") as away from published.relationship_funnel group by as_of_date) '
        "where up <> up_from or down <> down_from or to_none <> away"
    ),
    "the funnel credits what was brought in its weeks by people known then": (
        "select count(*) from (select coalesce(sum(revenue_brought), 0) as told from published.relationship_funnel), "
        "(select coalesce(sum(amount), 0) as brought from relationship.int_referral_revenue as revenue "
        "inner join (select distinct as_of_date from published.relationship_funnel) as week "
        "on week.as_of_date = cast(revenue.occurred_at as date) + 8 - isodow(revenue.occurred_at)::integer "
        "inner join identity.customer_map as map on revenue.inviter_record_no = map.record_no "
        "and map.valid_from <= week.as_of_date and (map.valid_to is null or map.valid_to > week.as_of_date)) "
        "where told <> brought"
    ),
    "the cohorts hold the customers' orders and their money": (
        "select count(*) from (select coalesce(sum(orders), 0) as orders, coalesce(sum(amount), 0) as amount "
        "from published.relationship_cohorts), (select coalesce(sum(orders_count), 0) as orders_count, "
        "coalesce(sum(orders_amount), 0) as orders_amount from published.customers) "
        "where orders <> orders_count or amount <> orders_amount"
    ),
    "the rewards of every order add up to its pot": (
        "select count(*) from (select source, order_id, cast(round(amount * cast(reward_share as decimal(9, 6)), 2) "
        "as decimal(18, 2)) as pot from relationship.int_referral_revenue cross join control.settings) as orders "
        "full join (select source, order_id, sum(reward) as handed_out from published.reward_ledger group by all) "
        "as ledger using (source, order_id) where coalesce(pot, 0) <> coalesce(handed_out, 0)"
    ),
    "what bringers brought is what the customer table says": (
        "select count(*) from (select * from published.customers where people_brought_count > 0) as customers "
        "full join published.bringers using (customer_id) where people_brought_count is distinct from brought "
        "or customers.revenue_brought is distinct from bringers.revenue_brought"
    ),
    **AUDIENCE_RULES,
}


@dataclass(frozen=True)
class Finding:
    """One rule and how many rows break it."""

    rule: str
    broken: int


def audit_tables(run: Run) -> list[Finding]:
    """Check the published tables in the warehouse against each other.

    Raises:
        KithError: a rule is broken, or a table of the contract is missing or has repeated keys.
    """
    RunState(run).require("tables", "score")
    with connect(run.home, read_only=True) as connection:
        rules = {
            **RULES,
            **{
                f"{table.name} has no repeated key": (
                    f"select count(*) from (select {_columns(table.key)} from published.{table.name} "
                    "group by all having count(*) > 1)"
                )
                for table in published_tables()
            },
        }
        findings = []
        for rule, query in rules.items():
            row = connection.execute(query).fetchone()
            findings.append(Finding(rule, int(row[0]) if row else 0))
    if broken := [finding for finding in findings if finding.broken]:
        told = "; ".join(f"{finding.rule} ({finding.broken:,} rows break it)" for finding in broken)
        raise KithError(
            f"The audit of {run.as_of_date} failed, and nothing was published: {told}. The tables are in "
            f"{run.home.database} (schema published) for a look."
        )
    run.report(f"audit: {len(findings)} rules hold")
    RunState(run).note("audit", audit={"result": "passed", "rules": len(findings)})
    return findings


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
