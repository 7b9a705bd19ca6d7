-- One row per customer with a completed order and snapshot date: the days with an order and the gaps between them, in whole numbers.
-- Several families of features begin here, so that the orders are read once.
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
        customer_id,
        days_ago,
        lag(days_ago) over (partition by customer_id order by days_ago desc) - days_ago as gap_days,
        row_number() over (partition by customer_id order by days_ago asc) as recency_rank,
        min(days_ago) over (partition by customer_id) as silence_days
    from order_days
)

select
    customer_id,
    {{ snapshot_date() }} as as_of_date,
    cast(count(*) as integer) as order_days,
    cast(count(case when days_ago <= 365 then 1 end) as integer) as order_days_365d,
    {{ frequency_class('count(*)') }} as frequency_class,
    cast(min(days_ago) as integer) as silence_days,
    cast(max(days_ago) as integer) as tenure_days,
    cast(max(case when recency_rank = 2 then days_ago end) as integer) as second_last_days_ago,
    cast(max(case when recency_rank = 1 then gap_days end) as integer) as last_gap_days,
    cast(max(gap_days) as integer) as longest_gap_days,
    cast(min(gap_days) as integer) as shortest_gap_days,
    cast(median(gap_days) as double) as median_gap_days,
    cast(count(gap_days) as bigint) as gaps,
    cast(coalesce(sum(gap_days), 0) as bigint) as gap_sum,
    cast(coalesce(sum(gap_days * gap_days), 0) as bigint) as gap_squares,
    cast(coalesce(sum({{ n_log_n('gap_days') }}), 0) + {{ n_log_n('min(days_ago)') }} as double) as gap_logs,
    cast(count(case when recency_rank <= 3 then gap_days end) as bigint) as recent_gaps,
    cast(coalesce(sum(case when recency_rank <= 3 then gap_days end), 0) as bigint) as recent_gap_sum,
    cast(count(case when gap_days < silence_days then 1 end) as bigint) as gaps_outlasted
from gaps
group by customer_id
