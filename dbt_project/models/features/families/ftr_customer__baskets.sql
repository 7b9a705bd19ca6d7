-- One row per customer with an order line and snapshot date: what the baskets hold, and whether things come back.
with customers as (
    {{ customers_at_snapshot() }}
),

bought as (
    select
        customers.customer_id,
        lines.product_id,
        {{ days_ago('orders.occurred_at') }} as days_ago,
        count(*) as lines,
        sum(lines.quantity) as quantity,
        sum({{ in_brand_currency('lines.amount_in_order_currency', 'orders.currency_rate') }}) as amount
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    inner join customers
        on orders.record_no = customers.record_no
    where {{ current_at_snapshot('orders') }} and orders.status = 'completed' and lines.quantity >= 0
    group by customers.customer_id, lines.product_id, {{ days_ago('orders.occurred_at') }}
),

placed as (
    select
        *,
        max(days_ago) over (partition by customer_id, product_id) as first_days_ago,
        min(days_ago) over (partition by customer_id) as last_days_ago
    from bought
),

lines as (
    select
        customer_id,
        {{ catalogue('baskets', 'lines') }}
    from placed
    group by customer_id
),

goods as (
    select
        customer_id,
        product_id,
        sum(lines) as lines,
        count(*) as days,
        min(days_ago) as days_ago,
        max(days_ago) as first_days_ago
    from bought
    group by customer_id, product_id
),

products as (
    select
        customer_id,
        {{ catalogue('baskets', 'products') }}
    from goods
    group by customer_id
),

joined as (
    select *
    from lines
    inner join products using (customer_id)
)

select
    joined.*,
    {{ catalogue('baskets', 'joined') }},
    {{ snapshot_date() }} as as_of_date
from joined
