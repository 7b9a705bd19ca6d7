-- One row per holder of a value that several records share, in the order in which they became known.
-- A value that more people, or more records, hold than its type allows is no evidence, from the day it crossed that limit.
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

shared as (
    select
        ranked.*,
        coalesce(own_limit.records_limit, other_limit.records_limit) as sharing_limit,
        coalesce(own_limit.people_limit, other_limit.people_limit) as people_limit
    from ranked
    left join {{ ref('identifier_types') }} as own_limit
        on ranked.id_type = own_limit.id_type
    left join {{ ref('identifier_types') }} as other_limit
        on other_limit.id_type = '*'
    where ranked.holders_count > 1
),

-- Each limit, when it was crossed: by one record, or by one person, more than it allows.
crossings as (
    select
        id_type,
        id_value,
        'records' as crossed_by,
        known_at
    from shared
    where holder_rank = sharing_limit + 1

    union all
    select
        shared.id_type,
        shared.id_value,
        'people' as crossed_by,
        people.known_at
    from {{ ref('int_identity__value_people') }} as people
    inner join shared
        on
            people.id_type = shared.id_type
            and people.id_value = shared.id_value
            and shared.holder_rank = 1
            and people.people_count > shared.people_limit
),

first_crossings as (
    select
        id_type,
        id_value,
        crossed_by,
        known_at as crossed_at,
        row_number() over (partition by id_type, id_value order by known_at, crossed_by) as place
    from crossings
)

select
    shared.record_no,
    shared.id_type,
    shared.id_value,
    shared.known_at,
    shared.holder_rank,
    shared.holders_count,
    shared.sharing_limit,
    shared.people_limit,
    first_crossings.crossed_at,
    first_crossings.crossed_by
from shared
left join first_crossings
    on
        shared.id_type = first_crossings.id_type
        and shared.id_value = first_crossings.id_value
        and first_crossings.place = 1
