-- One row per entity of which a new file tells what an earlier day would have seen, if it is evidence or makes a record older.
with late as (
    {% for entity, source_column, key_column, instant in record_mentions() %}
    {{ "union all" if not loop.first }}
    select
        '{{ entity }}' as entity,
        {{ source_column }} as source,
        {{ key_column }} as source_key,
        {{ instant }} as known_at
    from {{ ref('base_' ~ entity) }}
    where
        file in (
            select file from {{ source('control', 'new_files') }}
            where entity = '{{ entity }}'
        )
        and visible_on <= (select max(as_of_date) from {{ source('control', 'former_run') }})
        and refusals = ''
    {% endfor %}
)

select distinct late.entity
from late
inner join {{ ref('int_identity__records') }} as records
    on late.source = records.source and late.source_key = records.source_key
where late.entity in ('profiles', 'identifiers', 'links') or late.known_at = records.known_at
