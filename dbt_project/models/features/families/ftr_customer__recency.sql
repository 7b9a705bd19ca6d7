-- One row per customer with a completed order and snapshot date: how long silent, against the own gaps.
with rhythm as (
    select * from {{ ref('int_snapshot__order_rhythm') }}
    where as_of_date = {{ snapshot_date() }}
)

select
    customer_id,
    as_of_date,
    {{ catalogue('recency', 'rhythm') }}
from rhythm
