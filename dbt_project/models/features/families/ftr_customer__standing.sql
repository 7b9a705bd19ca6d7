-- One row per customer of the cohort and snapshot date: the place among all customers, now and a quarter ago, and the people brought.
-- The levels of a relationship ask for the same things: order days among those who bought, and people brought.
with customers as (
    {{ customers_at_snapshot() }}
),

order_days as (
    select
        customer_id,
        count(case when days_ago <= 365 then 1 end) as days_now,
        count(case when days_ago > 90 and days_ago <= 455 then 1 end) as days_before
    from (
        select distinct
            customers.customer_id,
            {{ days_ago('orders.occurred_at') }} as days_ago
        from {{ ref('fct_orders') }} as orders
        inner join customers
            on orders.record_no = customers.record_no
        where {{ current_at_snapshot('orders') }} and orders.status = 'completed'
    ) as dated
    group by customer_id
),

brought as (
    select
        inviters.customer_id,
        count(distinct case when {{ days_ago('shares.occurred_at') }} <= 365 then invitees.customer_id end) as people_now,
        count(distinct case
            when {{ days_ago('shares.occurred_at') }} > 90 and {{ days_ago('shares.occurred_at') }} <= 455 then invitees.customer_id
        end) as people_before
    from {{ ref('fct_shares') }} as shares
    inner join customers as inviters
        on shares.inviter_record_no = inviters.record_no
    inner join customers as invitees
        on shares.invitee_record_no = invitees.record_no and inviters.customer_id <> invitees.customer_id
    where {{ current_at_snapshot('shares') }} and shares.outcome in ('joined', 'ordered')
    group by inviters.customer_id
),

standing as (
    select
        cohort.customer_id,
        coalesce(order_days.days_now, 0) as days_now,
        coalesce(order_days.days_before, 0) as days_before,
        coalesce(brought.people_now, 0) as people_now,
        coalesce(brought.people_before, 0) as people_before,
        {{ place_among('coalesce(order_days.days_now, 0)', 'case when order_days.days_now > 0 then 1 else 0 end') }} as place_now,
        {{ place_among('coalesce(order_days.days_before, 0)', 'case when order_days.days_before > 0 then 1 else 0 end') }} as place_before
    from {{ ref('customer_cohort') }} as cohort
    left join order_days
        on cohort.customer_id = order_days.customer_id
    left join brought
        on cohort.customer_id = brought.customer_id
    where cohort.as_of_date = {{ snapshot_date() }}
)

select
    customer_id,
    {{ catalogue('standing', 'standing') }},
    {{ snapshot_date() }} as as_of_date
from standing
