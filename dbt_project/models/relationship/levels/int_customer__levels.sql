-- One row per customer and grid date: its level by name, the one before, and which way it moved.
select
    snapshots.customer_id,
    snapshots.as_of_date,
    snapshots.level_rank,
    snapshots.previous_rank,
    levels.level,
    previous_levels.level as previous_level,
    snapshots.since,
    {{ days_between('snapshots.as_of_date', 'snapshots.since') }} as days_stood,
    case
        when snapshots.previous_rank is null then 'arrived'
        when snapshots.level_rank > snapshots.previous_rank then 'risen'
        when snapshots.level_rank < snapshots.previous_rank then 'fallen'
    end as moved,
    snapshots.last_reason
from {{ ref('customer_level_snapshots') }} as snapshots
inner join {{ ref('level_rules') }} as levels
    on snapshots.level_rank = levels.level_rank
left join {{ ref('level_rules') }} as previous_levels
    on snapshots.previous_rank = previous_levels.level_rank
where snapshots.as_of_date <= {{ as_of_date() }}
