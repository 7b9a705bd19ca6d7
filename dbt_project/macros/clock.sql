{# 00:00 of the day the run speaks for, in the brand's time. #}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}

{#
  The date a snapshot model speaks for: the run's own date, or one of the earlier cut-offs it trains on.
  The materialization `snapshot_dates` puts each date in the place of this token, one query per date.
#}
{% macro snapshot_date() -%}
    cast('__snapshot_date__' as date)
{%- endmacro %}

{# The first midnight strictly after an instant: the first as_of_date that can see a fact known then. #}
{% macro first_midnight_after(instant) -%}
    (cast({{ instant }} as date) + 1)
{%- endmacro %}

{# The rows of a query, while models are built; one row of blanks while dbt only parses. #}
{% macro rows_of(query, blanks) -%}
    {{ return(run_query(query).rows if execute else [blanks]) }}
{%- endmacro %}

{# A scalar of the run's settings (kith.toml or KITH_*), as a SQL literal. #}
{% macro setting(name) -%}
    {%- if execute -%}
        {%- set value = run_query("select " ~ name ~ " from " ~ source("control", "settings")).columns[0].values()[0] -%}
        {%- if value is none -%}null
        {%- elif value is boolean or value is number -%}{{ value }}
        {%- else -%}'{{ value | replace("'", "''") }}'
        {%- endif -%}
    {%- else -%}null
    {%- endif -%}
{%- endmacro %}
