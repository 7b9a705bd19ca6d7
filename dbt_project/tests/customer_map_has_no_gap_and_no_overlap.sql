-- A record belongs to one customer on every day from its first on: each stretch ends where the next begins, the last one is open.
with stretches as (
    select
        record_no,
        customer_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by record_no order by valid_from, customer_id) as next_from
    from {{ ref('customer_map') }}
)

select *
from stretches
where
    customer_id is null
    or valid_from is null
    or valid_to <= valid_from
    or valid_to is distinct from next_from
