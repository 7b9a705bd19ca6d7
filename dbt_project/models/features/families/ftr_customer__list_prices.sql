-- One row per customer with an order line of a priced product and snapshot date: what is paid against the list, and how dear the choice is.
with customers as (
    {{ customers_at_snapshot() }}
),

lines as (
    select
        customers.customer_id,
        lines.quantity,
        cast(lines.quantity * products.list_price as decimal(28, 4)) as list_amount,
        {{ in_brand_currency('lines.amount_in_order_currency', 'orders.currency_rate') }} as amount,
        {{ days_ago('orders.occurred_at') }} as days_ago
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('dim_products') }} as products
        on lines.product_id = products.product_id
    inner join {{ ref('fct_orders') }} as orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    inner join customers
        on orders.record_no = customers.record_no
    where
        {{ current_at_snapshot('orders') }}
        and orders.status = 'completed'
        and lines.quantity > 0
        and products.list_price > 0
)

select
    customer_id,
    {{ catalogue('list_prices', 'lines') }},
    {{ snapshot_date() }} as as_of_date
from lines
group by customer_id
