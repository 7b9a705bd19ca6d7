{# The columns of an entity as the landing contract (models/staging/_landing.yml) declares them. #}
{% macro contract_of(entity) %}
    {# While dbt only parses there is no graph: any one column keeps the SQL well-formed. #}
    {% if not execute %}{{ return({"columns": [{"name": "source", "data_type": "varchar", "config": {"meta": {"required": true}}}], "meta": {"key": ["source"]}}) }}{% endif %}
    {% set table = (graph.sources.values() | selectattr("source_name", "equalto", "landing")
                    | selectattr("name", "equalto", entity) | list)[0] %}
    {{ return({"columns": table.columns.values() | list, "meta": table.config.meta or table.meta}) }}
{% endmacro %}

{# The zone in which a source writes timestamps that carry no offset. #}
{% macro zone_of(source_column) -%}
    {%- set zones = run_query("select source, timezone from " ~ source("control", "sources") ~ " order by source") if execute else [] -%}
    {%- if zones | length -%}
    case {{ source_column }} {%- for zone in zones %} when '{{ zone[0] | replace("'", "''") }}' then '{{ zone[1] }}' {%- endfor %} else {{ setting("timezone") }} end
    {%- else -%}
    {{ setting("timezone") }}
    {%- endif -%}
{%- endmacro %}

{#
  A text as the brand's local time: with an offset it is converted, without one it is read in `zone`
  (a case expression over the source), a date alone is its 00:00. Anything else is null.
#}
{% macro to_brand_time(text, zone) -%}
    {%- set offset = "(?i)\\s*(z|utc|[+-](0\\d|1[0-4])(:?[0-5]\\d)?)$" -%}
    {%- set brand_zone = setting("timezone") -%}
    case
        when not {{ matches(text, "^\\d{4}-\\d{2}-\\d{2}") }} then null
        when {{ matches(text, "(?i):\\d{2}[0-9:.]*\\s*(z|utc|[+-](0\\d|1[0-4])(:?[0-5]\\d)?)$") }} then {{
            change_zone(
                "try_cast(" ~ replace_all(text, offset, "") ~ " as timestamp) - " ~ offset_of(text),
                "'UTC'", brand_zone) }}
        -- Whatever else stands behind the time is no offset that exists.
        when {{ matches(text, "(?i):\\d{2}[0-9:.]*\\s*[a-z+-]") }} then null
        when {{ zone }} = {{ brand_zone }} then try_cast({{ text }} as timestamp)
        else {{ change_zone("try_cast(" ~ text ~ " as timestamp)", zone, brand_zone) }}
    end
{%- endmacro %}

{# The offset at the end of a timestamp text, as an interval. #}
{% macro offset_of(text) -%}
    {%- set digits = "regexp_extract(" ~ text ~ ", " ~ text_literal("([+-])(\\d{2}):?(\\d{2})?$") ~ ", " -%}
    (coalesce(try_cast({{ digits }}2) as integer), 0) * interval 1 hour
        + coalesce(try_cast({{ digits }}3) as integer), 0) * interval 1 minute)
        * (case when {{ digits }}1) = '-' then -1 else 1 end)
{%- endmacro %}

{# One contract column read from its text. #}
{% macro typed(column, zone) -%}
    {%- set meta = column.config.meta or column.meta -%}
    {%- if column.data_type == "timestamp" -%} {{ to_brand_time(column.name, zone) }}
    {%- elif column.data_type == "date" -%} try_cast(substr({{ column.name }}, 1, 10) as date)
    {%- elif column.data_type == "bigint" -%}
        case when try_cast({{ column.name }} as decimal(18, 4)) = floor(try_cast({{ column.name }} as decimal(18, 4)))
            then try_cast(try_cast({{ column.name }} as decimal(18, 4)) as bigint) end
    {%- elif column.data_type == "boolean" -%}
        case when lower({{ column.name }}) in ('true', 't', 'yes', 'y', '1') then true
            when lower({{ column.name }}) in ('false', 'f', 'no', 'n', '0') then false end
    {%- elif column.data_type != "varchar" -%} try_cast({{ column.name }} as {{ column.data_type }})
    {%- elif meta.get("accepted") -%}
        coalesce(case when lower({{ column.name }}) in ('{{ meta.accepted | join("', '") }}') then lower({{ column.name }}) end
            {%- if meta.get("default") %}, case when {{ column.name }} is null then '{{ meta.default }}' end{% endif %})
    {%- elif meta.get("format") == "email" -%}
        case when {{ matches('lower(' ~ column.name ~ ')', "^[^@\\s,;]+@[^@\\s,;]+\\.[^@\\s,;]+$") }} then lower({{ column.name }}) end
    {%- elif meta.get("format") == "phone" -%} (select max(numbers.e164) from {{ source("control", "phone_numbers") }} as numbers where numbers.raw = landed.{{ column.name }})
    {%- else -%} {{ column.name }}
    {%- endif -%}
{%- endmacro %}

{#
  Every row of an entity, typed, with what it breaks. `refusals` holds `column=reason` parts joined by '|' and
  is empty for a good row; `spoiled` holds the optional columns whose value did not parse and became null;
  `visible_on` is the first as_of_date that sees the row (null: its clock cannot be read, or it has none).
#}
{% macro typed_rows(entity) %}
{#- Read as files, not as a relation; named for the lineage, which begins here. -#}
{%- do source("landing", entity) -%}
{%- set contract = contract_of(entity) -%}
{%- set names = contract.columns | map(attribute="name") | list -%}
{%- set zone = zone_of("source" if "source" in names else "left_source" if "left_source" in names else "''") -%}
{%- set clocks = ["occurred_at", "known_at"] | select("in", names) | list -%}
with landed as (
    select
        file,
        file_row,
        row_fault,
        {%- for name in names %}
        nullif({{ trimmed(name) }}, '') as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ read_raw(entity) }}
),

parsed as (
    select
        landed.*
        {%- for column in contract.columns %},
        {{ typed(column, zone) }} as {{ column.name }}__typed
        {%- endfor %}
    from landed
)

select
    file,
    file_row,
    {%- for name in names %}
    {% if name == "known_at" and clocks | length == 2 -%}
    coalesce(known_at__typed, occurred_at__typed) as known_at,
    {%- else -%}
    {{ name }}__typed as {{ name }},
    {%- endif -%}
    {%- endfor %}
    {% if clocks | length == 2 -%}
    {{ first_midnight_after("greatest(occurred_at__typed, known_at__typed)") }}
    {%- elif clocks -%}
    {{ first_midnight_after(clocks[0] ~ "__typed") }}
    {%- else -%}
    cast(null as date)
    {%- endif %} as visible_on,
    {{ row_hash(names) }} as row_hash,
    concat_ws('|',
        row_fault
        {%- for column in contract.columns -%}
        {%- set meta = column.config.meta or column.meta -%}
        {%- if meta.get("required") or meta.get("accepted") %},
        case {% if meta.get("required") %}when {{ column.name }} is null and row_fault is null then '{{ column.name }}=missing' {% endif -%}
            when {{ column.name }} is not null and {{ column.name }}__typed is null then '{{ column.name }}={{ refusal_reason(column) }}' end
        {%- endif -%}
        {%- endfor %}
    ) as refusals,
    concat_ws('|', null
        {%- for column in contract.columns -%}
        {%- set meta = column.config.meta or column.meta -%}
        {%- if not meta.get("required") and not meta.get("accepted") and (column.data_type != "varchar" or meta.get("format")) %},
        case when {{ column.name }} is not null and {{ column.name }}__typed is null then '{{ column.name }}' end
        {%- endif -%}
        {%- endfor %}
    ) as spoiled
from parsed
{% endmacro %}

{# Why a value of this column was refused, in words that never hold the value. #}
{% macro refusal_reason(column) -%}
    {%- set meta = column.config.meta or column.meta -%}
    {%- if meta.get("accepted") -%} not one of {{ meta.accepted | join(", ") }}
    {%- elif column.data_type == "timestamp" -%} not a timestamp (YYYY-MM-DD HH:MM:SS)
    {%- elif column.data_type == "boolean" -%} not yes or no
    {%- else -%} not a number
    {%- endif -%}
{%- endmacro %}

{# Names of the entities of the landing zone, in the order of the contract. #}
{% macro landing_entities() -%}
    {{ return(graph.sources.values() | selectattr("source_name", "equalto", "landing") | map(attribute="name") | sort | list if execute else ["orders"]) }}
{%- endmacro %}
