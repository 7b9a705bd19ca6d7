-- One row per customer and AISAS stage it has reached by as_of_date: when, and through which channel and place first.
with touches as (
    select
        customer_no,
        'attention' as stage,
        channel,
        cast(null as string) as place,
        occurred_at
    from {{ ref('int_customer__contacts') }}

    union all
    select
        invitee_no as customer_no,
        'attention' as stage,
        channel,
        cast(null as string) as place,
        occurred_at
    from {{ ref('int_customer__shares') }}
    where invitee_no is not null and invitee_no <> inviter_no

    union all
    select
        interactions.customer_no,
        case when kinds.kind is null then 'interest' else kinds.stage end as stage,
        interactions.channel,
        interactions.place,
        interactions.occurred_at
    from {{ ref('int_customer__interactions') }} as interactions
    left join {{ ref('journey_kinds') }} as kinds
        on interactions.kind = kinds.kind

    union all
    select
        customer_no,
        'action' as stage,
        channel,
        store_id as place,
        occurred_at
    from {{ ref('int_customer__orders') }}
    where status = 'completed'

    union all
    select
        inviter_no as customer_no,
        'share' as stage,
        channel,
        cast(null as string) as place,
        occurred_at
    from {{ ref('int_customer__shares') }}
),

ways as (
    select
        customer_no,
        stage,
        channel,
        place,
        min(occurred_at) as reached_at,
        max(occurred_at) as last_at
    from touches
    where stage is not null
    group by customer_no, stage, channel, place
),

ranked as (
    select
        *,
        max(last_at) over (partition by customer_no, stage) as last_at_stage,
        row_number() over (
            partition by customer_no, stage
            order by reached_at asc, channel asc nulls last, place asc nulls last
        ) as way_rank
    from ways
)

select
    ranked.customer_no,
    ranked.stage,
    steps.step_rank as stage_rank,
    ranked.channel,
    ranked.place,
    ranked.reached_at,
    ranked.last_at_stage as last_at
from ranked
inner join {{ ref('journey_steps') }} as steps
    on ranked.stage = steps.step and steps.journey = 'aisas'
where ranked.way_rank = 1
