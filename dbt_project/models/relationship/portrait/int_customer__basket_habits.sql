-- One row per customer with order lines: how many things, how different ones, how often again, at what price against the list.
with lines as (
    select
        lines.customer_no,
        lines.source,
        lines.order_id,
        lines.product_id,
        lines.category,
        lines.brand,
        lines.quantity,
        lines.amount,
        products.list_price,
        -- Bought within 90 days of its launch: a season, in most assortments.
        case when {{ days_between("lines.occurred_at", "products.launched_at") }} between 0 and 89 then 1 else 0 end as is_new_product,
        case when products.launched_at is not null then 1 else 0 end as launch_is_known
    from {{ ref('int_customer__order_lines') }} as lines
    left join {{ ref('dim_products') }} as products
        on lines.product_id = products.product_id
),

baskets as (
    select
        customer_no,
        count(*) as orders_count,
        count(case when lines_count = 1 and items_count <= 1 then 1 end) as single_item_orders_count
    from (
        select
            customer_no,
            count(*) as lines_count,
            sum(quantity) as items_count
        from lines
        group by customer_no, source, order_id
    ) as orders
    group by customer_no
),

products as (
    select
        customer_no,
        product_id,
        category,
        brand,
        count(*) as lines_count,
        sum(quantity) as items_count,
        sum(case when list_price > 0 then amount end) as listed_amount,
        sum(case when list_price > 0 then quantity * list_price end) as list_amount,
        sum(case when list_price > 0 then quantity end) as listed_items_count,
        sum(is_new_product) as new_product_lines_count,
        sum(launch_is_known) as launch_known_lines_count
    from lines
    group by customer_no, product_id, category, brand
),

totals as (
    select
        customer_no,
        sum(lines_count) as lines_count,
        sum(items_count) as items_count,
        count(*) as products_count,
        count(case when lines_count > 1 then 1 end) as products_again_count,
        count(distinct category) as categories_count,
        count(distinct brand) as brands_count,
        sum(listed_amount) as listed_amount,
        sum(list_amount) as list_amount,
        sum(listed_items_count) as listed_items_count,
        sum(new_product_lines_count) as new_product_lines_count,
        sum(launch_known_lines_count) as launch_known_lines_count
    from products
    group by customer_no
),

measured as (
    select
        totals.customer_no,
        baskets.orders_count,
        baskets.single_item_orders_count,
        cast(totals.lines_count as bigint) as lines_count,
        cast(totals.items_count as decimal(18, 0)) as items_count,
        totals.products_count,
        totals.products_again_count,
        totals.categories_count,
        totals.brands_count,
        cast(totals.new_product_lines_count as bigint) as new_product_lines_count,
        cast(totals.launch_known_lines_count as bigint) as launch_known_lines_count,
        {{ decimal_of("cast(totals.items_count as double) / nullif(baskets.orders_count, 0)", 18, 1) }} as items_per_order,
        {{ percent("totals.listed_amount", "totals.list_amount") }} as list_price_percent,
        {{ decimal_of("cast(totals.list_amount as double) / nullif(cast(totals.listed_items_count as double), 0)", 18, 2) }} as list_price_average
    from totals
    inner join baskets
        on totals.customer_no = baskets.customer_no
)

select
    *,
    {{ place_among("items_per_order", "true") }} as basket_place,
    {{ place_among("-list_price_percent", "list_price_percent < 99") }} as bargain_place,
    {{ place_among("list_price_average", "list_price_average is not null") }} as price_class_place,
    {{ percent("sum(new_product_lines_count) over ()", "sum(launch_known_lines_count) over ()") }} as brand_new_product_percent
from measured
