-- One row per product with a category; where no product has one, with a brand in its place.
with has_categories as (
    select count(category) as categories from {{ ref('dim_products') }}
)

select
    products.product_id,
    case when has_categories.categories > 0 then products.category else products.brand end as category
from {{ ref('dim_products') }} as products
cross join has_categories
where case when has_categories.categories > 0 then products.category else products.brand end is not null
