-- One row per order of a customer that counts at as_of_date, whatever its status.
select
    buyers.customer_no,
    orders.source,
    orders.order_id,
    sellers.customer_no as seller_no,

    orders.channel,
    orders.store_id,
    orders.status,
    orders.coupon_id,

    orders.amount,
    orders.discount,
    orders.currency_rate,

    orders.occurred_at
from {{ ref('fct_orders') }} as orders
inner join {{ ref('int_identity__customers_now') }} as buyers
    on orders.record_no = buyers.record_no
left join {{ ref('int_identity__customers_now') }} as sellers
    on orders.seller_record_no = sellers.record_no
where orders.superseded_on is null
