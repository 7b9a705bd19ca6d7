-- One row per piece of evidence that two records are one person, with the days it holds.
-- Holders of a shared value are joined as a star around the earliest. From the day two of them are held apart,
-- by a person or by what differs between them, every pair is joined: the others stay together without the hub.
with holders as (
    select * from {{ ref('int_identity__holders') }}
    where holder_rank <= sharing_limit
),

held_apart as (
    select
        left_record_no,
        right_record_no,
        known_at
    from {{ ref('int_identity__decisions') }}
    where is_different

    union all
    select
        left_record_no,
        right_record_no,
        known_at
    from {{ source('matched', 'doubts') }}
),

disputes as (
    select
        lefts.id_type,
        lefts.id_value,
        -- A value is disputed as soon as both hold it, not before.
        greatest(held_apart.known_at, lefts.known_at, rights.known_at) as known_at
    from held_apart
    inner join holders as lefts
        on held_apart.left_record_no = lefts.record_no
    inner join holders as rights
        on
            held_apart.right_record_no = rights.record_no
            and lefts.id_type = rights.id_type
            and lefts.id_value = rights.id_value

    union all
    select
        id_type,
        id_value,
        disputed_at as known_at
    from {{ source('control', 'former_disputes') }}
    where disputed_at < {{ as_of_date() }}
),

disputed as (
    select
        id_type,
        id_value,
        min(known_at) as disputed_at
    from disputes
    group by id_type, id_value
),

shared_values as (
    select
        lefts.record_no as first_record_no,
        rights.record_no as second_record_no,
        rights.id_type as reason,
        -- The later holder makes the edge known; one beside the hub counts from the dispute on.
        case when lefts.holder_rank = 1 then rights.known_at else greatest(rights.known_at, disputed.disputed_at) end
            as known_at,
        rights.crossed_at as ended_at
    from holders as lefts
    inner join holders as rights
        on
            lefts.id_type = rights.id_type
            and lefts.id_value = rights.id_value
            and lefts.holder_rank < rights.holder_rank
    left join disputed
        on lefts.id_type = disputed.id_type and lefts.id_value = disputed.id_value
    where
        (lefts.holder_rank = 1 or disputed.id_value is not null)
        -- A holder who was erased has a place and no edges.
        and lefts.record_no is not null
        and rights.record_no is not null
),

evidence as (
    select
        first_record_no,
        second_record_no,
        reason,
        1 as priority,
        cast(1 as double) as probability,
        known_at,
        ended_at,
        {{ first_midnight_after('known_at') }} as valid_from
    from shared_values

    union all
    select
        left_record_no as first_record_no,
        right_record_no as second_record_no,
        'match' as reason,
        2 as priority,
        probability,
        known_at,
        cast(null as timestamp) as ended_at,
        valid_from
    from {{ source('matched', 'pairs') }}

    union all
    select
        left_record_no as first_record_no,
        right_record_no as second_record_no,
        'decision' as reason,
        0 as priority,
        cast(1 as double) as probability,
        known_at,
        ended_at,
        {{ first_midnight_after('known_at') }} as valid_from
    from {{ ref('int_identity__decisions') }}
    where not is_different
)

select
    least(first_record_no, second_record_no) as left_record_no,
    greatest(first_record_no, second_record_no) as right_record_no,
    reason,
    priority,
    probability,
    known_at,
    ended_at,
    valid_from,
    {{ first_midnight_after('ended_at') }} as valid_to
from evidence
