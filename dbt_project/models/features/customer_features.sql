-- One row per customer of the cohort and snapshot date: every feature, as a 32-bit float. The columns of this
-- table are the feature list. A count or amount of nothing is 0; a time since something that never was is null.
{% set families = ["orders", "baskets", "interactions", "shares", "tenure"] %}
-- depends_on: {{ ref('ftr_customer__orders') }}, {{ ref('ftr_customer__baskets') }}
-- depends_on: {{ ref('ftr_customer__interactions') }}, {{ ref('ftr_customer__shares') }}, {{ ref('ftr_customer__tenure') }}
select
    cohort.customer_id,
    cohort.as_of_date
    {%- for family in families %}
    {%- for column in family_columns("ftr_customer__" ~ family) %},
    {% if "_count" in column or "_amount_" in column and not column.endswith("ratio") -%}
    coalesce({{ family }}.{{ column }}, cast(0 as float)) as {{ column }}
    {%- else -%}
    {{ family }}.{{ column }}
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
from {{ ref('customer_cohort') }} as cohort
{% for family in families -%}
left join {{ ref('ftr_customer__' ~ family) }} as {{ family }}
    on
        cohort.customer_id = {{ family }}.customer_id
        and {{ family }}.as_of_date = {{ snapshot_date() }}
{% endfor -%}
where cohort.as_of_date = {{ snapshot_date() }}
