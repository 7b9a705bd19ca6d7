-- One row per customer with an order and snapshot date: how many orders and how much money in many windows, and where both go.
with customers as (
    {{ customers_at_snapshot() }}
),

days as (
    select
        customers.customer_id,
        {{ days_ago('orders.occurred_at') }} as days_ago,
        count(case when orders.status = 'completed' then 1 end) as orders,
        count(case when orders.status = 'cancelled' then 1 end) as cancelled,
        count(case when orders.status = 'returned' then 1 end) as returned,
        sum(case when orders.status = 'completed' then orders.amount end) as amount,
        max(case when orders.status = 'completed' then orders.amount end) as largest_amount
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where {{ current_at_snapshot('orders') }}
    group by customers.customer_id, {{ days_ago('orders.occurred_at') }}
),

placed as (
    select
        *,
        min(case when orders > 0 then days_ago end) over (partition by customer_id) as last_days_ago,
        max(case when orders > 0 then days_ago end) over (partition by customer_id) as first_days_ago
    from days
),

totals as (
    select
        customer_id,
        {{ catalogue('orders', 'days') }}
    from placed
    group by customer_id
)

select
    totals.*,
    {{ catalogue('orders', 'totals') }},
    {{ snapshot_date() }} as as_of_date
from totals
