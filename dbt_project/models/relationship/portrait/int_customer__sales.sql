-- One row per customer who sold an order to somebody else: what sellers and staff sell, apart from what they buy.
-- Guests are buyers here, too, so the orders are read as they came and not from the orders of customers.
with sold as (
    select
        sellers.customer_no,
        orders.amount,
        orders.occurred_at
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('int_identity__customers_now') }} as sellers
        on orders.seller_record_no = sellers.record_no
    left join {{ ref('int_identity__customers_now') }} as buyers
        on orders.record_no = buyers.record_no
    where
        orders.superseded_on is null
        and orders.status = 'completed'
        and (buyers.customer_no is null or buyers.customer_no <> sellers.customer_no)
)

select
    customer_no,
    count(*) as sold_orders_count,
    cast(sum(amount) as decimal(18, 4)) as sold_orders_amount,
    count(distinct case when occurred_at >= {{ as_of_date() }} - 365 then cast(occurred_at as date) end) as sold_days_count_365d,
    count(case when occurred_at >= {{ as_of_date() }} - 365 then 1 end) as sold_orders_count_365d,
    cast(coalesce(sum(case when occurred_at >= {{ as_of_date() }} - 365 then amount end), 0) as decimal(18, 4)) as sold_orders_amount_365d
from sold
group by customer_no
