-- One row per line of an order, money in the order's currency; who, when and whether it counts are its order's.
-- A negative quantity counts for nothing while its order is completed: that depends on the date, so it stays here.
with latest as (
    select * from (
        select
            *,
            row_number() over (
                partition by source, order_id, line_no
                order by {{ row_digest(['product_id', 'quantity', 'amount']) }} desc
            ) as version_rank
        from {{ ref('stg_order_lines') }}
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
