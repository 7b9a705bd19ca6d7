-- One row per customer, cut-off and category of its next order: what the first completed order within the horizon held.
with labelled as (
    select
        customer_id,
        as_of_date,
        max(horizon_days) as horizon_days
    from {{ ref('customer_labels') }}
    where as_of_date = {{ snapshot_date() }} and target = 'next_purchase' and label = 1
    group by customer_id, as_of_date
),

persons as (
    {{ people_behind_customers() }}
),

orders_now as (
    {{ latest_completed_orders() }}
),

orders as (
    select
        labelled.customer_id,
        labelled.as_of_date,
        orders_now.source,
        orders_now.order_id,
        rank() over (partition by labelled.customer_id order by orders_now.occurred_at asc) as place
    from orders_now
    inner join {{ ref('int_identity__customers_now') }} as people_now
        on orders_now.record_no = people_now.record_no
    inner join persons
        on people_now.customer_no = persons.customer_no
    inner join labelled
        on persons.customer_id = labelled.customer_id
    where
        orders_now.occurred_at >= {{ snapshot_date() }}
        and orders_now.occurred_at < {{ snapshot_date() }} + labelled.horizon_days
)

-- Orders of the same instant are one: nobody could say which came first.
select distinct
    orders.customer_id,
    orders.as_of_date,
    subjects.category
from orders
inner join {{ ref('fct_order_lines') }} as lines
    on orders.source = lines.source and orders.order_id = lines.order_id
inner join {{ ref('product_categories') }} as subjects
    on lines.product_id = subjects.product_id
where orders.place = 1 and lines.quantity >= 0
