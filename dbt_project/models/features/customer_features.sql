-- One row per customer of the cohort and snapshot date: every feature, as a 32-bit float. The columns of this
-- table are the feature list. A family that is absent on the run's day has no columns here.
-- Families are joined a few at a time: in one chain of joins every column would be passed on by all joins after its own.
{% set zeros = zero_when_empty() %}
{% set present = [] %}
{% for family in feature_families() if family_columns("ftr_customer__" ~ family) or not execute -%}
{% do present.append(family) %}
{%- endfor -%}
{% set groups = present | batch(6) | list %}
with cohort as (
    select
        customer_id,
        as_of_date
    from {{ ref('customer_cohort') }}
    where as_of_date = {{ snapshot_date() }}
)
{%- for group in groups %},

group_{{ loop.index }} as {{ worked_out_once() }} (
    select
        cohort.customer_id
        {%- for family in group %}
        {%- for column in family_columns("ftr_customer__" ~ family) %},
        {% if column in zeros -%}
        coalesce({{ family }}.{{ column }}, cast(0 as float)) as {{ column }}
        {%- else -%}
        {{ family }}.{{ column }}
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
    from cohort
    {% for family in group -%}
    left join {{ ref('ftr_customer__' ~ family) }} as {{ family }}
        on
            cohort.customer_id = {{ family }}.customer_id
            and {{ family }}.as_of_date = {{ snapshot_date() }}
    {% endfor -%}
)
{%- endfor %}

select
    cohort.customer_id,
    cohort.as_of_date
    {%- for group in groups %}
    {%- set number = loop.index %}
    {%- for family in group %}
    {%- for column in family_columns("ftr_customer__" ~ family) %},
    group_{{ number }}.{{ column }}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
from cohort
{%- for group in groups %}
inner join group_{{ loop.index }}
    on cohort.customer_id = group_{{ loop.index }}.customer_id
{%- endfor %}
