-- One row per snapshot date and category sold in the 90 days before it.
select
    {{ snapshot_date() }} as as_of_date,
    subjects.category,
    cast(count(*) as bigint) as lines_count
from {{ ref('fct_order_lines') }} as lines
inner join {{ ref('fct_orders') }} as orders
    on lines.source = orders.source and lines.order_id = orders.order_id
inner join {{ ref('product_categories') }} as subjects
    on lines.product_id = subjects.product_id
where
    {{ current_at_snapshot('orders') }}
    and orders.status = 'completed'
    and lines.quantity >= 0
    and {{ days_ago('orders.occurred_at') }} <= 90
group by subjects.category
