-- One row per customer of the cohort and snapshot date: every feature, as a 32-bit float. The columns of this
-- table are the feature list. A family that is absent on the run's day has no columns here.
{% set zeros = zero_when_empty() %}
select
    cohort.customer_id,
    cohort.as_of_date
    {%- for family in feature_families() %}
    {%- for column in family_columns("ftr_customer__" ~ family) %},
    {% if column in zeros -%}
    coalesce({{ family }}.{{ column }}, cast(0 as float)) as {{ column }}
    {%- else -%}
    {{ family }}.{{ column }}
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
from {{ ref('customer_cohort') }} as cohort
{% for family in feature_families() if family_columns("ftr_customer__" ~ family) or not execute -%}
left join {{ ref('ftr_customer__' ~ family) }} as {{ family }}
    on
        cohort.customer_id = {{ family }}.customer_id
        and {{ family }}.as_of_date = {{ snapshot_date() }}
{% endfor -%}
where cohort.as_of_date = {{ snapshot_date() }}
