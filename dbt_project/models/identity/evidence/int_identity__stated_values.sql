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
        identifiers.source,
        identifiers.source_key,
        lower(identifiers.id_type) as id_type,
        case lower(identifiers.id_type)
            when 'phone' then numbers.e164
            when 'email' then lower(identifiers.id_value)
            else identifiers.id_value
        end as id_value,
        identifiers.known_at
    from {{ rows_to_judge(ref('stg_identifiers'), told, adds, named=true) }} as identifiers
    left join {{ source('control', 'phone_numbers') }} as numbers
        -- One equality: with a condition on the left side beside it, the join is no hash join.
        on numbers.raw = case when lower(identifiers.id_type) = 'phone' then identifiers.id_value end
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
