{#
  Tables that grow. Where the landing zone has only gained since the former run, a model reads what is news and replaces
  the facts that the news touch; with dbt's --full-refresh, and on Spark, it is built whole. Both give the same rows.
#}

{# How a model is built that can be added to. #}
{% macro appendable() %}{{ return(adapter.dispatch("appendable")()) }}{% endmacro %}
{% macro duckdb__appendable() %}{{ return("incremental") }}{% endmacro %}
{% macro default__appendable() %}{{ return("table") }}{% endmacro %}

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
{% macro touched_rows(entity, relation, keys=none, seen=true) -%}
    {#- While dbt parses it reads on: what a table that is added to depends on stands below. -#}
    {%- if execute and not is_incremental() %}{{ return(relation) }}{% endif -%}
    {%- set keys = keys or key_of(entity) -%}
    (
        select facts.*
        from {{ relation }} as facts
        inner join (
            {{ news_keys(entity, keys, seen) }}
        ) as news
            on {{ same_values("facts", "news", keys) }}
    ) as touched
{%- endmacro %}

{# The columns that tell the facts of an entity apart; where the whole row is the key, all but known_at. #}
{% macro key_of(entity) -%}
    {%- set contract = contract_of(entity) -%}
    {{ return(contract.meta.get("key") or (contract.columns | map(attribute="name") | reject("equalto", "known_at") | list)) }}
{%- endmacro %}

{# Two rows agree in these columns, in what is absent too. #}
{% macro same_values(one, other, columns) -%}
    {%- for column in columns -%}
    {{ "and " if not loop.first }}{{ one }}.{{ column }} is not distinct from {{ other }}.{{ column }}{{ " " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# dbt's incremental strategy `replace_facts`: as its delete+insert, for keys with absent values too; without a key, rows are added. #}
{% macro get_incremental_replace_facts_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments.dest_columns | map(attribute="name")) -%}
    {%- if arguments.unique_key %}
    delete from {{ arguments.target_relation }} as former
    using {{ arguments.temp_relation }} as touched
    where {{ same_values("former", "touched", arguments.unique_key) }};
    {%- endif %}

    insert into {{ arguments.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arguments.temp_relation }}
{%- endmacro %}
