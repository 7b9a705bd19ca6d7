-- One row per line of an order, money in the order's currency; who, when and whether it counts are its order's.
-- A negative quantity counts for nothing while its order is completed: that depends on the date, so it stays here.
-- Added to, the lines of an order are replaced when it or one of them is news, or when a product has moved to another category or brand.
-- depends_on: {{ ref('base_orders') }}, {{ ref('base_order_lines') }}
{{ config(materialized=appendable(), unique_key=["source", "order_id"]) }}
{% set order_key = ["source", "order_id"] %}
with
{% if is_incremental() %}
touched as (
    {{ news_keys('orders', order_key) }}
    union
    {{ news_keys('order_lines', order_key, seen=false) }}
    union
    select distinct
        former.source,
        former.order_id
    from {{ this }} as former
    left join {{ ref('dim_products') }} as products
        on former.product_id = products.product_id
    where
        former.category is distinct from products.category
        or former.brand is distinct from products.brand
),
{% endif %}
latest as (
    select * from (
        select
            staged.*,
            row_number() over (
                partition by staged.source, staged.order_id, staged.line_no
                order by {{ row_digest(['product_id', 'quantity', 'amount']) }} desc
            ) as version_rank
        from {{ ref('stg_order_lines') }} as staged
        {% if is_incremental() %}
        inner join touched
            on staged.source = touched.source and staged.order_id = touched.order_id
        {% endif %}
    ) as ranked
    where version_rank = 1
)

select
    latest.source,
    latest.order_id,
    latest.line_no,
    latest.product_id,
    products.category,
    products.brand,

    latest.quantity,
    latest.amount as amount_in_order_currency
from latest
left join {{ ref('dim_products') }} as products
    on latest.product_id = products.product_id
