-- One row per record (source, source_key) seen in any entity, numbered from the earliest.
-- A record enters when the first fact that names it becomes visible; its number decides which id a cluster keeps.
{% set mentions = record_mentions() %}
with mentions as (
    {% for entity, source_column, key_column, instant in mentions %}
    {{ "union all" if not loop.first }}
    select
        {{ source_column }} as source,
        {{ key_column }} as source_key,
        min({{ instant }}) as known_at
    from {{ ref('stg_' ~ entity) }}
    where {{ key_column }} is not null
    group by {{ source_column }}, {{ key_column }}
    {% endfor %}

    union all
    -- What people who were erased said of others: those are still known since then.
    select
        source,
        source_key,
        known_at
    from {{ source('control', 'former_mentions') }}
    where known_at < {{ as_of_date() }}
),

records as (
    select
        source,
        source_key,
        min(known_at) as known_at
    from mentions
    group by source, source_key
)

select
    cast(row_number() over (order by known_at, source, source_key) - 1 as bigint) as record_no,
    source,
    source_key,
    known_at,
    {{ first_midnight_after('known_at') }} as entered_on,
    'c' || substr({{ row_digest(['source', 'source_key']) }}, 1, 20) as customer_id
from records
