-- One row per customer of which a record says who it is at as_of_date: the chosen values side by side, each with its source.
select
    customer_no
    {%- for field in golden_fields() %},
    max({{ field }}) as {{ field }}
    {%- endfor %}
    {%- for unit in golden_units() %},
    max(case when unit = '{{ unit }}' then source end) as {{ unit }}_source
    {%- endfor %}
from {{ ref('int_customer__golden_choices') }}
group by customer_no
