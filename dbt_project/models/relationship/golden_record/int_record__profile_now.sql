-- One row per record with a profile at as_of_date: what it says of each field, and since when it has said so of each unit.
-- A version that leaves a field empty does not erase it. One that changes a field makes void what earlier versions said of the
-- unit's other fields: an old street beside a new postcode is nobody's address.

-- A given and a family name live on without each other; only the full name in one text goes with them.
{% set parts_of_name = ["given_name", "family_name"] %}
with compared as (
    select
        *
        {%- for field in golden_fields() %},
        case
            when
                lower(cast({{ field }} as string)) <> lower(cast(
                    max_by({{ field }}, case when {{ field }} is not null then version_no end) over (
                        partition by record_no order by version_no
                        rows between unbounded preceding and 1 preceding
                    ) as string
                ))
                then version_no
            else 1
        end as {{ field }}_changed
        {%- endfor %}
    from {{ ref('int_record__profile_versions') }}
),

dated as (
    select
        *
        {%- for field in golden_fields() %},
        max({{ field }}_changed) over (partition by record_no) as {{ field }}_since
        {%- endfor %}
    from compared
)

select
    record_no,
    customer_no,
    source,
    source_key
    {%- for unit, fields in golden_units().items() %}
    {%- for field in fields %},
    max_by(
        {{ field }},
        case
            when
                {{ field }} is not null
                {%- for other in fields if not (field in parts_of_name and other in parts_of_name) %}
                and version_no >= {{ other }}_since
                {%- endfor %}
                then version_no
        end
    ) as {{ field }}
    {%- endfor %},
    min(
        case
            when
                (
                    {%- for field in fields %}
                    {{ "or " if not loop.first }}{{ field }} is not null
                    {%- endfor %}
                )
                {%- for field in fields %}
                and version_no >= {{ field }}_since
                {%- endfor %}
                then known_at
        end
    ) as {{ unit }}_known_at
    {%- endfor %}
from dated
group by record_no, customer_no, source, source_key
