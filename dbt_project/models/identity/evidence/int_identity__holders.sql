-- One row per holder of a value that several records share, in the order in which they became known.
-- Beyond the sharing limit of its type a value is no evidence, from the day it crossed the limit.
-- Holders who were erased keep their places (record_no null): else a value that many shared would unite the rest.
with holders as (
    select
        record_no,
        id_type,
        id_value,
        known_at,
        cast(record_no as double) as place
    from {{ ref('int_identity__identifiers') }}

    union all
    select
        null as record_no,
        former.id_type,
        former.id_value,
        former.known_at,
        -- Among those known at the same instant, just before the record that came next.
        next_holders.record_no - 0.5 as place
    from {{ source('control', 'former_holders') }} as former
    left join {{ ref('int_identity__records') }} as next_holders
        on former.next_source = next_holders.source and former.next_key = next_holders.source_key
    where former.known_at < {{ as_of_date() }}
),

ranked as (
    select
        record_no,
        id_type,
        id_value,
        known_at,
        row_number() over (partition by id_type, id_value order by known_at asc, place asc nulls last, record_no asc) as holder_rank,
        count(*) over (partition by id_type, id_value) as holders_count
    from holders
),

limited as (
    select
        ranked.*,
        coalesce(own_limit.sharing_limit, other_limit.sharing_limit) as sharing_limit
    from ranked
    left join {{ ref('identifier_types') }} as own_limit
        on ranked.id_type = own_limit.id_type
    left join {{ ref('identifier_types') }} as other_limit
        on other_limit.id_type = '*'
    where ranked.holders_count > 1
)

select
    record_no,
    id_type,
    id_value,
    known_at,
    holder_rank,
    holders_count,
    sharing_limit,
    min(case when holder_rank = sharing_limit + 1 then known_at end)
        over (partition by id_type, id_value) as crossed_at
from limited
