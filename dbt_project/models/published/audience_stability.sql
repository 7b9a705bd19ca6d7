-- One row per audience and cause: how many entered and left for it since the version before; cause unchanged: how many stayed.
with causes as (
    select 'identity' as cause
    union all
    select 'rule' as cause
    union all
    select 'consent' as cause
    union all
    select 'model' as cause
    union all
    select 'behaviour' as cause
    union all
    select 'unchanged' as cause
),

moves as (
    select
        audience,
        cause,
        count(case when change = 'entered' then 1 end) as entered,
        count(case when change = 'left' then 1 end) as {{ adapter.quote("left") }}
    from {{ ref('audience_changes') }}
    group by audience, cause
),

names as (
    select audience from {{ source('control', 'audiences') }}
    union
    select audience from {{ source('control', 'audiences_before') }}
),

stays as (
    select
        members.audience,
        count(*) as stayed
    from {{ ref('audience_members') }} as members
    left join {{ ref('audience_changes') }} as changes
        on members.audience = changes.audience and members.customer_id = changes.customer_id
    where changes.customer_id is null
    group by members.audience
)

select
    names.audience,
    causes.cause,
    coalesce(moves.entered, 0) as entered,
    coalesce(moves.{{ adapter.quote("left") }}, 0) as {{ adapter.quote("left") }},
    case when causes.cause = 'unchanged' then coalesce(stays.stayed, 0) else 0 end as stayed
from names
cross join causes
-- Without a version before there is nothing to compare with, and no row.
cross join {{ source('control', 'version_before') }}
left join moves
    on names.audience = moves.audience and causes.cause = moves.cause
left join stays
    on names.audience = stays.audience
