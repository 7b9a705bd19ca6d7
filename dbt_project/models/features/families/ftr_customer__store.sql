-- One row per customer seen in a shop and snapshot date: how often, how long, and how far along the way from the door to the bag.
with customers as (
    {{ customers_at_snapshot() }}
),

store_steps as (
    select
        kind,
        store_step
    from {{ ref('journey_kinds') }}
    where store_step is not null and store_step <> 'presence'
),

steps as (
    select
        customers.customer_id,
        store_steps.store_step as step,
        {{ days_ago('interactions.occurred_at') }} as days_ago,
        cast(count(*) as integer) as n,
        sum(interactions.duration_seconds) as seconds,
        count(interactions.duration_seconds) as timed
    from {{ ref('fct_interactions') }} as interactions
    inner join store_steps
        on interactions.kind = store_steps.kind
    inner join customers
        on interactions.record_no = customers.record_no
    where {{ visible_at_snapshot('interactions') }}
    group by customers.customer_id, store_steps.store_step, {{ days_ago('interactions.occurred_at') }}
),

by_step as (
    select
        customer_id,
        {{ catalogue('store', 'steps') }}
    from steps
    group by customer_id
),

store_days as (
    select distinct
        customer_id,
        days_ago
    from steps
),

by_day as (
    select
        customer_id,
        {{ catalogue('store', 'days') }}
    from store_days
    group by customer_id
),

joined as (
    select *
    from by_step
    inner join by_day using (customer_id)
)

select
    joined.*,
    {{ snapshot_date() }} as as_of_date
from joined
