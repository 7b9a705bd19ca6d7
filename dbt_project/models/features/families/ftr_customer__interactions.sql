-- One row per customer with an interaction and snapshot date: how much, of what kind, growing or fading.
with customers as (
    {{ customers_at_snapshot() }}
),

kinds as (
    select
        customers.customer_id,
        interactions.kind,
        {{ days_ago('interactions.occurred_at') }} as days_ago,
        cast(count(*) as integer) as n
    from {{ ref('fct_interactions') }} as interactions
    inner join customers
        on interactions.record_no = customers.record_no
    where {{ visible_at_snapshot('interactions') }}
    group by customers.customer_id, interactions.kind, {{ days_ago('interactions.occurred_at') }}
),

days as (
    select
        customer_id,
        days_ago,
        cast(sum(n) as integer) as n,
        lag(days_ago) over (partition by customer_id order by days_ago desc) - days_ago as gap_days,
        max(days_ago) over (partition by customer_id) as tenure_days
    from kinds
    group by customer_id, days_ago
),

totals as (
    select
        customer_id,
        {{ catalogue('interactions', 'days') }}
    from days
    group by customer_id
),

-- Browsing before buying: whoever never ordered has browsed since ever.
kinds_and_orders as (
    select
        kinds.*,
        coalesce({{ days_ago('cohort.last_completed_order_at') }}, 1000000) as order_days_ago
    from kinds
    left join {{ ref('customer_cohort') }} as cohort
        on kinds.customer_id = cohort.customer_id and cohort.as_of_date = {{ snapshot_date() }}
),

by_kind as (
    select
        customer_id,
        {{ catalogue('interactions', 'kinds') }}
    from kinds_and_orders
    group by customer_id
),

joined as (
    select *
    from totals
    inner join by_kind using (customer_id)
)

select
    joined.*,
    {{ snapshot_date() }} as as_of_date
from joined
