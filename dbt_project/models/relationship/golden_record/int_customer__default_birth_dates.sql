-- One row per birth date that stands for "not said": so many more customers state it than the usual date that a form must put
-- it in by itself.
{% set outlandish_times = 20 %}
with dates as (
    select
        profiles.birth_date,
        count(distinct people.customer_no) as customers_count
    from {{ ref('stg_profiles') }} as profiles
    inner join {{ ref('int_identity__customers_now') }} as people
        on profiles.source = people.source and profiles.source_key = people.source_key
    where profiles.birth_date is not null
    group by profiles.birth_date
),

typical as (
    select percentile_cont(0.5) within group (order by customers_count) as customers_count from dates
)

select dates.birth_date
from dates
cross join typical
where dates.customers_count > {{ outlandish_times }} * typical.customers_count
