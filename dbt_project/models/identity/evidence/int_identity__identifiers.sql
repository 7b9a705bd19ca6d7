-- One row per record and identifying value it holds, normalised; values that nobody owns are left out.
with stated as (
    select
        source,
        source_key,
        'email' as id_type,
        email as id_value,
        known_at
    from {{ ref('stg_profiles') }}
    union all
    select
        source,
        source_key,
        'phone' as id_type,
        phone as id_value,
        known_at
    from {{ ref('stg_profiles') }}
    union all
    select
        identifiers.source,
        identifiers.source_key,
        lower(identifiers.id_type) as id_type,
        case lower(identifiers.id_type)
            when 'phone' then numbers.e164
            when 'email' then lower(identifiers.id_value)
            else identifiers.id_value
        end as id_value,
        identifiers.known_at
    from {{ ref('stg_identifiers') }} as identifiers
    left join {{ source('control', 'phone_numbers') }} as numbers
        on identifiers.id_value = numbers.raw and lower(identifiers.id_type) = 'phone'
),

normalised as (
    select
        source,
        source_key,
        id_type,
        {{ identifier_form('id_type', 'id_value') }} as id_value,
        known_at
    from stated
    where id_value is not null
),

-- A pattern that comes from a table costs much per value, so each value is looked at once.
different as (
    select distinct
        id_type,
        id_value
    from normalised
),

junk as (
    select distinct
        different.id_type,
        different.id_value
    from different
    inner join {{ ref('junk_identifiers') }} as patterns
        on
            patterns.id_type in (different.id_type, '*')
            and {{ matches('lower(different.id_value)', 'patterns.pattern') }}
)

select
    records.record_no,
    normalised.id_type,
    normalised.id_value,
    min(normalised.known_at) as known_at
from normalised
inner join {{ ref('int_identity__records') }} as records
    on normalised.source = records.source and normalised.source_key = records.source_key
left join junk
    on normalised.id_type = junk.id_type and normalised.id_value = junk.id_value
where junk.id_value is null
group by records.record_no, normalised.id_type, normalised.id_value
