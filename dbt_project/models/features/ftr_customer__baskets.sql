-- One row per customer with an order line and snapshot date: what the baskets hold, and whether things come back.
with customers as (
    {{ customers_at_snapshot() }}
),

lines as (
    select
        customers.customer_id,
        orders.source,
        orders.order_id,
        lines.product_id,
        lines.category,
        lines.quantity,
        {{ in_brand_currency('lines.amount_in_order_currency', 'orders.currency_rate') }} as amount,
        {{ days_ago('orders.occurred_at') }} as days_ago
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    inner join customers
        on orders.record_no = customers.record_no
    where {{ current_at_snapshot('orders') }} and orders.status = 'completed' and lines.quantity >= 0
),

baskets as (
    select
        customer_id,
        {{ windowed_counts('order_lines', [30, 90, 365]) }},
        {{ as_feature('count(*)') }} as order_lines_count_all,
        {{ as_feature('count(distinct product_id)') }} as products_count_all,
        {{ as_feature('count(distinct case when days_ago <= 90 then product_id end)') }} as products_count_90d,
        {{ as_feature('count(distinct category)') }} as categories_count_all,
        {{ as_feature('sum(quantity)') }} as items_count_all,
        {{ ratio('count(*)', "count(distinct concat_ws('|', source, order_id))") }} as lines_per_order,
        {{ ratio('sum(amount)', 'sum(quantity)') }} as mean_item_price
    from lines
    group by customer_id
)

select
    baskets.*,
    {{ ratio('order_lines_count_all - products_count_all', 'order_lines_count_all') }} as repeat_lines_share,
    {{ snapshot_date() }} as as_of_date
from baskets
