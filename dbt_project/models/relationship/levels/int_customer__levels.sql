-- One row per customer and grid date: its level, the one before, and since when it has stood there.
with moves as (
    select
        customer_id,
        as_of_date,
        level_rank,
        lag(level_rank) over (partition by customer_id order by as_of_date) as previous_rank
    from {{ ref('customer_level_snapshots') }}
    where as_of_date <= {{ as_of_date() }}
),

stays as (
    select
        *,
        max(case when previous_rank is null or previous_rank <> level_rank then as_of_date end)
            over (partition by customer_id order by as_of_date rows unbounded preceding) as since
    from moves
)

select
    stays.customer_id,
    stays.as_of_date,
    stays.level_rank,
    stays.previous_rank,
    levels.level,
    previous_levels.level as previous_level,
    stays.since
from stays
inner join {{ ref('level_rules') }} as levels
    on stays.level_rank = levels.level_rank
left join {{ ref('level_rules') }} as previous_levels
    on stays.previous_rank = previous_levels.level_rank
