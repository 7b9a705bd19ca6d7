-- One row per customer with an order line whose product has a category, and snapshot date: on what the money goes, and how widely.
with customers as (
    {{ customers_at_snapshot() }}
),

categories as (
    select
        customers.customer_id,
        lines.category,
        count(*) as lines,
        min({{ days_ago('orders.occurred_at') }}) as days_ago,
        max({{ days_ago('orders.occurred_at') }}) as first_days_ago
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    inner join customers
        on orders.record_no = customers.record_no
    where
        {{ current_at_snapshot('orders') }}
        and orders.status = 'completed'
        and lines.quantity >= 0
        and lines.category is not null
    group by customers.customer_id, lines.category
),

ranked as (
    select
        *,
        row_number() over (partition by customer_id order by lines desc, days_ago asc, category asc) as category_rank
    from categories
)

select
    customer_id,
    {{ catalogue('categories', 'categories') }},
    {{ snapshot_date() }} as as_of_date
from ranked
group by customer_id
