-- One row per customer for whom a product launched in the last 60 days is of the category or the brand it buys most.
with launched as (
    select
        product_id,
        name,
        category,
        brand,
        launched_at
    from {{ ref('dim_products') }}
    where launched_at >= {{ as_of_date() }} - 60 and launched_at < {{ as_of_date() }}
),

favourites as (
    select
        customer_no,
        topic,
        choice
    from {{ ref('int_customer__favourites') }}
    where topic in ('category', 'brand')
),

ranked as (
    select
        favourites.customer_no,
        launched.product_id,
        launched.name,
        row_number() over (
            partition by favourites.customer_no
            order by launched.launched_at desc, case when favourites.topic = 'brand' then 1 else 2 end, launched.product_id asc
        ) as newness
    from favourites
    inner join launched
        on favourites.choice = case when favourites.topic = 'category' then launched.category else launched.brand end
)

select
    customer_no,
    product_id as new_product_id,
    coalesce(name, product_id) as new_product_name
from ranked
where newness = 1
