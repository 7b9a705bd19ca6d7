-- One row per visit of a customer to a place: steps in a row, until it leaves or nothing is seen of it for a while.
with limits as (
    select
        max(case when what = 'visit_gap_minutes' then number end) * 60 as gap_seconds,
        max(case when what = 'longest_step_hours' then number end) * 3600 as longest_step_seconds
    from {{ ref('journey_limits') }}
),

seen as (
    select
        interactions.customer_no,
        interactions.place,
        steps.step,
        steps.step_rank,
        interactions.occurred_at,
        {{ seconds_between('interactions.occurred_at', "cast('1970-01-01 00:00:00' as timestamp)") }} as starts,
        case
            when interactions.duration_seconds > 0 and interactions.duration_seconds <= limits.longest_step_seconds
                then interactions.duration_seconds
            else 0
        end as lasts
    from {{ ref('int_customer__interactions') }} as interactions
    inner join {{ ref('journey_kinds') }} as kinds
        on interactions.kind = kinds.kind
    inner join {{ ref('journey_steps') }} as steps
        on kinds.store_step = steps.step and steps.journey = 'store'
    cross join limits
    where interactions.place is not null
),

-- Steps of one instant stand in the order of the chain; those alike in everything may stand in any.
neighbours as (
    select
        *,
        lag(step) over (partition by customer_no, place order by starts, step_rank, lasts) as step_before,
        max(starts + lasts) over (
            partition by customer_no, place order by starts, step_rank, lasts
            rows between unbounded preceding and 1 preceding
        ) as seen_until
    from seen
),

numbered as (
    select
        neighbours.*,
        sum(
            case
                when neighbours.step_before is null or neighbours.step_before = 'leave' then 1
                -- Who leaves had been there all the while, unseen at the till or in the changing room.
                when neighbours.step = 'leave' and neighbours.starts - neighbours.seen_until <= limits.longest_step_seconds then 0
                when neighbours.starts - neighbours.seen_until > limits.gap_seconds then 1
                else 0
            end
        ) over (
            partition by neighbours.customer_no, neighbours.place
            order by neighbours.starts, neighbours.step_rank, neighbours.lasts
            rows between unbounded preceding and current row
        ) as visit_no
    from neighbours
    cross join limits
),

visits as (
    select
        customer_no,
        place,
        cast(visit_no as bigint) as visit_no,
        min(occurred_at) as begun_at,
        max(case when step <> 'leave' then step_rank else 0 end) as furthest_rank,
        max(case when step = 'leave' then 1 else 0 end) as has_left,
        -- Of a single instant nobody knows how long the visit lasted.
        nullif(cast(max(starts + lasts) - min(starts) as decimal(18, 4)), 0) as dwell_seconds
    from numbered
    group by customer_no, place, visit_no
),

followed as (
    select
        *,
        lead(begun_at) over (partition by customer_no, place order by visit_no) as next_begun_at,
        {{ days_between('begun_at', "cast('1970-01-01' as date)") }} as visit_day
    from visits
),

bought as (
    select distinct
        visits.customer_no,
        visits.place,
        visits.visit_no
    from followed as visits
    inner join {{ ref('int_customer__orders') }} as orders
        on
            visits.customer_no = orders.customer_no
            and visits.place = orders.store_id
            and cast(visits.begun_at as date) = cast(orders.occurred_at as date)
    where
        orders.status = 'completed'
        and orders.occurred_at >= visits.begun_at
        -- An order belongs to the latest visit that had begun.
        and (visits.next_begun_at is null or orders.occurred_at < visits.next_begun_at)
)

select
    followed.customer_no,
    followed.place,
    followed.visit_no,
    followed.begun_at,
    followed.furthest_rank,
    followed.has_left = 1 as has_left,
    followed.dwell_seconds,
    bought.visit_no is not null as has_bought,
    -- The first later day with a visit there: whoever steps out and in again has not come back.
    min(followed.visit_day) over (
        partition by followed.customer_no, followed.place order by followed.visit_day
        range between 1 following and unbounded following
    ) - followed.visit_day as days_to_next_visit
from followed
left join bought
    on
        followed.customer_no = bought.customer_no
        and followed.place = bought.place
        and followed.visit_no = bought.visit_no
