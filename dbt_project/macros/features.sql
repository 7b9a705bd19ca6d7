{# The customer of each record on the snapshot's date. #}
{% macro customers_at_snapshot() -%}
    select
        record_no,
        customer_no,
        customer_id
    from {{ ref('customer_map') }}
    where
        valid_from <= {{ snapshot_date() }}
        and (valid_to is null or valid_to > {{ snapshot_date() }})
{%- endmacro %}

{# What the snapshot's date can see of a fact that has no versions. #}
{% macro visible_at_snapshot(fact) -%}
    {{ fact }}.visible_on <= {{ snapshot_date() }}
{%- endmacro %}

{# The version of a fact that counts on the snapshot's date. #}
{% macro current_at_snapshot(fact) -%}
    {{ fact }}.visible_on <= {{ snapshot_date() }}
    and ({{ fact }}.superseded_on is null or {{ fact }}.superseded_on > {{ snapshot_date() }})
{%- endmacro %}

{# Whole days from a fact to the snapshot's date: 1 is the day before; a window of n days is `<= n`. #}
{% macro days_ago(instant) -%}
    {{ days_between(snapshot_date(), instant) }}
{%- endmacro %}

{# `<noun>_count_<n>d` for each window, from rows that carry days_ago. #}
{% macro windowed_counts(noun, windows, condition="true") -%}
    {%- for days in windows %}
    {{ as_feature("count(case when days_ago <= " ~ days ~ " and " ~ condition ~ " then 1 end)") }} as {{ noun }}_count_{{ days }}d
    {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# `<noun>_amount_<n>d` for each window, an exact sum before it becomes a float. #}
{% macro windowed_amounts(noun, windows) -%}
    {%- for days in windows %}
    {{ as_feature("coalesce(sum(case when days_ago <= " ~ days ~ " then amount end), 0)") }} as {{ noun }}_amount_{{ days }}d
    {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Features are stored as 32-bit floats; sums before the cast are exact, so the float repeats to the bit. #}
{% macro as_feature(expression) -%}
    cast({{ expression }} as float)
{%- endmacro %}

{# A ratio that is null instead of an error when there is nothing to divide by. #}
{% macro ratio(numerator, denominator) -%}
    {{ as_feature("cast(" ~ numerator ~ " as double) / nullif(cast(" ~ denominator ~ " as double), 0)") }}
{%- endmacro %}

{# Sample standard deviation from exact integer sums, so that it does not depend on the order of the rows. #}
{% macro exact_stddev(column) -%}
    {{ as_feature("sqrt(greatest(cast(count(" ~ column ~ ") * sum(" ~ column ~ " * " ~ column ~ ") - sum(" ~ column ~ ") * sum(" ~ column ~ ") as double), 0)"
        ~ " / nullif(cast(count(" ~ column ~ ") * (count(" ~ column ~ ") - 1) as double), 0))") }}
{%- endmacro %}

{# The feature columns of a family, as its built table has them: nobody types the list twice. #}
{% macro family_columns(family) -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(ref(family)) if column.name not in ("customer_id", "as_of_date") -%}
            {%- do names.append(column.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}

{# Ratios in published tables carry nine significant digits. #}
{% macro significant(expression) -%}
    case
        when {{ expression }} is null then null
        when {{ expression }} = 0 then cast(0 as double)
        else round({{ expression }}, cast(8 - floor(log10(abs({{ expression }}))) as integer))
    end
{%- endmacro %}
