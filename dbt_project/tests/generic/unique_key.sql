{# The columns tell every row apart, and none of them is null. #}
{% test unique_key(model, columns) %}
{%- set key = [] -%}
{%- for column in columns %}{% do key.append(adapter.quote(column)) %}{% endfor -%}
select
    {{ key | join(",\n    ") }},
    count(*) as rows_count
from {{ model }}
group by {{ key | join(", ") }}
having
    count(*) > 1
    {%- for column in key %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}
