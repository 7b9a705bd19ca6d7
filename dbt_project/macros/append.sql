{#
  Tables that grow. Where the landing zone has only gained since the former run, a model reads what is news and replaces
  the facts that the news touch; with dbt's --full-refresh, and on Spark, it is built whole. Both give the same rows.
#}

{# Raw files of an entity that the former run did not have, as paths below the raw layer; the empty file is always one. #}
{% macro new_raw_files(entity) -%}
    {{ return(rows_of("select raw_file from " ~ source("control", "raw_files") ~ " where entity = '" ~ entity
                      ~ "' and (is_new or is_empty) order by raw_file", [""]) | map(attribute=0) | list) }}
{%- endmacro %}

{# Does a row of an entity's base table come from a new file, or has the day since seen it for the first time? #}
{% macro is_news(entity) -%}
    (
        file in (select file from {{ source("control", "new_files") }} where entity = '{{ entity }}')
        or (
            visible_on > (select max(as_of_date) from {{ source("control", "former_run") }})
            and visible_on <= {{ as_of_date() }}
        )
    )
{%- endmacro %}

{# The keys of an entity's facts that the news touch, from good rows that count by now, or (`seen` false) from all. #}
{% macro news_keys(entity, keys, seen=true) -%}
    select distinct {{ keys | join(", ") }}
    from {{ ref("base_" ~ entity) }}
    where
        {{ is_news(entity) }}
        {%- if seen %}
        and refusals = ''
        and visible_on <= {{ as_of_date() }}
        {%- endif %}
{%- endmacro %}

{# The rows of a relation that speak of facts which the news touch; all of them where the table is built whole. #}
{% macro touched_rows(entity, relation, seen=true) -%}
    {#- While dbt parses it reads on: what a table that is added to depends on stands below. -#}
    {%- if execute and not is_incremental() %}{{ return(relation) }}{% endif -%}
    {%- set keys = key_of(entity) -%}
    (
        select facts.*
        from {{ relation }} as facts
        inner join (
            {{ news_keys(entity, keys, seen) }}
        ) as news
            on
                {%- for key in keys %}
                facts.{{ key }} = news.{{ key }}{{ " and" if not loop.last }}
                {%- endfor %}
    ) as touched
{%- endmacro %}

{#
  The columns by which news and facts are joined, none of them ever absent: the key; where the whole row is the key, its
  required columns. Rows that differ only in others are replaced with them: joins on absent values take fifty times as long.
#}
{% macro key_of(entity) -%}
    {%- set contract = contract_of(entity) -%}
    {%- set required = [] -%}
    {%- for column in contract.columns if (column.config.meta or column.meta).get("required") and column.name != "known_at" -%}
        {%- do required.append(column.name) -%}
    {%- endfor -%}
    {{ return(contract.meta.get("key") or required) }}
{%- endmacro %}
