-- One row per record and identifying value it stated, normalised; `junk` says why nobody owns a value, null: somebody may.
-- depends_on: {{ ref('junk_identifiers') }}, {{ ref('base_profiles') }}, {{ ref('base_identifiers') }}
{{ config(materialized=appendable(), unique_key=["record_no"], pre_hook="{{ emptied_when_late() }}") }}
{% set adds = adds_evidence() %}
{% set told = ["profiles", "identifiers"] %}
with stated as (
    select
        source,
        source_key,
        'email' as id_type,
        email as id_value,
        known_at
    from {{ rows_to_judge(ref('stg_profiles'), told, adds) }}
    union all
    select
        source,
        source_key,
        'phone' as id_type,
        phone as id_value,
        known_at
    from {{ rows_to_judge(ref('stg_profiles'), told, adds) }}
    union all
    select
        source,
        source_key,
        lower(id_type) as id_type,
        case when lower(id_type) = 'email' then lower(id_value) else id_value end as id_value,
        known_at
    from {{ rows_to_judge(ref('stg_identifiers'), told, adds) }}
    where lower(id_type) <> 'phone'
    union all
    -- Apart from the others: rows that are joined twice on their way into the groups hold two tables in memory.
    select
        identifiers.source,
        identifiers.source_key,
        'phone' as id_type,
        numbers.e164 as id_value,
        identifiers.known_at
    from {{ rows_to_judge(ref('stg_identifiers'), told, adds, named=true) }} as identifiers
    inner join {{ source('control', 'phone_numbers') }} as numbers
        on identifiers.id_value = numbers.raw
    where lower(identifiers.id_type) = 'phone'
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

values_of_records as (
    select
        records.record_no,
        normalised.id_type,
        normalised.id_value,
        min(normalised.known_at) as known_at
    from normalised
    inner join {{ ref('int_identity__records') }} as records
        on normalised.source = records.source and normalised.source_key = records.source_key
    group by records.record_no, normalised.id_type, normalised.id_value
)

select
    record_no,
    id_type,
    id_value,
    known_at,
    {{ junk_meaning('id_type', 'lower(id_value)') }} as junk
from values_of_records
