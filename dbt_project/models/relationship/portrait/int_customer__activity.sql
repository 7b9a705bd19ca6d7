-- One row per customer with an order, an interaction or a share at as_of_date: what it did, how often, when.
with people as (
    select * from {{ ref('int_identity__customers_now') }}
),

orders as (
    select
        people.customer_no,
        count(case when orders.status = 'completed' then 1 end) as orders_count,
        coalesce(sum(case when orders.status = 'completed' then orders.amount end), 0) as orders_amount,
        count(
            case when orders.status = 'completed' and orders.occurred_at >= {{ as_of_date() }} - 365 then 1 end
        ) as orders_count_365d,
        coalesce(
            sum(case when orders.status = 'completed' and orders.occurred_at >= {{ as_of_date() }} - 365 then orders.amount end), 0
        ) as orders_amount_365d,
        count(case when orders.status = 'cancelled' then 1 end) as cancelled_orders_count,
        count(case when orders.status = 'returned' then 1 end) as returned_orders_count,
        count(case when orders.status = 'completed' then orders.coupon_id end) as coupon_orders_count,
        min(case when orders.status = 'completed' then orders.occurred_at end) as first_order_at,
        max(case when orders.status = 'completed' then orders.occurred_at end) as last_order_at
    from {{ ref('fct_orders') }} as orders
    inner join people
        on orders.record_no = people.record_no
    where orders.superseded_on is null
    group by people.customer_no
),

interactions as (
    select
        people.customer_no,
        count(*) as interactions_count,
        count(case when interactions.kind = 'search' then 1 end) as searches_count,
        max(interactions.occurred_at) as last_interaction_at
    from {{ ref('fct_interactions') }} as interactions
    inner join people
        on interactions.record_no = people.record_no
    group by people.customer_no
),

sent as (
    select
        people.customer_no,
        count(*) as shares_sent_count,
        max(shares.occurred_at) as last_share_at
    from {{ ref('fct_shares') }} as shares
    inner join people
        on shares.inviter_record_no = people.record_no
    where shares.superseded_on is null
    group by people.customer_no
),

received as (
    select
        people.customer_no,
        count(*) as shares_received_count,
        max(shares.occurred_at) as last_share_received_at
    from {{ ref('fct_shares') }} as shares
    inner join people
        on shares.invitee_record_no = people.record_no
    where shares.superseded_on is null
    group by people.customer_no
),

active as (
    select customer_no from orders
    union
    select customer_no from interactions
    union
    select customer_no from sent
    union
    select customer_no from received
)

select *
from active
left join orders using (customer_no)
left join interactions using (customer_no)
left join sent using (customer_no)
left join received using (customer_no)
