-- One row per value that many records share, source, trait and instant at which the number of different people changed.
-- Within one source a person has one way of writing a name, so the names (or birth dates) that differ there are people.
-- Records without a trait count as nobody: many a person has many cookies.
with places as (
    select
        id_type,
        id_value
    from {{ ref('int_identity__identifiers') }}

    union all
    select
        id_type,
        id_value
    from {{ source('control', 'former_holders') }}
    where known_at < {{ as_of_date() }}
),

-- Fewer holders than the least limit cannot be more people than that.
crowded as (
    select
        id_type,
        id_value
    from places
    group by id_type, id_value
    having count(*) > (select min(people_limit) from {{ ref('identifier_types') }})
),

people as (
    select
        identifiers.id_type,
        identifiers.id_value,
        traits.source,
        traits.trait,
        min(greatest(identifiers.known_at, traits.known_at)) as known_at
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join crowded
        on identifiers.id_type = crowded.id_type and identifiers.id_value = crowded.id_value
    inner join {{ ref('int_identity__traits') }} as traits
        on identifiers.record_no = traits.record_no
    where traits.junk is null
    group by identifiers.id_type, identifiers.id_value, traits.source, traits.trait, traits.stated
),

-- Who was erased counts on, until somebody else states the same.
changes as (
    select
        id_type,
        id_value,
        source,
        trait,
        known_at,
        1 as change
    from people

    union all
    select
        id_type,
        id_value,
        source,
        trait,
        known_at,
        1 as change
    from {{ source('control', 'former_people') }}
    where known_at < {{ as_of_date() }}

    union all
    select
        id_type,
        id_value,
        source,
        trait,
        ended_at as known_at,
        -1 as change
    from {{ source('control', 'former_people') }}
    where ended_at < {{ as_of_date() }}
),

instants as (
    select
        id_type,
        id_value,
        source,
        trait,
        known_at,
        sum(change) as change
    from changes
    group by id_type, id_value, source, trait, known_at
)

select
    id_type,
    id_value,
    source,
    trait,
    known_at,
    cast(sum(change) over (
        partition by id_type, id_value, source, trait order by known_at
        rows between unbounded preceding and current row
    ) as integer) as people_count
from instants
