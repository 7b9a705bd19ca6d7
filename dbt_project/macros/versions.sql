{# The rows of an entity that broke no rule and that as_of_date can see (timeless entities: all of them). #}
{% macro accepted_rows(entity) -%}
    {%- set names = contract_of(entity).columns | map(attribute="name") | list -%}
    select
        {{ names | join(",\n        ") }},
        visible_on
    from {{ ref("base_" ~ entity) }}
    where refusals = ''
    {%- if "occurred_at" in names or "known_at" in names %}
        and visible_on <= {{ as_of_date() }}
    {%- endif %}
{%- endmacro %}

{# The order in which the versions of a fact overrule each other: known_at, then stage, then a hash of the row. #}
{% macro version_rank(entity) -%}
    {%- set contract = contract_of(entity) -%}
    {%- set names = contract.columns | map(attribute="name") | list -%}
    {%- set stages = contract.meta.get("stages", {}) -%}
    {%- set parts = [] -%}
    {%- if "known_at" in names %}{% do parts.append("known_at") %}{% endif -%}
    {%- if stages -%}
        {%- set cases = [] -%}
        {%- for stage in stages.order %}{% do cases.append("when '" ~ stage ~ "' then " ~ loop.index) %}{% endfor -%}
        {%- do parts.append("case " ~ stages.column ~ " " ~ cases | join(" ") ~ " else 0 end") -%}
    {%- endif -%}
    {%- do parts.append(row_digest(names)) -%}
    {{ return(parts) }}
{%- endmacro %}

{# Money of another currency in the brand's own: the product of two exact decimals, wide enough for any amount. #}
{% macro in_brand_currency(amount, rate) -%}
    case
        -- Most money is in the brand's own currency, and wide products are slow.
        when {{ rate }} = 1 then cast({{ amount }} as decimal(18, 4))
        else cast(cast({{ amount }} as decimal(38, 4)) * {{ rate }} as decimal(18, 4))
    end
{%- endmacro %}

{# A digest of the values of a row; two rows that say the same have the same digest. #}
{% macro row_digest(columns) -%}
    {%- set texts = [] -%}
    {%- for column in columns %}{% do texts.append("coalesce(cast(" ~ column ~ " as string), '')") %}{% endfor -%}
    {# The lengths at the end tell ('a|b', 'c') and ('a', 'b|c') apart. #}
    {%- set lengths = [] -%}
    {%- for text in texts %}{% do lengths.append("cast(length(" ~ text ~ ") as string)") %}{% endfor -%}
    {{ return("md5(concat_ws('|', " ~ (texts + lengths) | join(", ") ~ "))") }}
{%- endmacro %}

{# The version of each fact that counts at as_of_date, from rows already limited to what is visible. #}
{% macro latest_version(entity, relation) -%}
    {%- set key = contract_of(entity).meta.get("key", []) -%}
    select * from (
        select
            *,
            row_number() over (
                partition by {{ key | join(", ") }}
                order by {{ version_rank(entity) | join(" desc nulls last, ") }} desc
            ) as version_rank
        from {{ relation }}
    ) as ranked
    where version_rank = 1
{%- endmacro %}

{#
  All versions of each fact, each with the days it counts: `visible_on` to `superseded_on` (null: still counts).
  Exact repeats and versions that were never the latest on any day are dropped.
#}
{% macro version_intervals(entity, relation) -%}
    {%- set key = contract_of(entity).meta.get("key", []) -%}
    select * from (
        select
            *,
            min(visible_on) over (
                partition by {{ key | join(", ") }}
                order by {{ version_rank(entity) | join(" nulls first, ") }}
                rows between 1 following and unbounded following
            ) as superseded_on
        from {{ relation }}
    ) as ordered
    where superseded_on is null or visible_on < superseded_on
{%- endmacro %}

{# Facts whose whole row is their key: repeats collapse, and the first delivery says when it became known. #}
{% macro first_deliveries(entity, relation) -%}
    {%- set names = contract_of(entity).columns | map(attribute="name") | reject("equalto", "known_at") | list -%}
    select
        {{ names | join(",\n        ") }},
        min(known_at) as known_at,
        min(visible_on) as visible_on
    from {{ relation }}
    group by {{ names | join(", ") }}
{%- endmacro %}
