-- One row per customer scored for next_purchase, horizon of the model and day of its curve: how likely an order is by then.
select
    {{ as_of_date() }} as as_of_date,
    customer_id,
    horizon_days,
    days,
    {{ as_of_date() }} + days as ordered_before,
    probability
from {{ source('scores', 'purchase_timing') }}
