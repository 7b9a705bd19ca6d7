-- One row per customer, snapshot date and category that it bought from or looked at: how much of each, the recent counting more.
-- A purchase counts half after half a year, a look after two weeks. Weights are decimals, so that sums repeat to the bit.
{% set half_lives = {"bought": 182, "looked": 14} %}
with customers as (
    {{ customers_at_snapshot() }}
),

bought as (
    select
        customers.customer_id,
        subjects.category,
        {{ days_ago('orders.occurred_at') }} as days_ago
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    inner join customers
        on orders.record_no = customers.record_no
    inner join {{ ref('product_categories') }} as subjects
        on lines.product_id = subjects.product_id
    where {{ current_at_snapshot('orders') }} and orders.status = 'completed' and lines.quantity >= 0
),

looked as (
    select
        customers.customer_id,
        subjects.category,
        {{ days_ago('interactions.occurred_at') }} as days_ago
    from {{ ref('fct_interactions') }} as interactions
    inner join {{ ref('journey_kinds') }} as kinds
        on interactions.kind = kinds.kind
    inner join customers
        on interactions.record_no = customers.record_no
    inner join {{ ref('product_categories') }} as subjects
        on interactions.product_id = subjects.product_id
    where
        {{ visible_at_snapshot('interactions') }}
        and kinds.stage in ('interest', 'search')
        and {{ days_ago('interactions.occurred_at') }} <= 90
),

signs as (
    {% for sign, half_life in half_lives.items() -%}
    {{ "union all" if not loop.first }}
    select
        customer_id,
        category,
        '{{ sign }}' as sign,
        sum({{ decimal_of("power(cast(0.5 as double), cast(days_ago as double) / " ~ half_life ~ ")", 18, 9) }}) as weight
    from {{ sign }}
    group by customer_id, category
    {% endfor %}
)

select
    customer_id,
    {{ snapshot_date() }} as as_of_date,
    category
    {%- for sign in half_lives %},
    cast(coalesce(sum(case when sign = '{{ sign }}' then weight end), 0) as double) as {{ sign }}
    {%- endfor %}
from signs
group by customer_id, category
