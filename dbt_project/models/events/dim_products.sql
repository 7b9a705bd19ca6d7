-- One row per product of the assortment.
select
    product_id,
    name,
    category,
    brand,
    list_price,
    launched_at
from (
    {{ latest_version('products', ref('stg_products')) }}
) as latest
