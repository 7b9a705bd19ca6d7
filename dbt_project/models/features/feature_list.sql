-- One row per feature of customer_features: the family whose table it comes from.
{{ config(materialized='table') }}
{% set families = feature_families() %}
{% for family in families -%}
-- depends_on: {{ ref('ftr_customer__' ~ family) }}
{% endfor -%}
-- A list of values is one task to Spark; a union would be one, and one file, for each of some hundred features.
select
    known.feature,
    known.family
from (
    values
    (cast(null as string), cast(null as string))
    {%- for family in families %}
    {%- for column in family_columns("ftr_customer__" ~ family) %}
    , ('{{ column }}', '{{ family }}')
    {%- endfor %}
    {%- endfor %}
) as known (feature, family)
where known.feature is not null
