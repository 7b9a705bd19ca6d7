-- One row per feature of customer_features: the family whose table it comes from.
{{ config(materialized='table') }}
{% set families = feature_families() %}
{% for family in families -%}
-- depends_on: {{ ref('ftr_customer__' ~ family) }}
{% endfor -%}
select
    cast(null as string) as feature,
    cast(null as string) as family
where 1 = 0
{%- for family in families %}
{%- for column in family_columns("ftr_customer__" ~ family) %}
union all
select
    '{{ column }}' as feature,
    '{{ family }}' as family
{%- endfor %}
{%- endfor %}
