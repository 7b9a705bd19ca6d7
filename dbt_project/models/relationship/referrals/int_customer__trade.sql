-- One row per customer who bought or sold in the 365 days before as_of_date: on how many days, how often, for how much.
with bought as (
    select
        customer_no,
        count(distinct cast(occurred_at as date)) as order_days_count_365d,
        count(*) as orders_count_365d,
        sum(amount) as orders_amount_365d
    from {{ ref('int_customer__orders') }}
    where status = 'completed' and occurred_at >= {{ as_of_date() }} - 365
    group by customer_no
),

sold as (
    select *
    from {{ ref('int_customer__sales') }}
    where sold_orders_count_365d > 0
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
    coalesce(sold.sold_orders_amount_365d, 0) as sold_amount_365d
from traders
left join bought
    on traders.customer_no = bought.customer_no
left join sold
    on traders.customer_no = sold.customer_no
