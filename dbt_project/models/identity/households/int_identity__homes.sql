-- One row per customer whose postcode is known: where its records say that it lives at as_of_date.
-- An address with a number goes before a part of one, then the one that a record began to state last.
with stated as (
    select
        people.customer_no,
        states.record_no,
        states.known_at,
        states.ended_at,
        states.postcode,
        {{ house_key('states.street') }} as house
    from {{ ref('int_identity__profile_states') }} as states
    inner join {{ ref('int_identity__customers_now') }} as people
        on states.record_no = people.record_no
),

dated as (
    select
        *,
        min(known_at) over (partition by record_no, house, postcode) as stated_since
    from stated
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_no
            order by case when house is null then 1 else 0 end, stated_since desc, record_no desc
        ) as choice
    from dated
    where ended_at is null and postcode is not null
)

select
    customer_no,
    house,
    postcode,
    case when house is not null then count(*) over (partition by house, postcode) end as people_there
from ranked
where choice = 1
