{# How many generations above a buyer the seed reward_rules hands something to. #}
{% macro reward_generations() -%}
    {%- set query = "select coalesce(max(generation), 1) as generations from " ~ ref("reward_rules") -%}
    {{ return(rows_of(query, [1])[0][0] | int) }}
{%- endmacro %}
