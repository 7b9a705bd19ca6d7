-- One row per customer with a profile at as_of_date: of each field the value that became known last.
{% set fields = ["name", "given_name", "family_name", "email", "phone", "birth_date", "gender", "street", "city", "postcode", "country"] %}
with stated as (
    {% for field in fields %}
    {{ "union all" if not loop.first }}
    select
        source,
        source_key,
        known_at,
        '{{ field }}' as field,
        cast({{ field }} as varchar) as stated_value
    from {{ ref('stg_profiles') }}
    where {{ field }} is not null
    {% endfor %}
),

ranked as (
    select
        people.customer_no,
        stated.field,
        stated.stated_value,
        row_number() over (
            partition by people.customer_no, stated.field
            order by stated.known_at desc, stated.source asc, stated.source_key asc, stated.stated_value asc
        ) as choice_rank
    from stated
    inner join {{ ref('int_identity__customers_now') }} as people
        on stated.source = people.source and stated.source_key = people.source_key
)

select
    customer_no
    {%- for field in fields %},
    max(case when field = '{{ field }}' then stated_value end) as {{ field }}
    {%- endfor %}
from ranked
where choice_rank = 1
group by customer_no
