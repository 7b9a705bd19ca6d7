-- One row per customer who bought or sold in the 365 days before as_of_date: on how many days, how often, for how much.
with orders as (
    select
        customer_no,
        seller_no,
        cast(occurred_at as date) as order_date,
        amount
    from {{ ref('int_customer__orders') }}
    where status = 'completed' and occurred_at >= {{ as_of_date() }} - 365
),

bought as (
    select
        customer_no,
        count(distinct order_date) as order_days_count_365d,
        count(*) as orders_count_365d,
        sum(amount) as orders_amount_365d
    from orders
    group by customer_no
),

-- What staff sell to themselves is their own purchase.
sold as (
    select
        seller_no as customer_no,
        count(distinct order_date) as sold_days_count_365d,
        count(*) as sold_orders_count_365d,
        sum(amount) as sold_amount_365d
    from orders
    where seller_no is not null and seller_no <> customer_no
    group by seller_no
),

traders as (
    select customer_no from bought
    union
    select customer_no from sold
)

select
    traders.customer_no,
    coalesce(bought.order_days_count_365d, 0) as order_days_count_365d,
    coalesce(bought.orders_count_365d, 0) as orders_count_365d,
    coalesce(bought.orders_amount_365d, 0) as orders_amount_365d,
    coalesce(sold.sold_days_count_365d, 0) as sold_days_count_365d,
    coalesce(sold.sold_orders_count_365d, 0) as sold_orders_count_365d,
    coalesce(sold.sold_amount_365d, 0) as sold_amount_365d
from traders
left join bought
    on traders.customer_no = bought.customer_no
left join sold
    on traders.customer_no = sold.customer_no
