-- One row per breakdown, item and AISAS stage: how many customers reached the stage there first, and how many went on from it.
with stages as (
    select * from {{ ref('int_customer__stages') }}
),

-- Whoever ordered before the first search known of it and again afterwards went on; how long that took is not known.
ways as (
    select
        reached.customer_no,
        reached.stage,
        reached.stage_rank,
        reached.channel,
        reached.place,
        max(case when later.last_at >= reached.reached_at then 1 else 0 end) as went_on,
        {{ days_between('min(case when later.reached_at >= reached.reached_at then later.reached_at end)', 'min(reached.reached_at)') }}
        as days_to_next
    from stages as reached
    left join stages as later
        on reached.customer_no = later.customer_no and reached.stage_rank < later.stage_rank
    group by reached.customer_no, reached.stage, reached.stage_rank, reached.channel, reached.place
),

items as (
    {% for breakdown, item, condition in [
        ("all", "'all'", "1 = 1"),
        ("channel", "coalesce(channel, 'unknown')", "1 = 1"),
        ("place", "place", "place is not null"),
    ] %}
    select
        '{{ breakdown }}' as breakdown,
        {{ item }} as item,
        stage,
        stage_rank,
        went_on,
        days_to_next
    from ways
    where {{ condition }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

last_stage as (
    select max(step_rank) as stage_rank
    from {{ ref('journey_steps') }}
    where journey = 'aisas'
),

counted as (
    select
        items.breakdown,
        items.item,
        items.stage,
        items.stage_rank,
        count(*) as reached,
        -- Nothing follows the last stage.
        case when items.stage_rank < max(last_stage.stage_rank) then cast(sum(items.went_on) as bigint) end as went_on,
        median(items.days_to_next) as median_days_to_next
    from items
    cross join last_stage
    group by items.breakdown, items.item, items.stage, items.stage_rank
)

select
    breakdown,
    item,
    stage,
    stage_rank,
    reached,
    went_on,
    reached - went_on as fell_off,
    {{ significant('cast(went_on as double) / reached') }} as share_going_on,
    cast(median_days_to_next as double) as median_days_to_next
from counted
