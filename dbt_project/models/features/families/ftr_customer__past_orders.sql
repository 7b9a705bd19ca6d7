-- One row per customer with a completed order and snapshot date: what the label would have been in the windows that have closed, for the
-- customer and for customers who stood alike when the last of them opened.
-- Group: class of order days × class of silence at C - horizon. Its share is drawn towards that of all by `prior` people.
{% set prior = 20 %}
{% set horizons = horizons("buying") %}
with customers as (
    {{ customers_at_snapshot() }}
),

order_days as (
    select distinct
        customers.customer_id,
        {{ days_ago('orders.occurred_at') }} as days_ago
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where {{ current_at_snapshot('orders') }} and orders.status = 'completed'
),

{{ past_windows("order_days", horizons, prior) }}

select
    customer_id,
    {{ catalogue('past_orders', 'windows') }},
    {{ snapshot_date() }} as as_of_date
from windows
group by customer_id
