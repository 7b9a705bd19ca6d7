-- One row per customer and family name that its records state at as_of_date.
select distinct
    people.customer_no,
    states.family
from {{ ref('int_identity__profile_states') }} as states
inner join {{ ref('int_identity__customers_now') }} as people
    on states.record_no = people.record_no
where states.ended_at is null and states.family is not null
