-- One row per line of an order, money in the brand's currency; who and when are its order's.
with accepted as (
    select * from {{ ref('stg_order_lines') }}
    where not is_refused
),

latest as (
    select * from (
        select
            *,
            row_number() over (
                partition by source, order_id, line_no
                order by {{ row_digest(['product_id', 'quantity', 'amount']) }} desc
            ) as version_rank
        from accepted
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
    cast(latest.amount * orders.currency_rate as decimal(18, 4)) as amount
from latest
inner join {{ ref('int_landing__orders_seen') }} as orders
    on latest.source = orders.source and latest.order_id = orders.order_id
left join {{ ref('dim_products') }} as products
    on latest.product_id = products.product_id
