-- One row per customer with a reading of a device and snapshot date: how often it is used, and where its values go.
-- The values are those of the metric read most often: metrics have different units.
with customers as (
    {{ customers_at_snapshot() }}
),

readings as (
    select
        customers.customer_id,
        readings.metric,
        {{ days_ago('readings.occurred_at') }} as days_ago,
        cast(count(*) as integer) as n,
        sum(readings.value) as total
    from {{ ref('fct_measurements') }} as readings
    inner join customers
        on readings.record_no = customers.record_no
    where {{ visible_at_snapshot('readings') }}
    group by customers.customer_id, readings.metric, {{ days_ago('readings.occurred_at') }}
),

metrics as (
    select
        customer_id,
        metric,
        row_number() over (partition by customer_id order by sum(n) desc, metric asc) as metric_rank
    from readings
    group by customer_id, metric
),

days as (
    select
        readings.customer_id,
        readings.days_ago,
        readings.n,
        max(readings.days_ago) over (partition by readings.customer_id) as tenure_days,
        case when metrics.metric_rank = 1 then readings.total end as total,
        case when metrics.metric_rank = 1 then readings.n end as counted
    from readings
    inner join metrics
        on readings.customer_id = metrics.customer_id and readings.metric = metrics.metric
)

select
    customer_id,
    {{ catalogue('devices', 'days') }},
    {{ snapshot_date() }} as as_of_date
from days
group by customer_id
