-- One row per customer with an order and snapshot date: how recently, how often, how much, and in what rhythm.
{% set windows = [7, 14, 30, 60, 90, 180, 365] %}
with customers as (
    {{ customers_at_snapshot() }}
),

orders as (
    select
        customers.customer_id,
        orders.status,
        orders.amount,
        orders.coupon_id,
        cast(orders.occurred_at as date) as order_date,
        {{ days_ago('orders.occurred_at') }} as days_ago
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where {{ current_at_snapshot('orders') }}
),

completed as (
    select * from orders
    where status = 'completed'
),

totals as (
    select
        customer_id,
        {{ windowed_counts('orders', windows) }},
        {{ as_feature('count(*)') }} as orders_count_all,
        {{ windowed_amounts('orders', windows) }},
        {{ as_feature('sum(amount)') }} as orders_amount_all,
        {{ as_feature('max(amount)') }} as largest_order_amount,
        {{ ratio('sum(amount)', 'count(*)') }} as mean_order_amount,
        {{ ratio('count(coupon_id)', 'count(*)') }} as coupon_orders_share
    from completed
    group by customer_id
),

order_days as (
    select
        customer_id,
        order_date,
        days_ago,
        sum(amount) as amount,
        row_number() over (partition by customer_id order by order_date desc) as recency_rank,
        {{ days_between('order_date', 'lag(order_date) over (partition by customer_id order by order_date)') }} as gap_days
    from completed
    group by customer_id, order_date, days_ago
),

rhythm as (
    select
        customer_id,
        {{ windowed_counts('order_days', [30, 90, 180, 365]) }},
        {{ as_feature('count(*)') }} as order_days_count_all,
        {{ as_feature('min(days_ago)') }} as days_since_last_order,
        {{ as_feature('max(days_ago)') }} as days_since_first_order,
        {{ as_feature('max(case when recency_rank = 2 then days_ago end)') }} as days_since_second_last_order,
        {{ as_feature('max(case when recency_rank = 1 then amount end)') }} as last_order_amount,
        {{ as_feature('max(case when recency_rank = 1 then gap_days end)') }} as last_gap_days,
        {{ ratio('sum(gap_days)', 'count(gap_days)') }} as mean_gap_days,
        {{ as_feature('median(gap_days)') }} as median_gap_days,
        {{ as_feature('max(gap_days)') }} as longest_gap_days,
        {{ as_feature('min(gap_days)') }} as shortest_gap_days,
        {{ exact_stddev('gap_days') }} as gap_days_stddev
    from order_days
    group by customer_id
),

undone as (
    select
        customer_id,
        {{ windowed_counts('cancelled_orders', [90, 365], "status = 'cancelled'") }},
        {{ windowed_counts('returned_orders', [90, 365], "status = 'returned'") }},
        {{ as_feature("min(case when status <> 'completed' then days_ago end)") }} as days_since_last_undone_order
    from orders
    group by customer_id
),

joined as (
    select *
    from undone
    left join totals using (customer_id)
    left join rhythm using (customer_id)
)

select
    joined.*,
    {{ ratio('days_since_last_order', 'mean_gap_days') }} as last_order_to_mean_gap_ratio,
    {{ ratio('days_since_last_order', 'median_gap_days') }} as last_order_to_median_gap_ratio,
    {{ ratio('days_since_last_order', 'longest_gap_days') }} as last_order_to_longest_gap_ratio,
    {{ as_feature('mean_gap_days - days_since_last_order') }} as days_until_order_due,
    {{ ratio('order_days_count_all', 'days_since_first_order') }} as order_days_per_day,
    {{ ratio('days_since_last_order', 'days_since_first_order') }} as last_order_to_tenure_ratio,
    {{ ratio('orders_count_90d + 0.5', 'orders_count_180d - orders_count_90d + 0.5') }} as orders_trend_90d,
    {{ ratio('orders_count_30d + 0.5', 'orders_count_60d - orders_count_30d + 0.5') }} as orders_trend_30d,
    {{ ratio('last_order_amount', 'mean_order_amount') }} as last_order_to_mean_amount_ratio,
    {{ snapshot_date() }} as as_of_date
from joined
