{# A count in words: `1 day`, `3 days`. #}
{% macro counted(count, one, more) -%}
    cast({{ count }} as string) || case when {{ count }} = 1 then ' {{ one }}' else ' {{ more }}' end
{%- endmacro %}
