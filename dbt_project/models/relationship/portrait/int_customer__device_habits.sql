-- One row per customer and metric of its devices: where the weekly means of the last 26 weeks go.
-- A week is seven days counted back from as_of_date. The trend is the slope of the weekly means by least squares; it is one when it
-- is at least twice its standard error (t >= 2, about 95 in 100) over at least five weeks: below that, noise draws slopes as well.
with weeks as (
    select
        people.customer_no,
        readings.metric,
        cast(floor(({{ days_between(as_of_date(), "readings.occurred_at") }} - 1) / 7) as bigint) as weeks_ago,
        count(*) as readings_count,
        {{ decimal_of("cast(sum(readings.value) as double) / count(*)", 18, 4) }} as weekly_mean,
        max(readings.occurred_at) as last_reading_at
    from {{ ref('fct_measurements') }} as readings
    inner join {{ ref('int_identity__customers_now') }} as people
        on readings.record_no = people.record_no
    group by people.customer_no, readings.metric, floor(({{ days_between(as_of_date(), "readings.occurred_at") }} - 1) / 7)
),

-- x is the week (0 is the latest), y its mean; sums of decimals are exact and do not depend on the order of the rows.
sums as (
    select
        customer_no,
        metric,
        cast(sum(readings_count) as bigint) as readings_count,
        {{ days_between(as_of_date(), "max(last_reading_at)") }} as days_since_last_reading,
        count(case when weeks_ago < 26 then 1 end) as weeks_count,
        cast(coalesce(sum(case when weeks_ago < 26 then -weeks_ago end), 0) as double) as x,
        cast(coalesce(sum(case when weeks_ago < 26 then weeks_ago * weeks_ago end), 0) as double) as xx,
        cast(coalesce(sum(case when weeks_ago < 26 then weekly_mean end), 0) as double) as y,
        cast(coalesce(sum(case when weeks_ago < 26 then cast(weekly_mean * weekly_mean as decimal(38, 8)) end), 0) as double) as yy,
        cast(coalesce(sum(case when weeks_ago < 26 then -weeks_ago * weekly_mean end), 0) as double) as xy
    from weeks
    group by customer_no, metric
),

slopes as (
    select
        *,
        weeks_count * xy - x * y as covariance,
        (weeks_count * xx - x * x) * (weeks_count * yy - y * y) as variances,
        -- A metric around zero has no percentage: its mean is less than a hundredth of its size.
        case when 10000 * y * y >= weeks_count * yy then
            {{ percent("weeks_count * xy - x * y", "(weeks_count * xx - x * x) * abs(y) / nullif(weeks_count, 0)") }}
        end as slope_percent
    from sums
)

select
    customer_no,
    metric,
    readings_count,
    weeks_count,
    days_since_last_reading,
    slope_percent,
    -- The metric read in most weeks is the customer's first, then the one read most often, then the alphabet.
    row_number() over (partition by customer_no order by weeks_count desc, readings_count desc, metric asc) as metric_rank,
    count(*) over (partition by customer_no) as metrics_count,
    case
        when days_since_last_reading > 28 then 'gone silent'
        when weeks_count < 5 then 'too short to say'
        when (weeks_count - 2) * covariance * covariance < 4 * (variances - covariance * covariance) or covariance = 0 then 'steady'
        when covariance > 0 then 'rising'
        else 'falling'
    end as trend
from slopes
