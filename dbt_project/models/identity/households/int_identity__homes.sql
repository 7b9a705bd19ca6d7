-- One row per customer whose postcode is known: where its records say that it lives at as_of_date.
-- An address with a number goes before a part of one, then the one that a record began to state last.
with stated as (
    select
        people.customer_no,
        states.record_no,
        states.ended_at,
        states.postcode,
        case when {{ matches('states.street', "'[0-9]'") }} then states.street end as street,
        min(states.known_at) over (partition by states.record_no, states.street, states.postcode) as stated_since
    from {{ ref('int_identity__profile_states') }} as states
    inner join {{ ref('int_identity__customers_now') }} as people
        on states.record_no = people.record_no
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_no
            order by case when street is null then 1 else 0 end, stated_since desc, record_no desc
        ) as choice
    from stated
    where ended_at is null and postcode is not null
)

select
    customer_no,
    street,
    postcode,
    case when street is not null then count(*) over (partition by street, postcode) end as people_there
from ranked
where choice = 1
