-- One row per customer with a completed order and snapshot date: how much hangs on coupons and discounts, and where order values go.
with customers as (
    {{ customers_at_snapshot() }}
),

orders as (
    select
        customers.customer_id,
        orders.coupon_id,
        orders.amount,
        coalesce(orders.discount, 0) as discount,
        {{ days_ago('orders.occurred_at') }} as days_ago
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where {{ current_at_snapshot('orders') }} and orders.status = 'completed'
)

select
    customer_id,
    {{ catalogue('prices', 'orders') }},
    {{ snapshot_date() }} as as_of_date
from orders
group by customer_id
