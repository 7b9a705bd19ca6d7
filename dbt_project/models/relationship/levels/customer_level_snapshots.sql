-- One row per customer and grid date (each Monday): the highest level whose rule the facts visible then meet.
with customers as (
    {{ customers_at_snapshot() }}
),

order_days as (
    select
        customers.customer_id,
        count(distinct cast(orders.occurred_at as date)) as order_days_count
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where
        {{ current_at_snapshot('orders') }}
        and orders.status = 'completed'
        and orders.occurred_at >= {{ snapshot_date() }} - 365
    group by customers.customer_id
),

brought as (
    select
        inviters.customer_id,
        count(distinct invitees.customer_id) as people_brought_count
    from {{ ref('fct_shares') }} as shares
    inner join customers as inviters
        on shares.inviter_record_no = inviters.record_no
    inner join customers as invitees
        on shares.invitee_record_no = invitees.record_no
    where
        {{ current_at_snapshot('shares') }}
        and shares.outcome in ('joined', 'ordered')
        and shares.occurred_at >= {{ snapshot_date() }} - 365
        and inviters.customer_id <> invitees.customer_id
    group by inviters.customer_id
),

active as (
    select distinct customers.customer_id
    from customers
    inner join (
        select orders.record_no from {{ ref('fct_orders') }} as orders
        where {{ current_at_snapshot('orders') }} and orders.occurred_at >= {{ snapshot_date() }} - 365
        union
        select interactions.record_no from {{ ref('fct_interactions') }} as interactions
        where {{ visible_at_snapshot('interactions') }} and interactions.occurred_at >= {{ snapshot_date() }} - 365
        union
        select shares.inviter_record_no as record_no from {{ ref('fct_shares') }} as shares
        where {{ current_at_snapshot('shares') }} and shares.occurred_at >= {{ snapshot_date() }} - 365
        union
        select shares.invitee_record_no as record_no from {{ ref('fct_shares') }} as shares
        where {{ current_at_snapshot('shares') }} and shares.occurred_at >= {{ snapshot_date() }} - 365
    ) as acting
        on customers.record_no = acting.record_no
),

-- What counts as often is read off this brand's own buyers on this date.
thresholds as (
    select
        rules.level,
        rules.level_rank,
        rules.needs_activity,
        rules.min_people_brought,
        greatest(
            rules.min_order_days,
            coalesce(
                min(case when ranked.order_rank >= rules.order_days_quantile * ranked.buyers_count then ranked.order_days_count end), 0
            )
        ) as min_order_days
    from {{ ref('level_rules') }} as rules
    left join (
        select
            order_days_count,
            row_number() over (order by order_days_count, customer_id) as order_rank,
            count(*) over () as buyers_count
        from order_days
    ) as ranked
        on rules.order_days_quantile is not null
    group by rules.level, rules.level_rank, rules.needs_activity, rules.min_people_brought, rules.min_order_days
),

facts as (
    select
        people.customer_id,
        active.customer_id is not null as is_active,
        coalesce(order_days.order_days_count, 0) as order_days_count,
        coalesce(brought.people_brought_count, 0) as people_brought_count
    from (select distinct customer_id from customers) as people
    left join active
        on people.customer_id = active.customer_id
    left join order_days
        on people.customer_id = order_days.customer_id
    left join brought
        on people.customer_id = brought.customer_id
)

select
    facts.customer_id,
    {{ snapshot_date() }} as as_of_date,
    max(thresholds.level_rank) as level_rank
from facts
inner join thresholds
    on
        (facts.is_active or not thresholds.needs_activity)
        and facts.order_days_count >= thresholds.min_order_days
        and facts.people_brought_count >= thresholds.min_people_brought
group by facts.customer_id
