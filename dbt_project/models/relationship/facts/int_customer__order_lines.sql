-- One row per line of a customer's completed order, money in the brand's currency. A negative quantity is no purchase.
select
    orders.customer_no,
    orders.source,
    orders.order_id,
    lines.line_no,

    lines.product_id,
    lines.category,
    lines.brand,

    lines.quantity,
    {{ in_brand_currency('lines.amount_in_order_currency', 'orders.currency_rate') }} as amount,
    orders.occurred_at
from {{ ref('int_customer__orders') }} as orders
inner join {{ ref('fct_order_lines') }} as lines
    on orders.source = lines.source and orders.order_id = lines.order_id
where orders.status = 'completed' and lines.quantity >= 0
