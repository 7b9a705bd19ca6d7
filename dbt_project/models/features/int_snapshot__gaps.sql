-- One row per snapshot date, class of buyers and length of a gap between order days: how many gaps ended then, and how many are open.
-- The class is that of the number of order days before the gap. A gap of `a` days that is open has lasted a - 1 whole days.
with customers as (
    {{ customers_at_snapshot() }}
),

order_days as (
    select distinct
        customers.customer_id,
        {{ days_ago('orders.occurred_at') }} as days_ago
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where {{ current_at_snapshot('orders') }} and orders.status = 'completed'
),

gaps as (
    select
        {{ frequency_class('row_number() over (partition by customer_id order by days_ago desc)') }} as frequency_class,
        days_ago,
        lead(days_ago) over (partition by customer_id order by days_ago desc) as next_days_ago
    from order_days
)

select
    {{ snapshot_date() }} as as_of_date,
    frequency_class,
    cast(days_ago - coalesce(next_days_ago, 0) as integer) as gap_days,
    cast(count(next_days_ago) as bigint) as closed_gaps,
    cast(count(*) - count(next_days_ago) as bigint) as open_gaps
from gaps
group by frequency_class, days_ago - coalesce(next_days_ago, 0)
