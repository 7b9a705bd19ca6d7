-- One row per order of the landing zone, with the day it first becomes visible and its status at as_of_date.
with accepted as (
    select * from {{ ref('base_orders') }}
    where refusals = ''
),

first_seen as (
    select
        source,
        order_id,
        min(visible_on) as visible_on
    from accepted
    group by source, order_id
),

latest as (
    {{ latest_version('orders', ref('stg_orders')) }}
)

select
    first_seen.source,
    first_seen.order_id,
    first_seen.visible_on,
    latest.status as status_now,
    latest.currency_rate
from first_seen
left join latest
    on first_seen.source = latest.source and first_seen.order_id = latest.order_id
