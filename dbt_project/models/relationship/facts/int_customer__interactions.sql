-- One row per interaction of a customer at as_of_date.
select
    people.customer_no,
    people.source,
    interactions.kind,
    interactions.channel,
    interactions.place,
    interactions.product_id,
    interactions.query,

    interactions.duration_seconds,
    interactions.rating,
    interactions.text,

    interactions.occurred_at
from {{ ref('fct_interactions') }} as interactions
inner join {{ ref('int_identity__customers_now') }} as people
    on interactions.record_no = people.record_no
