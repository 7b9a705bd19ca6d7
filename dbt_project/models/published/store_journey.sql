-- One row per place and step of the in-store chain: in how many visits it was reached, and in how many more followed.
with steps as (
    select
        step,
        step_rank
    from {{ ref('journey_steps') }}
    where journey = 'store'
),

visits as (
    select
        place,
        furthest_rank,
        has_left,
        count(*) as visits
    from {{ ref('int_customer__store_visits') }}
    group by place, furthest_rank, has_left
),

-- Who tried something had come in, also where the door has no sensor: a step counts as reached by all who came as far.
counted as (
    select
        visits.place,
        steps.step,
        steps.step_rank,
        sum(case when visits.furthest_rank >= steps.step_rank or (steps.step = 'leave' and visits.has_left) then visits.visits else 0 end)
        as reached,
        sum(case when visits.furthest_rank > steps.step_rank then visits.visits else 0 end) as went_on,
        sum(visits.visits) as visits
    from visits
    cross join steps
    group by visits.place, steps.step, steps.step_rank
),

deepest as (
    select max(step_rank) as step_rank
    from steps
    where step <> 'leave'
)

select
    counted.place,
    counted.step,
    counted.step_rank,
    cast(counted.reached as bigint) as reached,
    {{ significant('cast(counted.reached as double) / cast(counted.visits as double)') }} as share_of_visits,
    case when counted.step_rank < deepest.step_rank then cast(counted.went_on as bigint) end as went_on,
    case when counted.step_rank < deepest.step_rank and counted.reached > 0 then
        {{ significant('cast(counted.went_on as double) / cast(counted.reached as double)') }}
    end as share_going_on
from counted
cross join deepest
