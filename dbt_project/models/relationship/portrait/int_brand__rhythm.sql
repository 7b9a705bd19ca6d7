-- One row per brand: after how many days without an order its customers cool, sleep and are lost.
-- Of 100 gaps between two days of buying, 75 end within the first limit, 90 within the second and 98 within the third: whoever
-- is silent for longer does what three in four, nine in ten, all but two in a hundred of those who came back did not. A month,
-- two and three are the least, since days without an order say little where people buy weekly. With fewer than 100 gaps nothing
-- can be measured, and a quarter, half a year and a year stand in.
with lengths as (
    select
        gap_days,
        count(*) as gaps
    from {{ ref('int_customer__order_days') }}
    where gap_days is not null
    group by gap_days
),

reached as (
    select
        gap_days,
        sum(gaps) over (order by gap_days) as gaps_reached,
        sum(gaps) over () as gaps_count
    from lengths
),

measured as (
    select
        coalesce(max(gaps_count), 0) as gaps_count,
        min(case when 100 * gaps_reached >= 75 * gaps_count then gap_days end) as gap_75,
        min(case when 100 * gaps_reached >= 90 * gaps_count then gap_days end) as gap_90,
        min(case when 100 * gaps_reached >= 98 * gaps_count then gap_days end) as gap_98
    from reached
)

select
    cast(gaps_count as bigint) as gaps_count,
    case when gaps_count >= 100 then greatest(gap_75, 30) else 90 end as cooling_after_days,
    case when gaps_count >= 100 then greatest(gap_90, 60) else 180 end as sleeping_after_days,
    case when gaps_count >= 100 then greatest(gap_98, 90) else 365 end as lost_after_days
from measured
