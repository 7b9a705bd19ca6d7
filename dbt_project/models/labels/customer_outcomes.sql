-- One row per customer, cut-off, target and horizon whose window has matured: when the next order came, what the window brought.
-- The rows are those of customer_labels; facts and people are those that as_of_date knows, as in outcome_labels.
with labelled as (
    select
        customer_id,
        as_of_date,
        target,
        horizon_days
    from {{ ref('customer_labels') }}
    where as_of_date = {{ snapshot_date() }}
),

persons as (
    {{ people_behind_customers() }}
),

orders_now as (
    {{ latest_completed_orders() }}
),

orders as (
    select
        persons.customer_id,
        {{ days_between('orders_now.occurred_at', snapshot_date()) }} as days_until,
        orders_now.amount
    from orders_now
    inner join {{ ref('int_identity__customers_now') }} as people_now
        on orders_now.record_no = people_now.record_no
    inner join persons
        on people_now.customer_no = persons.customer_no
    cross join {{ source('control', 'follow_up') }} as follow_up
    where
        orders_now.occurred_at >= {{ snapshot_date() }}
        and orders_now.occurred_at < follow_up.complete_until
),

first_orders as (
    select
        customer_id,
        min(days_until) as days_until_order
    from orders
    group by customer_id
),

amounts as (
    select
        labelled.customer_id,
        labelled.target,
        labelled.horizon_days,
        sum(orders.amount) as amount
    from labelled
    inner join orders
        on labelled.customer_id = orders.customer_id and orders.days_until < labelled.horizon_days
    where labelled.target <> 'share'
    group by labelled.customer_id, labelled.target, labelled.horizon_days
),

-- A share that names no receiver reaches nobody who is known, as in people_reached_count; nor does one to oneself.
reach as (
    select
        labelled.customer_id,
        labelled.target,
        labelled.horizon_days,
        count(distinct receivers.customer_no) as people_reached
    from {{ ref('fct_shares') }} as shares
    inner join {{ ref('int_identity__customers_now') }} as senders
        on shares.inviter_record_no = senders.record_no
    inner join {{ ref('int_identity__customers_now') }} as receivers
        on shares.invitee_record_no = receivers.record_no
    inner join persons
        on senders.customer_no = persons.customer_no
    inner join labelled
        on persons.customer_id = labelled.customer_id
    where
        shares.superseded_on is null
        and labelled.target = 'share'
        and senders.customer_no <> receivers.customer_no
        and shares.occurred_at >= {{ snapshot_date() }}
        and shares.occurred_at < {{ snapshot_date() }} + labelled.horizon_days
    group by labelled.customer_id, labelled.target, labelled.horizon_days
)

select
    labelled.customer_id,
    labelled.as_of_date,
    labelled.target,
    labelled.horizon_days,
    cast(case when labelled.target <> 'share' then first_orders.days_until_order end as integer) as days_until_order,
    cast({{ days_between('follow_up.complete_until', snapshot_date()) }} as integer) as days_observed,
    cast(case when labelled.target <> 'share' then coalesce(amounts.amount, 0) end as decimal(18, 4)) as window_amount,
    cast(case when labelled.target = 'share' then coalesce(reach.people_reached, 0) end as integer) as people_reached
from labelled
cross join {{ source('control', 'follow_up') }} as follow_up
left join first_orders
    on labelled.customer_id = first_orders.customer_id
left join amounts
    on
        labelled.customer_id = amounts.customer_id
        and labelled.target = amounts.target
        and labelled.horizon_days = amounts.horizon_days
left join reach
    on
        labelled.customer_id = reach.customer_id
        and labelled.target = reach.target
        and labelled.horizon_days = reach.horizon_days
