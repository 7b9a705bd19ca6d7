-- One row per customer with a completed order and snapshot date: how evenly the orders are spread over time.
with rhythm as (
    select * from {{ ref('int_snapshot__order_rhythm') }}
    where as_of_date = {{ snapshot_date() }}
)

select
    customer_id,
    as_of_date,
    {{ catalogue('regularity', 'rhythm') }}
from rhythm
