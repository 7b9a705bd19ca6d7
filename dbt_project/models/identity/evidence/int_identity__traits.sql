-- One row per record and trait (name, birth_date): what the record stated first, and when it became known.
-- Traits tell how many different people state one value. What is stated later changes nothing of what was counted.
-- depends_on: {{ ref('junk_identifiers') }}, {{ ref('base_profiles') }}
{{ config(materialized=appendable(), unique_key=["record_no"], pre_hook="{{ emptied_when_late() }}") }}
{% set adds = adds_evidence() %}
with named as (
    select
        source,
        source_key,
        known_at,
        coalesce(nullif({{ trimmed("concat_ws(' ', given_name, family_name)") }}, ''), name) as full_name
    from {{ rows_to_judge(ref('stg_profiles'), ['profiles'], adds) }}
),

plain as (
    select
        source,
        source_key,
        known_at,
        {{ plain_name('full_name') }} as plain_name
    from named
    where full_name is not null
),

stated as (
    select
        source,
        source_key,
        known_at,
        'name' as trait,
        {{ name_letters('plain_name') }} as stated
    from plain
    where plain_name <> ''

    union all
    select
        source,
        source_key,
        known_at,
        'birth_date' as trait,
        cast(birth_date as string) as stated
    from {{ rows_to_judge(ref('stg_profiles'), ['profiles'], adds) }}
    where birth_date is not null
),

ordered as (
    select
        *,
        row_number() over (partition by source, source_key, trait order by known_at, stated) as place
    from stated
)

select
    records.record_no,
    ordered.source,
    ordered.trait,
    ordered.stated,
    ordered.known_at,
    case when ordered.trait = 'birth_date' then {{ junk_meaning('ordered.trait', 'ordered.stated') }} end as junk
from ordered
inner join {{ ref('int_identity__records') }} as records
    on ordered.source = records.source and ordered.source_key = records.source_key
where ordered.place = 1
