-- One row per customer and day with a completed order: how much, and how many days after the day of buying before.
with order_days as (
    select
        customer_no,
        cast(occurred_at as date) as order_date,
        count(*) as orders_count
    from {{ ref('int_customer__orders') }}
    where status = 'completed'
    group by customer_no, cast(occurred_at as date)
),

paired as (
    select
        *,
        lag(order_date) over (partition by customer_no order by order_date) as previous_order_date
    from order_days
)

select
    customer_no,
    order_date,
    orders_count,
    {{ days_between("order_date", "previous_order_date") }} as gap_days
from paired
