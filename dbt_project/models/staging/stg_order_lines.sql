-- One row per delivered order line whose order as_of_date can see; the other lines wait for their order.
-- A negative quantity on a completed order is refused here, because only the order tells its status.
with accepted as (
    select * from {{ ref('base_order_lines') }}
    where refusals = ''
),

orders as (
    select * from {{ ref('int_landing__orders_seen') }}
    where visible_on <= {{ as_of_date() }}
)

select
    accepted.source,
    accepted.order_id,
    accepted.line_no,
    accepted.product_id,

    accepted.quantity,
    accepted.amount,

    accepted.file,
    accepted.file_row,
    accepted.row_hash,
    orders.visible_on,
    orders.status_now = 'completed' and accepted.quantity < 0 as is_refused
from accepted
inner join orders
    on accepted.source = orders.source and accepted.order_id = orders.order_id
